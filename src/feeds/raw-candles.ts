// What every reader of candle files hands over: the six columns as found, and what was done to get them.
import type { CandleColumn } from '../market/candles.ts';

/** How the source writes its times. `date` is YYYYMMDD or a date column without time of day. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso' | 'date';
export type CandleFormat = 'csv' | 'freqtrade-json' | 'parquet' | 'arrow';

/**
 * Candles as parsed and nothing more: every value is a finite number (or NaN where `keepMissing` asks for it), but order, gaps, signs and high/low are not
 * checked here. `time` is the open time in epoch milliseconds UTC. The columns have equal length and belong to the caller.
 */
export interface RawCandles {
  readonly columns: Readonly<Record<CandleColumn, Float64Array>>;
  readonly format: CandleFormat;
  readonly timeUnit: TimeUnit;
  /** Rows of the source, without header and empty lines; equals the length of the columns. */
  readonly sourceRows: number;
  /** Sentences about what was ignored, assumed or filled in, for the user to read. */
  readonly notes: readonly string[];
}

export interface ReadOptions {
  /** How numeric times are to be read; by default they are told apart by size. */
  readonly timeUnit?: 's' | 'ms' | 'us' | 'ns';
  /** Hands out NaN for a price or volume that the source leaves out (empty, NaN, null) instead of refusing the file. */
  readonly keepMissing?: boolean;
  /** Bytes after decompression; LIMITS.inputBytesMax by default. */
  readonly inputBytesMax?: number;
  /** Bytes of one CSV record; LIMITS.lineBytesMax by default. */
  readonly lineBytesMax?: number;
}

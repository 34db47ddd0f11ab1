// Candles as columns: the shape every layer above reads.
import { assert } from '../core/assert.ts';
import { sha256Hex } from '../core/hash.ts';
import type { Timeframe } from './timeframe.ts';

/** Price and volume columns, in the order files and hashes use. */
export const VALUE_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;
export type ValueColumn = (typeof VALUE_COLUMNS)[number];
export const CANDLE_COLUMNS = ['time', ...VALUE_COLUMNS] as const;
export type CandleColumn = (typeof CANDLE_COLUMNS)[number];

/**
 * OHLCV candles of one timeframe, ascending in time. All columns have `barCount` values and are read-only by
 * convention. `time` is the OPEN time in epoch milliseconds UTC; a candle is known only at its close.
 */
export interface Candles {
  readonly timeframe: Timeframe;
  readonly barCount: number;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** Which market a series belongs to. `exchange` and `symbol` match /^[A-Za-z0-9._-]{1,64}$/. */
export interface CandleKey {
  readonly exchange: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

/** Builds Candles from columns of equal length. The columns are kept, not copied. */
export function createCandles(timeframe: Timeframe, columns: Readonly<Record<CandleColumn, Float64Array>>): Candles {
  const barCount = columns.time.length;
  for (const name of CANDLE_COLUMNS) assert(columns[name].length === barCount, `column ${name} has ${barCount} bars`);
  const { time, open, high, low, close, volume } = columns;
  return { timeframe, barCount, time, open, high, low, close, volume };
}

/** Views of bars [from, to): no copy. */
export function sliceCandles(candles: Candles, from: number, to: number): Candles {
  const cut = (column: Float64Array): Float64Array => column.subarray(from, to);
  return createCandles(candles.timeframe, {
    time: cut(candles.time),
    open: cut(candles.open),
    high: cut(candles.high),
    low: cut(candles.low),
    close: cut(candles.close),
    volume: cut(candles.volume),
  });
}

/** The first bar whose time is >= `timeMs`; `barCount` when there is none. */
export function firstBarAtOrAfter(candles: Candles, timeMs: number): number {
  let low = 0;
  let high = candles.barCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (candles.time[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Content hash of candles: SHA-256 over a one-line header (format, timeframe, bar count) and then the columns in the
 * order time, open, high, low, close, volume, each as consecutive little-endian float64.
 */
export function candlesHash(candles: Candles): string {
  const bytes = CANDLE_COLUMNS.map((name) => {
    const column = candles[name];
    return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  });
  return sha256Hex(`gridmill-candles ${candles.timeframe} ${candles.barCount}\n`, ...bytes);
}

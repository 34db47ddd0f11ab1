// A file of named columns, whatever its format: what candles and signals are read from.
import type { TimeUnit } from './raw-candles.ts';

export type Cell = number | bigint | string | boolean | null | undefined;

export interface TableColumn {
  /** One cell per row. Times of a typed time column are epoch ms, NaN where they are no whole milliseconds. */
  readonly values: ArrayLike<Cell>;
  /** Set when the column has a time type of its own, with the unit it is stored in. */
  readonly stampUnit?: TimeUnit;
  /** Set when the time type says no zone, so that UTC was assumed. */
  readonly naive?: boolean;
}

export interface RawTable {
  readonly format: 'csv' | 'parquet' | 'arrow';
  readonly names: readonly string[];
  readonly rowCount: number;
  /** Where row `row` (from 0) stands in the file, for messages: "line 3" or "row 2". */
  place(row: number): string;
  /** Reads one column by its index in `names`. Errors: CANDLE_FILE_UNREADABLE. */
  column(index: number): Promise<TableColumn>;
}

/** Epoch ms of a stamp counted in `perMs`-ths of a millisecond; NaN when it is no whole millisecond. */
export function stampMs(value: bigint, perMs: bigint): number {
  const ms = value / perMs;
  return ms * perMs === value ? Number(ms) : Number.NaN;
}

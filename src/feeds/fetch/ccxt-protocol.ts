// What the download process and its parent say to each other: one JSON object per line.

/** The parent's only line, on the child's standard input. */
export interface CcxtOrder {
  /** Specifier or file URL of the exchange library. */
  readonly module: string;
  readonly exchange: string;
  readonly symbol: string;
  readonly timeframe: string;
  readonly timeframeMs: number;
  /** Ranges of open times [start, end) in epoch ms, ascending. */
  readonly pages: readonly (readonly [start: number, end: number])[];
  /** Tries of one request. */
  readonly attempts: number;
  /** Wait before the second try; doubles after each. */
  readonly retryMs: number;
}

export type CcxtFailure = 'missing' | 'exchange' | 'symbol' | 'timeframe' | 'network' | 'other';

/** The child's lines, on its standard output. */
export type CcxtMessage =
  | { readonly type: 'started'; readonly version: string }
  /** The exchange's clock in epoch ms, or null where it does not tell. Sent before the first page. */
  | { readonly type: 'clock'; readonly exchangeMs: number | null }
  /** Candles of one page as the exchange gave them, restricted to the page. */
  | { readonly type: 'page'; readonly start: number; readonly rows: readonly (readonly (number | null)[])[] }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly reason: CcxtFailure; readonly message: string };

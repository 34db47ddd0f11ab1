// The window of a run: which bars may trade, and which history the indicators see before them.
import { AppError } from '../core/errors.ts';
import { type Candles, candlesHash, firstBarAtOrAfter, sliceCandles } from '../market/candles.ts';

/**
 * A run sees `history` (all bars before `to`), and trades in its bars [from, history.barCount). Indicators always run
 * from the first bar of `history`, so a window alone gives what the same window gives inside a longer walk.
 */
export interface Window {
  readonly history: Candles;
  /** The first bar that may trade, as an index of `history`. */
  readonly from: number;
  /** The tradable bars: views, no copy. */
  readonly candles: Candles;
  /** Content hash of `history`: everything the result can depend on. */
  readonly dataHash: string;
}

/**
 * Cuts candles to [fromMs, toMs) by open time. With `coldStart` the indicators too see only those bars.
 * Errors: WINDOW_EMPTY.
 */
export function createWindow(
  candles: Candles,
  options: { readonly fromMs?: number; readonly toMs?: number; readonly coldStart?: boolean } = {},
): Window {
  const begin = options.fromMs === undefined ? 0 : firstBarAtOrAfter(candles, options.fromMs);
  const end = options.toMs === undefined ? candles.barCount : firstBarAtOrAfter(candles, options.toMs);
  if (begin >= end) {
    const iso = (ms: number | undefined): string => (ms === undefined ? 'open' : new Date(ms).toISOString());
    const held =
      candles.barCount === 0
        ? 'no candles at all'
        : `candles from ${iso(candles.time[0])} to ${iso(candles.time[candles.barCount - 1])}`;
    throw new AppError('WINDOW_EMPTY', {
      found: `from ${iso(options.fromMs)} to ${iso(options.toMs)}, and ${held}.`,
      todo: 'Choose --from and --to inside the candles.',
    });
  }
  const history = sliceCandles(candles, options.coldStart === true ? begin : 0, end);
  const from = options.coldStart === true ? 0 : begin;
  let hash: string | undefined;
  return {
    history,
    from,
    candles: sliceCandles(history, from, history.barCount),
    // Taken when somebody asks: trials never do.
    get dataHash() {
      hash ??= candlesHash(history);
      return hash;
    },
  };
}

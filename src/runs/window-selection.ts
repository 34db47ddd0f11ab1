// From --data, --from and --to to the window a run sees.
import { createWindow, type Window } from '../sweep/window.ts';
import { type CandleContext, type CandleSelection, type LoadedCandles, loadCandles } from './candle-source.ts';
import { parseTime } from './time-text.ts';

export interface WindowSelection extends CandleSelection {
  /** First open time that may trade, inclusive. */
  readonly from?: string;
  /** End of the window, exclusive. */
  readonly to?: string;
  readonly coldStart?: boolean;
}

/** Where a window lies in its candles, as a result remembers it. Times are epoch ms UTC. */
export interface WindowBounds {
  readonly from?: number;
  readonly to?: number;
  readonly coldStart: boolean;
}

/** Errors: REQUEST_INVALID for what is no time. */
export function windowBounds(selection: Pick<WindowSelection, 'from' | 'to' | 'coldStart'>): WindowBounds {
  return {
    from: selection.from === undefined ? undefined : parseTime('--from', selection.from),
    to: selection.to === undefined ? undefined : parseTime('--to', selection.to),
    coldStart: selection.coldStart === true,
  };
}

export interface LoadedWindow {
  readonly loaded: LoadedCandles;
  readonly bounds: WindowBounds;
  readonly window: Window;
}

/** Loads candles and cuts the window. Errors: those of loadCandles, REQUEST_INVALID, WINDOW_EMPTY. */
export async function loadWindow(selection: WindowSelection, context: CandleContext): Promise<LoadedWindow> {
  // What is misspelt is said before minutes of import.
  const bounds = windowBounds(selection);
  return cutWindow(await loadCandles(selection, context), bounds);
}

export function cutWindow(loaded: LoadedCandles, bounds: WindowBounds): LoadedWindow {
  const { from, to, coldStart } = bounds;
  return { loaded, bounds, window: createWindow(loaded.candles, { fromMs: from, toMs: to, coldStart }) };
}

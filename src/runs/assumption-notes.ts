// Sentences about what a run assumes without anyone having said so.

import { timeframeMs } from '../market/timeframe.ts';
import type { Calendar } from '../metrics/annualisation.ts';
import type { Grid } from '../sweep/grid.ts';
import { parametersAt } from '../sweep/grid.ts';
import type { SweepRequest } from '../sweep/request.ts';
import { baseVariants } from '../sweep/variants.ts';
import { warmUpBars } from '../sweep/warm-up.ts';
import type { Window } from '../sweep/window.ts';
import type { LoadedWindow } from './window-selection.ts';

/** A market that never closes has nearly all its candles; below this share it probably has sessions. */
const COVERAGE_MIN = 0.9;

/** The window with a note when its candles do not look like those of a market that never closes. */
export function withCalendarNote(loadedWindow: LoadedWindow, calendar: Calendar): LoadedWindow {
  const { candles } = loadedWindow.window;
  const { time, timeframe, barCount } = candles;
  const expected = (time[barCount - 1]! - time[0]!) / timeframeMs(timeframe) + 1;
  const share = barCount / expected;
  if (calendar !== 'continuous' || !(share < COVERAGE_MIN)) return loadedWindow;
  const note =
    `Candles cover ${Math.floor(share * 100)} % of the window: annualised metrics assume a market that never closes; ` +
    '--calendar equity-sessions fits session markets.';
  const { loaded } = loadedWindow;
  // Candles that went to another machine have it already.
  if (loaded.quality.includes(note)) return loadedWindow;
  return { ...loadedWindow, loaded: { ...loaded, quality: [note, ...loaded.quality] } };
}

/** Up to this many variants are counted one by one. */
const COUNTED_VARIANTS_MAX = 20_000;

/** A note when variants of the sweep need more candles than there are before they can have a signal. */
export function warmUpNote(request: SweepRequest, grid: Grid, { history }: Window): string | undefined {
  const bars = (parameters: Readonly<Record<string, number>>): number =>
    warmUpBars(request.strategy, grid.arithmetic, parameters, history.timeframe);
  // No variant can need more than the largest value of every parameter together.
  const largest = grid.axes.map(({ name, values }) => [name, values.reduce((a, b) => Math.max(a, b))] as const);
  if (bars(Object.fromEntries(largest)) < history.barCount) return undefined;
  const count = (value: number): string => value.toLocaleString('en');
  const why = `their warm-up is longer than the ${count(history.barCount)} candles.`;
  let seen = 0;
  let without = 0;
  for (const index of baseVariants(grid, request)) {
    if (seen === COUNTED_VARIANTS_MAX) return `Some variants could not trade: ${why}`;
    seen++;
    if (bars(parametersAt(grid, index)) >= history.barCount) without++;
  }
  return without === 0 ? undefined : `${count(without)} of ${count(seen)} variants could not trade: ${why}`;
}

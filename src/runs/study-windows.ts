// The windows of a study: the last days, what is held out, and the growing windows of a discovery.
import { AppError } from '../core/errors.ts';
import { type Candles, firstBarAtOrAfter } from '../market/candles.ts';
import { timeframeMs } from '../market/timeframe.ts';
import { HALVING_FACTOR } from '../optimise/discovery.ts';
import type { WindowBounds } from './window-selection.ts';

const DAY_MS = 86_400_000;
/** Windows of a discovery, at most; each is three times as long as the one before. */
const RUNGS_MAX = 3;
/** Bars below which a shorter window tells nothing. */
const RUNG_BARS_MIN = 300;

export interface StudyWindows {
  /** What is searched; `to` is given whenever something is held out. */
  readonly search: WindowBounds;
  /** First open times of the windows of the search, the shortest first; the last is that of `search`. */
  readonly rungsFrom: readonly (number | undefined)[];
  readonly holdout?: WindowBounds;
  readonly notes: readonly string[];
}

/** Errors: REQUEST_INVALID when nothing is left to search or to hold out. */
export function studyWindows(
  candles: readonly Candles[],
  bounds: WindowBounds,
  { days, holdout, discovers }: { readonly days?: number; readonly holdout?: number; readonly discovers: boolean },
): StudyWindows {
  const notes: string[] = [];
  const length = timeframeMs(candles[0]!.timeframe);
  const last = Math.min(...candles.map(({ time, barCount }) => time[barCount - 1]! + length));
  const begin = Math.max(...candles.map(({ time }) => time[0]!));
  const end = Math.min(bounds.to ?? Number.POSITIVE_INFINITY, last);
  let from = bounds.from;
  if (days !== undefined) {
    if (from !== undefined) {
      throw new AppError('REQUEST_INVALID', {
        rule: '--days counts back from the end of the candles, or from --to.',
        found: '--days together with --from.',
        todo: 'Leave one of them out.',
      });
    }
    from = end - days * DAY_MS;
    if (from < begin) {
      const there = ((end - begin) / DAY_MS).toLocaleString('en', { maximumFractionDigits: 1 });
      notes.push(`--days ${days}: there are candles for ${there} days only, and all of them are used.`);
      from = undefined;
    }
  }
  const start = Math.max(from ?? begin, begin);
  const { coldStart } = bounds;
  // With several markets the end is named, so that none runs on beyond the others.
  const to = days !== undefined && candles.length > 1 ? end : bounds.to;
  if (holdout === undefined) {
    return { search: { from, to, coldStart }, rungsFrom: rungs(candles, start, end, from, discovers), notes };
  }
  const split = start + Math.round(((end - start) * (1 - holdout)) / length) * length;
  if (split <= start || split >= end) {
    throw new AppError('REQUEST_INVALID', {
      rule: '--holdout must leave candles to search and candles to hold out.',
      found: `--holdout ${holdout * 100}% of ${(end - start) / length} candles.`,
      todo: 'Write for example --holdout 20%, over more candles.',
    });
  }
  return {
    search: { from, to: split, coldStart },
    rungsFrom: rungs(candles, start, split, from, discovers),
    holdout: { from: split, to, coldStart: false },
    notes,
  };
}

/** The last ninth, the last third and all, as far as they hold enough bars. */
function rungs(
  candles: readonly Candles[],
  start: number,
  end: number,
  from: number | undefined,
  discovers: boolean,
): (number | undefined)[] {
  const length = timeframeMs(candles[0]!.timeframe);
  const shorter: number[] = [];
  for (let k = 1; discovers && k < RUNGS_MAX; k++) {
    const begin = end - Math.round((end - start) / HALVING_FACTOR ** k / length) * length;
    const bars = candles.map((one) => firstBarAtOrAfter(one, end) - firstBarAtOrAfter(one, begin));
    if (Math.min(...bars) >= RUNG_BARS_MIN) shorter.unshift(begin);
  }
  return [...shorter, from];
}

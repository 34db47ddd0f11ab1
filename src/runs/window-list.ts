// The windows of a sweep over many cells: written out as periods, or so many equal parts of the time all markets have.
import { AppError } from '../core/errors.ts';
import type { Candles } from '../market/candles.ts';
import { timeframeMs } from '../market/timeframe.ts';
import { parseTime } from './time-text.ts';

/** Open times that may trade: from inclusive, to exclusive, epoch ms UTC; open where left out. */
export interface TimeSpan {
  readonly from?: number;
  readonly to?: number;
}

const CALENDAR = /^(\d{4})(?:-(?:H([12])|Q([1-4])|(0[1-9]|1[0-2])))?$/i;

/**
 * `2024-01-01..2024-07-01,2024-07-01..` or calendar periods: `2023,2024`, `2024-H1`, `2024-Q3`, `2024-05`. Sorted by
 * time. Errors: REQUEST_INVALID for what is no period, ends before it begins, or comes twice.
 */
export function parseWindows(text: string): TimeSpan[] {
  const spans = text
    .split(',')
    .map((part) => parsePeriod(part.trim()))
    .sort((a, b) => (a.from ?? -Infinity) - (b.from ?? -Infinity) || (a.to ?? Infinity) - (b.to ?? Infinity));
  spans.forEach((span, i) => {
    const before = spans[i - 1];
    if (before === undefined || before.from !== span.from || before.to !== span.to) return;
    throw new AppError('REQUEST_INVALID', {
      rule: '--windows names each window once; twice the same would count twice.',
      found: `${spanText(span)} twice.`,
      todo: 'Leave one of them out.',
    });
  });
  return spans;
}

function parsePeriod(text: string): TimeSpan {
  const [, year, half, quarter, month] = CALENDAR.exec(text) ?? [];
  if (year !== undefined) {
    const months = half !== undefined ? 6 : quarter !== undefined ? 3 : month !== undefined ? 1 : 12;
    const index = Number(half ?? quarter ?? month ?? 1) - 1;
    const start = (at: number): number => Date.UTC(Number(year), at * months, 1);
    return { from: start(index), to: start(index + 1) };
  }
  const parts = text.split('..');
  if (parts.length !== 2 || text === '..') {
    throw new AppError('REQUEST_INVALID', {
      rule: '--windows takes periods separated by commas.',
      found: `"${text}".`,
      todo: 'Write for example 2024-01-01..2024-07-01,2024-07-01..2025-01-01, or 2023,2024, or 2024-H1,2024-H2.',
    });
  }
  const [from, to] = parts.map((part) => (part.trim() === '' ? undefined : parseTime('--windows', part)));
  if (from !== undefined && to !== undefined && from >= to) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A window must begin before it ends.',
      found: `"${text}".`,
      todo: 'Swap its ends, or choose others.',
    });
  }
  return { from, to };
}

const DAY_MS = 86_400_000;
/** Windows of so many days may differ by one, so that their edges are midnights. */
const WHOLE_DAYS_MIN = 10;

/**
 * `count` equal consecutive windows of the time that all markets have, within `bounds`. Inner edges lie on midnights UTC
 * where windows last ten days or more, else on the grid of the timeframe. Errors: WINDOW_EMPTY.
 */
export function splitWindows(
  count: number,
  markets: readonly { readonly market: string; readonly candles: Candles }[],
  bounds: TimeSpan,
): TimeSpan[] {
  const step = timeframeMs(markets[0]!.candles.timeframe);
  const begins = markets.map(({ market, candles }) => ({ market, ms: candles.time[0] ?? Infinity }));
  const ends = markets.map(({ market, candles }) => ({
    market,
    ms: (candles.time[candles.barCount - 1] ?? -Infinity) + step,
  }));
  const latest = begins.reduce((a, b) => (b.ms > a.ms ? b : a));
  const earliest = ends.reduce((a, b) => (b.ms < a.ms ? b : a));
  const from = bounds.from ?? latest.ms;
  const to = bounds.to ?? earliest.ms;
  if (!(to - from >= count * step)) {
    const begin = bounds.from === undefined ? `${latest.market} begins` : '--from is';
    const end = bounds.to === undefined ? `${earliest.market} ends` : '--to is';
    throw new AppError('WINDOW_EMPTY', {
      rule: '--split needs time that all markets have, a candle for each window at least.',
      found: `${begin} ${timeText(from)} and ${end} ${timeText(to)}, for ${count} windows.`,
      todo: 'Choose markets whose candles overlap, fewer windows, or --from and --to.',
    });
  }
  const grid = (to - from) / count >= WHOLE_DAYS_MIN * DAY_MS ? DAY_MS : step;
  const edge = (k: number): number => Math.round((from + ((to - from) * k) / count) / grid) * grid;
  return Array.from({ length: count }, (_, k) => ({
    from: k === 0 ? from : edge(k),
    to: k + 1 === count ? to : edge(k + 1),
  }));
}

/** `2024-01-01..2024-07-01`; with the clock where it is not midnight, and open where it is. */
export function spanText({ from, to }: TimeSpan): string {
  return `${timeText(from)}..${timeText(to)}`;
}

function timeText(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '';
  const iso = new Date(ms).toISOString();
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso.slice(0, 16);
}

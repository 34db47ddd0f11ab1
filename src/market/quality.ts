// Checks candles for defects and applies one stated policy to each kind: reject, repair and count, or keep and count.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS, type CandleColumn, type Candles, createCandles } from './candles.ts';
import { inferTimeframe } from './infer-timeframe.ts';
import type { QualityPolicies } from './quality-policies.ts';
import { DefectLog, type QualityReport, timeText } from './quality-report.ts';
import { findSpikes } from './spikes.ts';
import { candleOpenTime, type Timeframe, timeframeMs } from './timeframe.ts';

export type CandleColumns = Readonly<Record<CandleColumn, Float64Array>>;

export interface CheckedCandles {
  readonly candles: Candles;
  readonly report: QualityReport;
}

/**
 * Checks raw columns (equal lengths, `time` = open time in epoch ms UTC, any order) and returns clean candles with the
 * report of what was found. The input is never written; without repairs the candles are views of it.
 * Errors: the code of a rejected defect (see QUALITY_POLICIES), CANDLES_INVALID when nothing is left, LIMIT_EXCEEDED.
 */
export function checkCandles(
  columns: CandleColumns,
  timeframe: Timeframe,
  policies: QualityPolicies = {},
): CheckedCandles {
  const inputBarCount = columns.time.length;
  for (const name of CANDLE_COLUMNS) {
    assert(columns[name].length === inputBarCount, `column ${name} has ${inputBarCount} values`);
  }
  if (inputBarCount > LIMITS.barsMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      found: `${inputBarCount} candles; the limit is ${LIMITS.barsMax}.`,
      todo: 'Split the history or use a longer timeframe.',
    });
  }
  const log = new DefectLog(policies);
  const ordered = orderCandles(checkValues(columns, log), log);
  const candles = createCandles(timeframe, ordered);
  if (candles.barCount === 0) {
    throw new AppError('CANDLES_INVALID', {
      rule: 'There must be at least one candle.',
      found: `${inputBarCount} candles were given and 0 are left.`,
      todo: 'Check the source and the window.',
    });
  }
  const grid = checkGrid(candles, log);
  const volume = checkVolume(candles, log);
  const spikes = findSpikes(candles);
  log.add('spike', spikes, candles.time);
  const report: QualityReport = {
    inputBarCount,
    barCount: candles.barCount,
    firstTime: candles.time[0]!,
    lastTime: candles.time[candles.barCount - 1]!,
    ...grid,
    ...volume,
    defects: log.defects,
  };
  return { candles, report };
}

/** Every value on its own: finite, positive, consistent inside its candle. */
function checkValues(columns: CandleColumns, log: DefectLog): CandleColumns {
  const { time, open, high, low, close, volume } = columns;
  const notFinite: number[] = [];
  const nonPositive: number[] = [];
  const inconsistent: number[] = [];
  const negativeVolume: number[] = [];
  const missingVolume: number[] = [];
  for (let i = 0; i < time.length; i++) {
    const [o, h, l, c, v] = [open[i]!, high[i]!, low[i]!, close[i]!, volume[i]!];
    const sound = l > 0 && h < Infinity && l <= o && o <= h && l <= c && c <= h && v >= 0 && v < Infinity;
    if (sound && Number.isSafeInteger(time[i]!)) continue;
    const finite = Number.isSafeInteger(time[i]!) && Math.abs(v) !== Infinity && areFinite(o, h, l, c);
    if (!finite) notFinite.push(i);
    else if (!(Math.min(o, h, l, c) > 0)) nonPositive.push(i);
    else {
      if (h < Math.max(o, c) || l > Math.min(o, c)) inconsistent.push(i);
      if (v < 0) negativeVolume.push(i);
      if (Number.isNaN(v)) missingVolume.push(i);
    }
  }
  const removed = new Set<number>();
  if (log.add('not-finite', notFinite, time)) for (const i of notFinite) removed.add(i);
  if (log.add('non-positive-price', nonPositive, time)) for (const i of nonPositive) removed.add(i);
  const widen = log.add('inconsistent-range', inconsistent, time);
  const clearNegative = log.add('negative-volume', negativeVolume, time);
  const fillMissing = log.add('missing-volume', missingVolume, time);
  if (!widen && !clearNegative && !fillMissing) return removed.size === 0 ? columns : removeBars(columns, removed);

  const repaired = { ...columns, high: high.slice(), low: low.slice(), volume: volume.slice() };
  for (const i of inconsistent) {
    repaired.high[i] = Math.max(open[i]!, high[i]!, low[i]!, close[i]!);
    repaired.low[i] = Math.min(open[i]!, high[i]!, low[i]!, close[i]!);
  }
  for (const i of negativeVolume) repaired.volume[i] = 0;
  for (const i of missingVolume) repaired.volume[i] = 0;
  return removed.size === 0 ? repaired : removeBars(repaired, removed);
}

const areFinite = (a: number, b: number, c: number, d: number): boolean =>
  Number.isFinite(a) && Number.isFinite(b) && Number.isFinite(c) && Number.isFinite(d);

/** Rising times, each once. */
function orderCandles(columns: CandleColumns, log: DefectLog): CandleColumns {
  const falling: number[] = [];
  const { time } = columns;
  for (let i = 1; i < time.length; i++) if (time[i]! < time[i - 1]!) falling.push(i);
  const sorted = log.add('out-of-order', falling, time) ? sortByTime(columns) : columns;

  const identical: number[] = [];
  const conflicting: number[] = [];
  for (let i = 1; i < sorted.time.length; i++) {
    if (sorted.time[i] !== sorted.time[i - 1]) continue;
    const equal = CANDLE_COLUMNS.every((name) => sorted[name][i] === sorted[name][i - 1]);
    (equal ? identical : conflicting).push(i);
  }
  const removed = new Set<number>();
  // The earlier of two equal times goes, so that the copy that came last stays.
  if (log.add('duplicate', identical, sorted.time)) for (const i of identical) removed.add(i - 1);
  if (log.add('conflicting-duplicate', conflicting, sorted.time)) for (const i of conflicting) removed.add(i - 1);
  return removed.size === 0 ? sorted : removeBars(sorted, removed);
}

/** Stable: candles of one time stay in the order they came. */
function sortByTime(columns: CandleColumns): CandleColumns {
  const { time } = columns;
  const order = Uint32Array.from(time.keys()).sort((a, b) => time[a]! - time[b]! || a - b);
  return mapColumns((name) => Float64Array.from(order, (i) => columns[name][i]!));
}

function removeBars(columns: CandleColumns, removed: ReadonlySet<number>): CandleColumns {
  return mapColumns((name) => columns[name].filter((_, i) => !removed.has(i)));
}

function mapColumns(make: (name: CandleColumn) => Float64Array): CandleColumns {
  return Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, make(name)])) as CandleColumns;
}

/** Stamps on the grid of the timeframe, and the gaps between them. */
function checkGrid(candles: Candles, log: DefectLog): Pick<QualityReport, 'missingCount' | 'largestGap'> {
  const { timeframe, barCount, time } = candles;
  const length = timeframeMs(timeframe);
  const misaligned: number[] = [];
  const gaps: number[] = [];
  let missingCount = 0;
  let largestStep = 0;
  let largestAt = -1;
  let aligned = time[0] === candleOpenTime(time[0]!, timeframe);
  if (!aligned) misaligned.push(0);
  for (let i = 1; i < barCount; i++) {
    const step = time[i]! - time[i - 1]!;
    if (step !== length) {
      aligned = time[i] === candleOpenTime(time[i]!, timeframe);
      if (step > length) {
        gaps.push(i - 1);
        missingCount += Math.ceil(step / length) - 1;
        if (step > largestStep) {
          largestStep = step;
          largestAt = i - 1;
        }
      }
    }
    if (!aligned) misaligned.push(i);
  }
  checkTimeframe(candles, log);
  log.add('misaligned', misaligned, time);
  if (largestAt < 0) return { missingCount: 0, largestGap: null };
  const largestGap = { stepCount: largestStep / length, afterTime: time[largestAt]! };
  const largest = `the largest step is ${largestGap.stepCount} candles after ${timeText(largestGap.afterTime)}`;
  log.add('gap', gaps, time, `; ${missingCount.toLocaleString('en')} candles are missing, ${largest}`);
  return { missingCount, largestGap };
}

function checkTimeframe({ time, timeframe }: Candles, log: DefectLog): void {
  const inferred = inferTimeframe(time);
  const wrong = inferred !== null && timeframeMs(inferred) !== timeframeMs(timeframe);
  log.add('wrong-timeframe', wrong ? [0] : [], time, `; they are ${timeframe} but step by ${inferred}`);
}

/** Candles that no trade made. A series without any volume cannot tell, and has none. */
function checkVolume(candles: Candles, log: DefectLog): Pick<QualityReport, 'zeroVolumeCount' | 'flatCount'> {
  const { barCount, time, open, high, low, close, volume } = candles;
  const fillers: number[] = [];
  let zeroVolumeCount = 0;
  let flatCount = 0;
  for (let i = 0; i < barCount; i++) {
    const flat = high[i] === low[i] && open[i] === close[i] && open[i] === high[i];
    if (flat) flatCount++;
    if (volume[i] !== 0) continue;
    zeroVolumeCount++;
    if (flat && i > 0 && open[i] === close[i - 1]) fillers.push(i);
  }
  if (zeroVolumeCount < barCount) log.add('zero-volume-filler', fillers, time);
  return { zeroVolumeCount, flatCount };
}

// Breaks candles on purpose, at seeded places, so that tests can count what a check finds against what was put in.
import { assert } from '../core/assert.ts';
import { createPrng } from '../core/prng.ts';
import { CANDLE_COLUMNS, type CandleColumn, type Candles, createCandles } from './candles.ts';

/** How many of each to inject. */
export interface DefectCounts {
  /** Single candles removed. */
  readonly gaps?: number;
  /** Closes set to NaN. */
  readonly nans?: number;
  /** Highs lifted to three times the close. */
  readonly spikes?: number;
  /** Candles set to the previous close with zero volume. */
  readonly fillers?: number;
  /** Candles that appear twice. */
  readonly duplicates?: number;
}

/** A copy of `candles` with the defects, each in a candle of its own and none beside another. Needs room for them. */
export function injectDefects(candles: Candles, seed: number, counts: DefectCounts): Candles {
  const { gaps = 0, nans = 0, spikes = 0, fillers = 0, duplicates = 0 } = counts;
  const places = spacedPlaces(candles.barCount, gaps + nans + spikes + fillers + duplicates, seed);
  const take = (count: number): number[] => places.splice(0, count);
  const columns = Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, candles[name].slice()])) as Record<
    CandleColumn,
    Float64Array
  >;
  for (const i of take(nans)) columns.close[i] = Number.NaN;
  for (const i of take(spikes)) columns.high[i] = 3 * columns.close[i]!;
  for (const i of take(fillers)) {
    for (const name of ['open', 'high', 'low', 'close'] as const) columns[name][i] = columns.close[i - 1]!;
    columns.volume[i] = 0;
  }
  const removed = new Set(take(gaps));
  const repeated = new Set(take(duplicates));
  const order: number[] = [];
  for (let i = 0; i < candles.barCount; i++) {
    if (!removed.has(i)) order.push(i);
    if (repeated.has(i)) order.push(i);
  }
  for (const name of CANDLE_COLUMNS) columns[name] = Float64Array.from(order, (i) => columns[name][i]!);
  return createCandles(candles.timeframe, columns);
}

/** Bar indices in [2, barCount - 2), at least three apart, in random order. */
function spacedPlaces(barCount: number, count: number, seed: number): number[] {
  const prng = createPrng(seed);
  const slots = Math.floor((barCount - 4) / 3);
  assert(count <= slots, `${count} defects have room in ${barCount} candles`);
  const chosen = Array.from({ length: slots }, (_, k) => 2 + 3 * k);
  for (let k = 0; k < count; k++) {
    const other = k + prng.nextBelow(slots - k);
    [chosen[k], chosen[other]] = [chosen[other]!, chosen[k]!];
  }
  return chosen.slice(0, count);
}

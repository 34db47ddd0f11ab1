// Adds stretches of bars to the sums of a walk: returns by prefix sums, drawdowns by block tables, or bar by bar.
import { BAR_SUMS, BLOCK_BARS, type MarketTables, type WalkInput } from './kernels.ts';
import {
  CASH,
  DOWNSIDE_SQUARES,
  EXPOSED_BARS,
  GAINS,
  LOSSES,
  MARKED,
  MAX_DRAWDOWN,
  MAX_DRAWDOWN_BARS,
  PEAK,
  PREVIOUS,
  RETURNS,
  SPANS,
  SQUARES,
  TROUGH,
  UNDER_WATER,
  UNITS,
} from './walk-layout.ts';

/** Adds the bars [MARKED, to), over which cash and units did not change, to the sums. */
export function markTo(input: WalkInput, to: number): void {
  const sums = input.sums;
  const from = sums[MARKED];
  if (from >= to) return;
  const cash = sums[CASH];
  const units = sums[UNITS];
  if (input.record !== undefined) {
    const equity = input.record.equity;
    const close = input.market.close;
    for (let bar = from; bar < to; bar++) equity[bar] = cash + units * close[bar];
  }
  if (units === 0) markFlat(sums, to - from, cash);
  else {
    sums[EXPOSED_BARS] += to - from;
    if (cash === 0 && units > 0) markHeld(input.market, sums, from, to, units);
    else markMixed(input.market.close, sums, from, to, cash, units);
  }
  sums[MARKED] = to;
}

/** Ends the stretch under water that is still open: at a new peak, and after the last bar. */
export function surface(sums: Float64Array): void {
  const peak = sums[PEAK];
  const bars = sums[UNDER_WATER];
  if (bars === 0) return;
  const fall = (peak - sums[TROUGH]) / peak;
  if (fall > sums[MAX_DRAWDOWN]) sums[MAX_DRAWDOWN] = fall;
  if (bars > sums[MAX_DRAWDOWN_BARS]) sums[MAX_DRAWDOWN_BARS] = bars;
  sums[UNDER_WATER] = 0;
}

function addReturn(sums: Float64Array, before: number, after: number): void {
  const r = before > 0 ? (after - before) / before : 0;
  sums[RETURNS] += r;
  sums[SQUARES] += r * r;
  if (r > 0) sums[GAINS] += r;
  else {
    sums[LOSSES] -= r;
    sums[DOWNSIDE_SQUARES] += r * r;
  }
}

/** `bars` closes at which equity is `cash`. */
function markFlat(sums: Float64Array, bars: number, cash: number): void {
  const previous = sums[PREVIOUS];
  if (cash !== previous) addReturn(sums, previous, cash);
  sums[PREVIOUS] = cash;
  if (cash < sums[PEAK]) {
    sums[UNDER_WATER] += bars;
    if (cash < sums[TROUGH]) sums[TROUGH] = cash;
  } else {
    surface(sums);
    sums[PEAK] = cash;
    sums[TROUGH] = cash;
  }
}

/** Bars [from, to) of a long position that holds all there is: equity is `units` times the close. */
function markHeld(market: MarketTables, sums: Float64Array, from: number, to: number, units: number): void {
  const close = market.close;
  const last = to - 1;
  addReturn(sums, sums[PREVIOUS], units * close[from]);
  if (last > from) {
    const barSums = market.barSums;
    const a = from * BAR_SUMS;
    const b = last * BAR_SUMS;
    const returns = barSums[b] - barSums[a];
    const gains = barSums[b + 3] - barSums[a + 3];
    sums[RETURNS] += returns;
    sums[SQUARES] += barSums[b + 1] - barSums[a + 1];
    sums[DOWNSIDE_SQUARES] += barSums[b + 2] - barSums[a + 2];
    sums[GAINS] += gains;
    sums[LOSSES] += gains - returns;
    sums[SPANS] += 1;
  }
  sums[PREVIOUS] = units * close[last];
  sinkHeld(market, sums, from, to, units);
}

/**
 * Drawdown over bars [from, to) of such a position. A block that stays under water costs two look-ups; one with a new
 * peak is looked at bar by bar only if it could hold a deeper or longer drawdown than is known. Products are monotone
 * in the close, so the outcome equals that of a look at every bar.
 */
function sinkHeld(market: MarketTables, sums: Float64Array, from: number, to: number, units: number): void {
  const closeMax = market.blockCloseMax;
  const closeMin = market.blockCloseMin;
  let bar = from;
  while (bar < to) {
    const block = (bar / BLOCK_BARS) | 0;
    const blockEnd = (block + 1) * BLOCK_BARS;
    const end = blockEnd < to ? blockEnd : to;
    const isWhole = end - bar === BLOCK_BARS;
    const peak = sums[PEAK];
    const highest = units * closeMax[block];
    const lowest = units * closeMin[block];
    if (highest < peak) {
      sums[UNDER_WATER] += end - bar;
      if (lowest < sums[TROUGH]) {
        if (isWhole) sums[TROUGH] = lowest;
        else lowerTrough(market.close, sums, bar, end, units);
      }
    } else if (isWhole && cannotDeepen(sums, peak, lowest, market.blockFall[block])) {
      sums[PEAK] = highest;
      sums[TROUGH] = highest;
      sums[UNDER_WATER] = market.blockBarsAfterMax[block];
    } else sinkBars(market.close, sums, bar, end, units);
    bar = end;
  }
}

/** Whether neither the stretch before the block's highest close nor its bars among themselves can set a new maximum. */
function cannotDeepen(sums: Float64Array, peak: number, lowest: number, blockFall: number): boolean {
  const deepest = sums[MAX_DRAWDOWN];
  const trough = sums[TROUGH];
  const low = lowest < trough ? lowest : trough;
  return (
    sums[UNDER_WATER] + (BLOCK_BARS - 1) <= sums[MAX_DRAWDOWN_BARS] &&
    peak - low < deepest * peak &&
    blockFall < deepest
  );
}

function lowerTrough(close: Float64Array, sums: Float64Array, from: number, to: number, units: number): void {
  let trough = sums[TROUGH];
  for (let bar = from; bar < to; bar++) {
    const value = units * close[bar];
    if (value < trough) trough = value;
  }
  sums[TROUGH] = trough;
}

/** Drawdown bar by bar. */
function sinkBars(close: Float64Array, sums: Float64Array, from: number, to: number, units: number): void {
  let peak = sums[PEAK];
  let trough = sums[TROUGH];
  let bars = sums[UNDER_WATER];
  for (let bar = from; bar < to; bar++) {
    const value = units * close[bar];
    if (value < peak) {
      bars += 1;
      if (value < trough) trough = value;
    } else {
      if (bars > 0) {
        sums[TROUGH] = trough;
        sums[UNDER_WATER] = bars;
        surface(sums);
        bars = 0;
      }
      peak = value;
      trough = value;
      sums[PEAK] = value;
    }
  }
  sums[TROUGH] = trough;
  sums[UNDER_WATER] = bars;
}

/** Bars [from, to) with both cash and a position, or a short one: returns and drawdown bar by bar. */
function markMixed(
  close: Float64Array,
  sums: Float64Array,
  from: number,
  to: number,
  cash: number,
  units: number,
): void {
  let previous = sums[PREVIOUS];
  let returns = 0;
  let squares = 0;
  let downside = 0;
  let gains = 0;
  let losses = 0;
  for (let bar = from; bar < to; bar++) {
    const value = cash + units * close[bar];
    const r = previous > 0 ? (value - previous) / previous : 0;
    previous = value;
    returns += r;
    squares += r * r;
    if (r > 0) gains += r;
    else {
      losses -= r;
      downside += r * r;
    }
    if (value < sums[PEAK]) {
      sums[UNDER_WATER] += 1;
      if (value < sums[TROUGH]) sums[TROUGH] = value;
    } else {
      surface(sums);
      sums[PEAK] = value;
      sums[TROUGH] = value;
    }
  }
  sums[PREVIOUS] = previous;
  sums[RETURNS] += returns;
  sums[SQUARES] += squares;
  sums[DOWNSIDE_SQUARES] += downside;
  sums[GAINS] += gains;
  sums[LOSSES] += losses;
}

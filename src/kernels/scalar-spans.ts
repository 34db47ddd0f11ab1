// Adds stretches of bars to the sums of a walk: returns by prefix sums, drawdowns by block tables, or bar by bar.
import { BAR_SUMS, BLOCK_BARS, type MarketTables, type WalkInput } from './kernels.ts';
import {
  CASH,
  DETAIL,
  DOWNSIDE_SQUARES,
  EXPOSED_BARS,
  FULL,
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
  VALUE,
} from './walk-layout.ts';

/** Adds the bars [MARKED, to), over which CASH and UNITS did not change, to the sums that the detail asks for. */
export function markTo(input: WalkInput, to: number): void {
  const sums = input.sums;
  const from = sums[MARKED] | 0;
  if (from >= to) return;
  if (input.record !== undefined) recordEquity(input, from, to);
  const units = sums[UNITS];
  if (units !== 0) sums[EXPOSED_BARS] += to - from;
  if (input.settings[DETAIL] === FULL) {
    if (units === 0) markFlat(sums, to - from);
    else if (sums[CASH] === 0 && units > 0) {
      markHeld(input.market, sums, from, to);
      sinkHeld(input.market, sums, from, to);
    } else markMixed(input.market.close, sums, from, to);
  }
  sums[MARKED] = to;
}

function recordEquity(input: WalkInput, from: number, to: number): void {
  const cash = input.sums[CASH];
  const units = input.sums[UNITS];
  const close = input.market.close;
  const equity = input.record!.equity;
  for (let bar = from; bar < to; bar++) equity[bar] = cash + units * close[bar];
}

/** Ends the stretch under water that is still open: at a new peak, and after the last bar. */
export function surface(sums: Float64Array): void {
  const bars = sums[UNDER_WATER];
  if (bars === 0) return;
  const peak = sums[PEAK];
  const fall = (peak - sums[TROUGH]) / peak;
  if (fall > sums[MAX_DRAWDOWN]) sums[MAX_DRAWDOWN] = fall;
  if (bars > sums[MAX_DRAWDOWN_BARS]) sums[MAX_DRAWDOWN_BARS] = bars;
  sums[UNDER_WATER] = 0;
}

/** Adds the bar return from PREVIOUS to VALUE. */
function addReturn(sums: Float64Array): void {
  const previous = sums[PREVIOUS];
  const r = previous > 0 ? (sums[VALUE] - previous) / previous : 0;
  sums[RETURNS] += r;
  sums[SQUARES] += r * r;
  if (r > 0) sums[GAINS] += r;
  else {
    sums[LOSSES] -= r;
    sums[DOWNSIDE_SQUARES] += r * r;
  }
}

/** `bars` closes at which equity is CASH. */
function markFlat(sums: Float64Array, bars: number): void {
  const cash = sums[CASH];
  sums[VALUE] = cash;
  addReturn(sums);
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

/** Returns of bars [from, to) of a long position that holds all there is: equity is UNITS times the close. */
function markHeld(market: MarketTables, sums: Float64Array, from: number, to: number): void {
  const close = market.close;
  const units = sums[UNITS];
  const last = to - 1;
  sums[VALUE] = units * close[from];
  addReturn(sums);
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
}

/**
 * Drawdown over bars [from, to) of such a position. A block that stays under water costs two look-ups; one with a new
 * peak is looked at bar by bar only if it could hold a deeper or longer drawdown than is known. Products are monotone
 * in the close, so the outcome equals that of a look at every bar.
 */
function sinkHeld(market: MarketTables, sums: Float64Array, from: number, to: number): void {
  const closeMax = market.blockCloseMax;
  const closeMin = market.blockCloseMin;
  const units = sums[UNITS];
  let bar = from;
  while (bar < to) {
    const block = (bar / BLOCK_BARS) | 0;
    const blockEnd = (block + 1) * BLOCK_BARS;
    const end = blockEnd < to ? blockEnd : to;
    const isWhole = end - bar === BLOCK_BARS;
    const highest = units * closeMax[block];
    if (highest < sums[PEAK]) {
      sums[UNDER_WATER] += end - bar;
      const lowest = units * closeMin[block];
      if (lowest < sums[TROUGH]) {
        if (isWhole) sums[TROUGH] = lowest;
        else lowerTrough(market.close, sums, bar, end);
      }
    } else if (isWhole && cannotDeepen(market, sums, block)) {
      sums[PEAK] = highest;
      sums[TROUGH] = highest;
      sums[UNDER_WATER] = market.blockBarsAfterMax[block];
    } else sinkBars(market.close, sums, bar, end);
    bar = end;
  }
}

/** Whether neither the stretch before the block's highest close nor its bars among themselves can set a new maximum. */
function cannotDeepen(market: MarketTables, sums: Float64Array, block: number): boolean {
  const deepest = sums[MAX_DRAWDOWN];
  const peak = sums[PEAK];
  const trough = sums[TROUGH];
  const lowest = sums[UNITS] * market.blockCloseMin[block];
  const low = lowest < trough ? lowest : trough;
  return (
    sums[UNDER_WATER] + (BLOCK_BARS - 1) <= sums[MAX_DRAWDOWN_BARS] &&
    peak - low < deepest * peak &&
    market.blockFall[block] < deepest
  );
}

function lowerTrough(close: Float64Array, sums: Float64Array, from: number, to: number): void {
  let lowest = close[from];
  for (let bar = from + 1; bar < to; bar++) if (close[bar] < lowest) lowest = close[bar];
  const value = sums[UNITS] * lowest;
  if (value < sums[TROUGH]) sums[TROUGH] = value;
}

/** Drawdown bar by bar. */
function sinkBars(close: Float64Array, sums: Float64Array, from: number, to: number): void {
  const units = sums[UNITS];
  for (let bar = from; bar < to; bar++) {
    const value = units * close[bar];
    if (value < sums[PEAK]) {
      sums[UNDER_WATER] += 1;
      if (value < sums[TROUGH]) sums[TROUGH] = value;
    } else {
      surface(sums);
      sums[PEAK] = value;
      sums[TROUGH] = value;
    }
  }
}

/** Bars [from, to) with both cash and a position, or a short one: returns and drawdown bar by bar. */
function markMixed(close: Float64Array, sums: Float64Array, from: number, to: number): void {
  const cash = sums[CASH];
  const units = sums[UNITS];
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

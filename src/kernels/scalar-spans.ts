// Adds stretches of bars to the sums of a walk: returns by prefix sums, drawdowns by block tables, or bar by bar.
import { BAR_SUMS, BLOCK_BARS, type MarketTables, type WalkInput } from './kernels.ts';
import { SUM_BARS } from './market-layout.ts';
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
  SPAN_DOWNSIDE_SQUARES,
  SPAN_FIRST,
  SPAN_GAINS,
  SPAN_LOSSES,
  SPAN_RETURNS,
  SPAN_SQUARES,
  SPANS,
  SQUARES,
  SUNK,
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
  if (sums[UNITS] !== 0) sums[EXPOSED_BARS] += to - from;
  if (input.settings[DETAIL] === FULL) {
    if (sums[UNITS] === 0) {
      markFlat(sums, to - from);
      input.record?.equity.fill(sums[CASH], from, to);
    } else {
      sinkTo(input, to);
      if (holdsAll(sums)) addHeld(input.market, sums, from, to);
      else addMixed(sums);
    }
  }
  sums[MARKED] = to;
}

/** Begins a stretch of bars at which the position of the cells is held: keeps what its sums will need of its first bar. */
export function startSpan(input: WalkInput, bar: number): void {
  if (input.settings[DETAIL] !== FULL) return;
  const sums = input.sums;
  const market = input.market;
  const at = bar - market.firstBar;
  const barSums = market.barSums;
  const isHeld = holdsAll(sums);
  sums[SUNK] = bar;
  sums[SPAN_FIRST] = sums[CASH] + sums[UNITS] * market.close[at];
  for (let k = 0; k < BAR_SUMS; k++) sums[SPAN_RETURNS + k] = isHeld ? barSums[at * BAR_SUMS + k] : 0;
  sums[SPAN_LOSSES] = 0;
}

/**
 * At the end of a step: adds the held bars before `to` to what cannot wait for the end of their stretch, because the
 * tables it is read from may move on. The last bar of the window waits: what is left may be closed there.
 */
export function finishStep(input: WalkInput, to: number): void {
  const lastBar = input.market.barCount - 1;
  if (input.sums[UNITS] !== 0 && input.settings[DETAIL] === FULL) sinkTo(input, to < lastBar ? to : lastBar);
}

/** Whether the position holds all there is: equity is then a multiple of the close. */
function holdsAll(sums: Float64Array): boolean {
  return sums[CASH] === 0 && sums[UNITS] > 0;
}

function sinkTo(input: WalkInput, to: number): void {
  const sums = input.sums;
  const market = input.market;
  const from = sums[SUNK] | 0;
  if (from >= to) return;
  if (input.record !== undefined) recordEquity(input, from, to);
  if (holdsAll(sums)) {
    restartSums(market, sums, from > sums[MARKED] ? from - 1 : from, to);
    sinkHeld(market, sums, from - market.firstBar, to - market.firstBar);
  } else mix(market.close, sums, from - market.firstBar, to - market.firstBar);
  sums[SUNK] = to;
}

/**
 * Prefix sums begin anew inside the bars (from, to): takes what they had come to from the sums at the first bar of the
 * stretch, so that their difference to those of a later bar stays the sum of the returns between.
 */
function restartSums({ barSums, firstBar }: MarketTables, sums: Float64Array, from: number, to: number): void {
  for (let restart = from - (from % SUM_BARS) + SUM_BARS; restart < to; restart += SUM_BARS) {
    const at = (restart - 1 - firstBar) * BAR_SUMS;
    for (let k = 0; k < BAR_SUMS; k++) sums[SPAN_RETURNS + k] -= barSums[at + k];
  }
}

function recordEquity(input: WalkInput, from: number, to: number): void {
  const cash = input.sums[CASH];
  const units = input.sums[UNITS];
  const close = input.market.close;
  const firstBar = input.market.firstBar;
  const equity = input.record!.equity;
  for (let bar = from; bar < to; bar++) equity[bar] = cash + units * close[bar - firstBar];
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
function addHeld(market: MarketTables, sums: Float64Array, from: number, to: number): void {
  const last = to - 1 - market.firstBar;
  sums[VALUE] = sums[SPAN_FIRST];
  addReturn(sums);
  if (to - 1 > from) {
    const barSums = market.barSums;
    const b = last * BAR_SUMS;
    const returns = barSums[b] - sums[SPAN_RETURNS];
    const gains = barSums[b + 3] - sums[SPAN_GAINS];
    sums[RETURNS] += returns;
    sums[SQUARES] += barSums[b + 1] - sums[SPAN_SQUARES];
    sums[DOWNSIDE_SQUARES] += barSums[b + 2] - sums[SPAN_DOWNSIDE_SQUARES];
    sums[GAINS] += gains;
    sums[LOSSES] += gains - returns;
    sums[SPANS] += 1 + Math.floor((to - 1) / SUM_BARS) - Math.floor(from / SUM_BARS);
  }
  sums[PREVIOUS] = sums[UNITS] * market.close[last];
}

/** Returns of the bars of another position: `mix` has added them up. */
function addMixed(sums: Float64Array): void {
  sums[RETURNS] += sums[SPAN_RETURNS];
  sums[SQUARES] += sums[SPAN_SQUARES];
  sums[DOWNSIDE_SQUARES] += sums[SPAN_DOWNSIDE_SQUARES];
  sums[GAINS] += sums[SPAN_GAINS];
  sums[LOSSES] += sums[SPAN_LOSSES];
}

/**
 * Drawdown over bars [from, to) of the arrays, of such a position. A block that stays under water costs two look-ups; one with a new
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

/** Bars [from, to) of the arrays with both cash and a position, or a short one: returns and drawdown bar by bar. */
function mix(close: Float64Array, sums: Float64Array, from: number, to: number): void {
  const cash = sums[CASH];
  const units = sums[UNITS];
  let previous = sums[PREVIOUS];
  let returns = sums[SPAN_RETURNS];
  let squares = sums[SPAN_SQUARES];
  let downside = sums[SPAN_DOWNSIDE_SQUARES];
  let gains = sums[SPAN_GAINS];
  let losses = sums[SPAN_LOSSES];
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
  sums[SPAN_RETURNS] = returns;
  sums[SPAN_SQUARES] = squares;
  sums[SPAN_DOWNSIDE_SQUARES] = downside;
  sums[SPAN_GAINS] = gains;
  sums[SPAN_LOSSES] = losses;
}

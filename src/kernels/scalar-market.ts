// Tables of one window of candles, scalar: prefix sums of bar returns, and the extremes of blocks.
import { BAR_SUMS, BLOCK_BARS, type MarketTables } from './kernels.ts';
import { NEEDS_CLOSES, NEEDS_RANGES, NEEDS_SUMS } from './market-layout.ts';

/** Falls are stored a little too large, so that a comparison with one never misses by rounding. */
const FALL_MARGIN = 1 + 2 ** -40;
/** Closes that differ by less than this share may be equal once multiplied with a position. */
const SAME_CLOSE = 1 - 2 ** -50;
const LOOK_INSIDE = 2;

/**
 * Fills the tables that `needs` names of the first `bars` bars of the arrays of `market`; their prices are in place.
 * `carry` goes in as the prefix sums stand before them and comes out as they stand before bar `keepAt` of the arrays.
 * Causal:   the sums at bar i read bars 0..i; a block reads its own bars.
 * Warm-up:  none: the return of bar 0 is 0.
 * Bad data: prices are regular, the caller has checked them.
 * Numerics: sums in two doubles each, rounded once when stored; extremes are exact.
 * Cost:     no allocation per bar; once per tile of a pass.
 * Oracle:   bar returns added up one by one (src/kernels/arena.test.ts).
 */
export function fillTables(market: MarketTables, bars: number, keepAt: number, needs: number): void {
  if ((needs & NEEDS_SUMS) !== 0) {
    sumReturns(market, bars, keepAt);
    runExtremes(market, bars);
  }
  for (let from = 0; from < bars; from += BLOCK_BARS) {
    const to = Math.min(from + BLOCK_BARS, bars);
    if ((needs & NEEDS_CLOSES) !== 0) describeCloses(market, from, to);
    if ((needs & NEEDS_RANGES) !== 0) describeRange(market, from, to);
  }
}

/**
 * Prefix sums of the bar returns. Each is summed in two doubles and stored rounded once, so that its error does not
 * grow with the number of bars and a difference of two is as good as the doubles it is made of.
 */
function sumReturns({ close, barSums, carry }: MarketTables, bars: number, keepAt: number): void {
  const state = carry.slice();
  const term = new Float64Array(BAR_SUMS);
  // Before bar 0 there is no close, and its return is 0.
  let previous = state[2 * BAR_SUMS] || close[0]!;
  for (let bar = 0; bar <= bars; bar++) {
    if (bar === keepAt) {
      state[2 * BAR_SUMS] = previous;
      carry.set(state);
    }
    if (bar === bars) return;
    const r = (close[bar]! - previous) / previous;
    const down = r < 0 ? r : 0;
    previous = close[bar]!;
    term[0] = r;
    term[1] = r * r;
    term[2] = down * down;
    term[3] = r > 0 ? r : 0;
    for (let k = 0; k < BAR_SUMS; k++) {
      const before = state[k]!;
      const after = before + term[k]!;
      const part = after - before;
      const rest = state[BAR_SUMS + k]! + (before - (after - part) + (term[k]! - part));
      state[k] = after;
      state[BAR_SUMS + k] = rest;
      barSums[BAR_SUMS * bar + k] = after + rest;
    }
  }
}

/** Extremes of the closes from each bar to the end of its block, and from the start of its block to the bar. */
function runExtremes({ close, barExtremes }: MarketTables, bars: number): void {
  for (let start = 0; start < bars; start += BLOCK_BARS) {
    const end = Math.min(start + BLOCK_BARS, bars);
    let highest = Number.NEGATIVE_INFINITY;
    let lowest = Number.POSITIVE_INFINITY;
    for (let bar = start; bar < end; bar++) {
      if (close[bar]! > highest) highest = close[bar]!;
      if (close[bar]! < lowest) lowest = close[bar]!;
      barExtremes[BAR_SUMS * bar + 2] = highest;
      barExtremes[BAR_SUMS * bar + 3] = -lowest;
    }
    highest = Number.NEGATIVE_INFINITY;
    lowest = Number.POSITIVE_INFINITY;
    for (let bar = end - 1; bar >= start; bar--) {
      if (close[bar]! > highest) highest = close[bar]!;
      if (close[bar]! < lowest) lowest = close[bar]!;
      barExtremes[BAR_SUMS * bar] = highest;
      barExtremes[BAR_SUMS * bar + 1] = -lowest;
    }
  }
}

/** Extremes and falls of the closes of the block of bars [from, to). */
function describeCloses(market: MarketTables, from: number, to: number): void {
  const { close } = market;
  let peak = close[from]!;
  let peakBar = from;
  let lowest = peak;
  let fall = 0;
  let closestToPeak = 0;
  for (let bar = from; bar < to; bar++) {
    const price = close[bar]!;
    if (price >= peak) {
      peak = price;
      peakBar = bar;
      closestToPeak = 0;
    } else {
      if ((peak - price) / peak > fall) fall = (peak - price) / peak;
      if (price > closestToPeak) closestToPeak = price;
    }
    if (price < lowest) lowest = price;
  }
  const block = from / BLOCK_BARS;
  market.blockCloseMax[block] = peak;
  market.blockCloseMin[block] = lowest;
  market.blockFall[block] = closestToPeak >= peak * SAME_CLOSE ? LOOK_INSIDE : fall * FALL_MARGIN;
  market.blockBarsAfterMax[block] = to - 1 - peakBar;
}

/** Highest high and lowest low of the block of bars [from, to). */
function describeRange(market: MarketTables, from: number, to: number): void {
  const { high, low } = market;
  let highest = high[from]!;
  let lowest = low[from]!;
  for (let bar = from + 1; bar < to; bar++) {
    if (high[bar]! > highest) highest = high[bar]!;
    if (low[bar]! < lowest) lowest = low[bar]!;
  }
  market.blockHigh[from / BLOCK_BARS] = highest;
  market.blockLow[from / BLOCK_BARS] = lowest;
}

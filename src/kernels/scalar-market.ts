// Tables of one window of candles, scalar: prefix sums of bar returns, and the extremes of blocks.
import { BAR_SUMS, BLOCK_BARS, type MarketTables } from './kernels.ts';
import {
  CARRY_BLOCK,
  CARRY_CLOSE,
  CARRY_STRETCH,
  CARRY_SUMS,
  NEEDS_CLOSES,
  NEEDS_RANGES,
  NEEDS_SUMS,
  SUM_BARS,
} from './market-layout.ts';

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
 * Numerics: sums of at most SUM_BARS bars, block by block; extremes are exact, falls a little too large.
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
 * Prefix sums of the bar returns since the last multiple of SUM_BARS. The bars of a block are added up by themselves and
 * then to the sums at its first bar, so that blocks do not wait for each other and few bars are added to a large sum.
 */
function sumReturns({ close, barSums, carry, firstBar, barCount }: MarketTables, bars: number, keepAt: number): void {
  const before = carry.slice(CARRY_SUMS, CARRY_SUMS + BAR_SUMS);
  let previous = carry[CARRY_CLOSE]!;
  for (let start = 0; start < bars; start += BLOCK_BARS) {
    if (start === keepAt) carry.set(before, CARRY_SUMS);
    if ((firstBar + start) % SUM_BARS === 0) {
      noteLargest(carry, CARRY_STRETCH, before[0]!, before[1]!, before[2]!, before[3]!);
      before.fill(0);
    }
    const end = Math.min(start + BLOCK_BARS, bars);
    let returns = 0;
    let squares = 0;
    let downside = 0;
    let gains = 0;
    for (let bar = start; bar < end; bar++) {
      const r = (close[bar]! - previous) / previous;
      const down = r < 0 ? r : 0;
      previous = close[bar]!;
      returns += r;
      squares += r * r;
      downside += down * down;
      gains += r > 0 ? r : 0;
      const at = BAR_SUMS * bar;
      barSums[at] = before[0]! + returns;
      barSums[at + 1] = before[1]! + squares;
      barSums[at + 2] = before[2]! + downside;
      barSums[at + 3] = before[3]! + gains;
    }
    noteLargest(carry, CARRY_BLOCK, returns, squares, downside, gains);
    for (let k = 0; k < BAR_SUMS; k++) before[k] = barSums[BAR_SUMS * (end - 1) + k]!;
  }
  if (firstBar + bars === barCount) {
    noteLargest(carry, CARRY_STRETCH, before[0]!, before[1]!, before[2]!, before[3]!);
  }
}

/** Compares the sums of a whole stretch or block with the largest so far. */
function noteLargest(
  carry: Float64Array,
  at: number,
  returns: number,
  squares: number,
  downside: number,
  gains: number,
): void {
  if (gains - returns > carry[at]!) carry[at] = gains - returns;
  if (squares > carry[at + 1]!) carry[at + 1] = squares;
  if (downside > carry[at + 2]!) carry[at + 2] = downside;
  if (gains > carry[at + 3]!) carry[at + 3] = gains;
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

/** Extremes and falls of the closes of the block of bars [from, to). No peak is below the first close: a fall is at most drop / that. */
function describeCloses(market: MarketTables, from: number, to: number): void {
  const { close } = market;
  let peak = close[from]!;
  let peakBar = from;
  let lowest = peak;
  let drop = 0;
  let closestToPeak = 0;
  for (let bar = from; bar < to; bar++) {
    const price = close[bar]!;
    if (price >= peak) {
      peak = price;
      peakBar = bar;
      closestToPeak = 0;
    } else {
      if (peak - price > drop) drop = peak - price;
      if (price > closestToPeak) closestToPeak = price;
    }
    if (price < lowest) lowest = price;
  }
  const block = from / BLOCK_BARS;
  market.blockCloseMax[block] = peak;
  market.blockCloseMin[block] = lowest;
  market.blockFall[block] = closestToPeak >= peak * SAME_CLOSE ? LOOK_INSIDE : (drop / close[from]!) * FALL_MARGIN;
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

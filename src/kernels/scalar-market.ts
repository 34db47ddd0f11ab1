// Tables of one window of candles, scalar: prefix sums of bar returns, and the extremes of blocks.
import { BAR_SUMS, BLOCK_BARS, type MarketTables } from './kernels.ts';

/** Falls are stored a little too large, so that a comparison with one never misses by rounding. */
const FALL_MARGIN = 1 + 2 ** -40;
/** Closes that differ by less than this share may be equal once multiplied with a position. */
const SAME_CLOSE = 1 - 2 ** -50;
const LOOK_INSIDE = 2;

/**
 * Fills the tables of `market`; its prices are in place.
 * Causal:   the sums at bar i read bars 0..i; a block reads its own bars.
 * Warm-up:  none: the return of bar 0 is 0.
 * Bad data: prices are regular, the caller has checked them.
 * Numerics: sums in two doubles each, rounded once when stored; extremes are exact.
 * Cost:     no allocation per bar; once per window.
 * Oracle:   bar returns added up one by one (src/kernels/arena.test.ts).
 */
export function fillTables(market: MarketTables): void {
  sumReturns(market);
  for (let block = 0; block < market.blockHigh.length; block++) describeBlock(market, block);
}

/**
 * Prefix sums of the bar returns. Each is summed in two doubles and stored rounded once, so that its error does not
 * grow with the number of bars and a difference of two is as good as the doubles it is made of.
 */
function sumReturns({ barCount, close, barSums }: MarketTables): void {
  const sum = new Float64Array(BAR_SUMS);
  const rest = new Float64Array(BAR_SUMS);
  const term = new Float64Array(BAR_SUMS);
  for (let bar = 0; bar < barCount; bar++) {
    const r = bar === 0 ? 0 : (close[bar]! - close[bar - 1]!) / close[bar - 1]!;
    const down = r < 0 ? r : 0;
    term[0] = r;
    term[1] = r * r;
    term[2] = down * down;
    term[3] = r > 0 ? r : 0;
    for (let k = 0; k < BAR_SUMS; k++) {
      const before = sum[k]!;
      const after = before + term[k]!;
      const part = after - before;
      rest[k] = rest[k]! + (before - (after - part) + (term[k]! - part));
      sum[k] = after;
      barSums[BAR_SUMS * bar + k] = after + rest[k]!;
    }
  }
}

function describeBlock(market: MarketTables, block: number): void {
  const { close, high, low } = market;
  const from = block * BLOCK_BARS;
  const to = Math.min(from + BLOCK_BARS, market.barCount);
  let peak = close[from]!;
  let peakBar = from;
  let lowest = peak;
  let highestHigh = high[from]!;
  let lowestLow = low[from]!;
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
    if (high[bar]! > highestHigh) highestHigh = high[bar]!;
    if (low[bar]! < lowestLow) lowestLow = low[bar]!;
  }
  market.blockCloseMax[block] = peak;
  market.blockCloseMin[block] = lowest;
  market.blockFall[block] = closestToPeak >= peak * SAME_CLOSE ? LOOK_INSIDE : fall * FALL_MARGIN;
  market.blockBarsAfterMax[block] = to - 1 - peakBar;
  market.blockHigh[block] = highestHigh;
  market.blockLow[block] = lowestLow;
}

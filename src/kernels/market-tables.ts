// Tables of one window of candles, made once and read by every variant: prefix sums of bar returns, block extremes.
import { assert } from '../core/assert.ts';
import type { Candles } from '../market/candles.ts';
import { type Arena, alignedBytes } from './arena.ts';
import { BAR_SUMS, BLOCK_BARS, type MarketTables } from './kernels.ts';

const REGION = 'market tables';
/** Falls are stored a little too large, so that a comparison with one never misses by rounding. */
const FALL_MARGIN = 1 + 2 ** -40;
/** Closes that differ by less than this share may be equal once multiplied with a position. */
const SAME_CLOSE = 1 - 2 ** -50;
const LOOK_INSIDE = 2;

/** Arena bytes that `prepareMarket` takes. */
export function marketBytes(barCount: number): number {
  const blocks = Math.ceil(barCount / BLOCK_BARS);
  return (
    4 * alignedBytes(barCount * 8) +
    alignedBytes(barCount * BAR_SUMS * 8) +
    5 * alignedBytes(blocks * 8) +
    alignedBytes(blocks)
  );
}

/** Why the tables cannot be made for these candles: the first bar that breaks a rule; undefined when they can. */
export function irregularBar({ barCount, open, high, low, close }: Candles): number | undefined {
  for (let bar = 0; bar < barCount; bar++) {
    const least = low[bar]!;
    const most = high[bar]!;
    const inside = least <= open[bar]! && least <= close[bar]! && open[bar]! <= most && close[bar]! <= most;
    if (!(least > 0 && most < Number.POSITIVE_INFINITY && inside)) return bar;
  }
  return undefined;
}

/** Copies the prices of `candles` into the arena and computes the tables. The candles must have no irregular bar. */
export function prepareMarket(arena: Arena, candles: Candles): MarketTables {
  const { barCount } = candles;
  assert(irregularBar(candles) === undefined, 'prices are above 0 and inside the high and low of their bar');
  const blocks = Math.ceil(barCount / BLOCK_BARS);
  const copy = (column: Float64Array): Float64Array => {
    const own = arena.float64(REGION, barCount);
    own.set(column);
    return own;
  };
  const market = {
    barCount,
    open: copy(candles.open),
    high: copy(candles.high),
    low: copy(candles.low),
    close: copy(candles.close),
    barSums: arena.float64(REGION, barCount * BAR_SUMS),
    blockCloseMax: arena.float64(REGION, blocks),
    blockCloseMin: arena.float64(REGION, blocks),
    blockFall: arena.float64(REGION, blocks),
    blockHigh: arena.float64(REGION, blocks),
    blockLow: arena.float64(REGION, blocks),
    blockBarsAfterMax: arena.uint8(REGION, blocks),
  };
  sumReturns(market);
  for (let block = 0; block < blocks; block++) describeBlock(market, block);
  return market;
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

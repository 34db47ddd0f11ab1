// The candles as executors read them: prices, the growth from close to close, and where a time limit ends.
import { assert } from '../core/assert.ts';
import { type Candles, firstBarAtOrAfter } from '../market/candles.ts';
import { timeframeMs } from '../market/timeframe.ts';

export interface ExecutorMarket {
  readonly candles: Candles;
  readonly barCount: number;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** 1 + (close[i] / close[i-1] − 1): the factor of bar i in a chain of returns, rounded as a chain rounds it. */
  readonly growth: Float64Array;
  /** Lowest low and highest high of each REACH_BLOCK bars, counted from bar 0; NaN is in none. */
  readonly blockLow: Float64Array;
  readonly blockHigh: Float64Array;
}

/** Bars that a search of a price steps over at once. */
const REACH_BITS = 4;
const REACH_BLOCK = 1 << REACH_BITS;

export function createExecutorMarket(candles: Candles): ExecutorMarket {
  assert(candles.barCount > 0, 'a market has candles');
  const { barCount, time, open, high, low, close } = candles;
  const growth = new Float64Array(barCount);
  growth[0] = 1;
  for (let i = 1; i < barCount; i++) growth[i] = 1 + (close[i] / close[i - 1] - 1);
  const blocks = Math.ceil(barCount / REACH_BLOCK);
  const blockLow = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY);
  const blockHigh = new Float64Array(blocks).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < barCount; i++) {
    const block = i >> REACH_BITS;
    if (low[i] < blockLow[block]) blockLow[block] = low[i];
    if (high[i] > blockHigh[block]) blockHigh[block] = high[i];
  }
  return { candles, barCount, time, open, high, low, close, growth, blockLow, blockHigh };
}

/**
 * The first bar of [from, end] whose low is at most `lower` or whose high is at least `upper`; end + 1 when there is none.
 * NaN, and the infinity beyond all prices, are levels that nothing reaches.
 */
export function firstReach(market: ExecutorMarket, from: number, end: number, lower: number, upper: number): number {
  const { low, high, blockLow, blockHigh } = market;
  let i = from;
  while (i <= end) {
    const block = i >> REACH_BITS;
    const isHere = blockLow[block] <= lower || blockHigh[block] >= upper;
    const next = (block + 1) << REACH_BITS;
    if (isHere) {
      const last = next <= end ? next - 1 : end;
      for (; i <= last; i++) if (low[i] <= lower || high[i] >= upper) return i;
    }
    i = next;
  }
  return end + 1;
}

/** The last bar whose time is at most `limitMs` after that of `bar`; the last bar of all when there is no limit (0). */
export function lastBarWithin(market: ExecutorMarket, bar: number, limitMs: number): number {
  if (limitMs === 0) return market.barCount - 1;
  const until = market.time[bar] + limitMs;
  // Without gaps the answer is a division away.
  const guess = bar + Math.floor(limitMs / timeframeMs(market.candles.timeframe));
  if (guess < market.barCount - 1 && market.time[guess] <= until && market.time[guess + 1] > until) return guess;
  if (market.time[market.barCount - 1] <= until) return market.barCount - 1;
  return firstBarAtOrAfter(market.candles, until + 1) - 1;
}

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
}

export function createExecutorMarket(candles: Candles): ExecutorMarket {
  assert(candles.barCount > 0, 'a market has candles');
  const { barCount, time, open, high, low, close } = candles;
  const growth = new Float64Array(barCount);
  growth[0] = 1;
  for (let i = 1; i < barCount; i++) growth[i] = 1 + (close[i] / close[i - 1] - 1);
  return { candles, barCount, time, open, high, low, close, growth };
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

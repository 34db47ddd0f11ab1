// The order executor: one order that is held once it filled, and does nothing else.
import type { ExecutorMarket } from './executor-market.ts';
import type { ExecutorRun } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import { limitPrice } from './position-executor.ts';

/** Hummingbot's own names. A chased limit is taken to fill at once, at the close. */
export type OrderStrategy = 'MARKET' | 'LIMIT' | 'LIMIT_MAKER' | 'LIMIT_CHASER';

export interface SingleOrder {
  readonly isLong: boolean;
  readonly levelId: string | null;
  /** Base units. */
  readonly amount: number;
  readonly strategy: OrderStrategy;
  /** The limit; not read for MARKET and LIMIT_CHASER. */
  readonly price: number;
}

/** Simulates one order created at the close of bar `bar`. It ends as POSITION_HOLD, or EXPIRED when it never filled. */
export function simulateOrder(
  market: ExecutorMarket,
  bar: number,
  order: SingleOrder,
  tradeCost: number,
  fixes: Fixes,
): ExecutorRun {
  const isAtOnce = order.strategy === 'MARKET' || order.strategy === 'LIMIT_CHASER';
  const limit = effectiveLimit(market, bar, order);
  const fillBar = isAtOnce ? bar : findFill(market, bar, order.isLong, limit, fixes);
  const isFilled = fillBar >= 0;
  const isAtLimit = !isAtOnce && fixes.limitFillPrice;
  const price = isFilled ? (isAtLimit ? limitPrice(market, fillBar, order.isLong, limit) : market.close[fillBar]) : 0;
  const filled = isFilled ? order.amount * price : 0;
  const closeBar = isFilled ? fillBar : market.barCount - 1;
  return {
    kind: 'order_executor',
    isLong: order.isLong,
    levelId: order.levelId,
    entryPrice: null,
    amount: order.amount,
    createdBar: bar,
    createdMs: market.time[bar],
    fillBar,
    fillPrice: isFilled ? price : Number.NaN,
    closeBar,
    closeMs: market.time[closeBar],
    closeType: isFilled ? 'POSITION_HOLD' : 'EXPIRED',
    closePrice: isFilled ? price : market.close[closeBar],
    netPnlPct: fixes.holdCosts && isFilled ? -tradeCost : 0,
    netPnlQuote: fixes.holdCosts ? -tradeCost * filled : 0,
    feesQuote: tradeCost * filled,
    filledQuote: filled,
    averagePrice: price,
    heldQuote: filled,
    roundTripCost: tradeCost,
    marks: null,
    stages: null,
  };
}

/** A maker order never pays more than the market asks when it is placed. */
function effectiveLimit(market: ExecutorMarket, bar: number, order: SingleOrder): number {
  if (order.strategy !== 'LIMIT_MAKER') return order.price;
  const now = market.close[bar];
  return order.isLong ? Math.min(order.price, now) : Math.max(order.price, now);
}

function findFill(market: ExecutorMarket, bar: number, isLong: boolean, limit: number, fixes: Fixes): number {
  const reach = fixes.limitFillPrice ? (isLong ? market.low : market.high) : market.close;
  for (let i = fixes.entryBarScan ? bar + 1 : bar; i < market.barCount; i++) {
    if (isLong ? reach[i] <= limit : reach[i] >= limit) return i;
  }
  return -1;
}

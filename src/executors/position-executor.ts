// The position executor: one entry at the market or a limit, and the triple barrier with a trailing stop.
import type { ExactLevel } from './exact-level.ts';
import { type ExecutorMarket, lastBarWithin } from './executor-market.ts';
import type { CloseType, ExecutorRun } from './executor-run.ts';
import type { Fixes } from './fixes.ts';

/** Barriers as fractions of the entry price. `null` and 0 mean that there is none. */
export interface TripleBarrier {
  readonly stopLoss: number | null;
  readonly takeProfit: ExactLevel | null;
  /** Milliseconds from creation; 0 is none. */
  readonly timeLimitMs: number;
  readonly trailing: { readonly activation: ExactLevel; readonly delta: number } | null;
}

export interface PositionOrder {
  readonly isLong: boolean;
  readonly levelId: string | null;
  /** Base units. */
  readonly amount: number;
  readonly entry: 'market' | 'limit';
  /** The limit; for market entries only the price that is reported. */
  readonly price: ExactLevel;
  readonly barrier: TripleBarrier;
  /** Who made it stops it when nothing filled up to this bar: the corrected executor looks at no later one. */
  readonly fillBy?: number;
}

interface Exit {
  bar: number;
  closeType: CloseType;
  /** Price booked; NaN for the close of the bar. */
  price: number;
}

/**
 * Simulates one executor created at the close of bar `bar`, to its end. `tradeCost` is the share of notional paid per
 * side; both sides are charged from the fill on, as Hummingbot does.
 */
export function simulatePosition(
  market: ExecutorMarket,
  bar: number,
  order: PositionOrder,
  tradeCost: number,
  fixes: Fixes,
): ExecutorRun {
  const end = lastBarWithin(market, bar, order.barrier.timeLimitMs);
  // Hummingbot lets a fill that comes later stop an order before it: there all bars count.
  const fillBy = fixes.entryBarScan ? (order.fillBy ?? end) : end;
  const fillBar = order.entry === 'market' ? bar : findLimitFill(market, bar, Math.min(end, fillBy), order, fixes);
  const roundTripCost = 2 * tradeCost;
  if (fillBar < 0) return closed(market, bar, order, -1, Number.NaN, timeLimit(end), roundTripCost);
  const fillPrice = entryPrice(market, fillBar, order, fixes);
  const exit = findExit(market, bar, fillBar, fillPrice, end, order, roundTripCost, fixes);
  return closed(market, bar, order, fillBar, fillPrice, exit, roundTripCost);
}

const timeLimit = (bar: number): Exit => ({ bar, closeType: 'TIME_LIMIT', price: Number.NaN });

/** The first bar at which the limit fills, -1 if none up to `end`. */
export function findLimitFill(
  market: ExecutorMarket,
  bar: number,
  end: number,
  order: Pick<PositionOrder, 'isLong' | 'price'>,
  fixes: Fixes,
): number {
  const from = fixes.entryBarScan ? bar + 1 : bar;
  if (order.isLong) {
    const price = fixes.limitFillPrice ? market.low : market.close;
    const limit = order.price.atMost;
    for (let i = from; i <= end; i++) if (price[i] <= limit) return i;
  } else {
    const price = fixes.limitFillPrice ? market.high : market.close;
    const limit = order.price.atLeast;
    for (let i = from; i <= end; i++) if (price[i] >= limit) return i;
  }
  return -1;
}

export function limitPrice(market: ExecutorMarket, bar: number, isLong: boolean, limit: number): number {
  return isLong ? Math.min(limit, market.open[bar]) : Math.max(limit, market.open[bar]);
}

function entryPrice(market: ExecutorMarket, bar: number, order: PositionOrder, fixes: Fixes): number {
  if (order.entry === 'market' || !fixes.limitFillPrice) return market.close[bar];
  return limitPrice(market, bar, order.isLong, order.price.value);
}

/** The first bar, type and price at which a barrier ends the position. */
function findExit(
  market: ExecutorMarket,
  bar: number,
  fillBar: number,
  fillPrice: number,
  end: number,
  order: PositionOrder,
  roundTripCost: number,
  fixes: Fixes,
): Exit {
  const { open, high, low, close, growth } = market;
  const { isLong, barrier } = order;
  const side = isLong ? 1 : -1;
  const stopLoss = barrier.stopLoss ?? 0;
  const hasStop = stopLoss !== 0;
  const stopLevel = hasStop ? fillPrice * (1 - stopLoss * side) : Number.NaN;
  const takeProfit =
    barrier.takeProfit === null || barrier.takeProfit.value === 0 ? Infinity : barrier.takeProfit.atMost;
  const targetLevel = fillPrice * (1 + takeProfit * side);
  const activation = barrier.trailing?.activation.atMost ?? Infinity;
  const delta = barrier.trailing?.delta ?? 0;
  // A limit that filled inside the bar was there before its low (high) could reach the stop.
  const filledInside = order.entry === 'limit' && fixes.limitFillPrice;
  const stopFrom = fixes.entryBarScan ? (filledInside ? fillBar : fillBar + 1) : bar;
  const { trailingPrice, takeProfitPrice, tieOrder, stopPrice } = fixes;
  let chain = close[fillBar] / fillPrice;
  let peak = -Infinity;
  let isArmed = false;
  for (let i = Math.min(stopFrom, fillBar); i <= end; i++) {
    const hitStop = hasStop && i >= stopFrom && (isLong ? low[i] <= stopLevel : high[i] >= stopLevel);
    let hitTarget = false;
    let hitTrailing = false;
    let trailingLevel = Number.NaN;
    if (i >= fillBar) {
      if (i > fillBar) chain *= growth[i];
      const net = side * (chain - 1) - roundTripCost;
      if (!takeProfitPrice) hitTarget = net > takeProfit;
      else if (i > fillBar) hitTarget = isLong ? high[i] >= targetLevel : low[i] <= targetLevel;
      if (!trailingPrice) {
        if (net > activation) isArmed = true;
        if (net - delta > peak) peak = net - delta;
        hitTrailing = isArmed && net < peak;
      } else if (i > fillBar) {
        trailingLevel = fillPrice * (1 + side * (peak + roundTripCost));
        hitTrailing = isArmed && (isLong ? low[i] <= trailingLevel : high[i] >= trailingLevel);
        const best = side * ((isLong ? high[i] : low[i]) / fillPrice - 1) - roundTripCost;
        if (best > activation) isArmed = true;
        if (best - delta > peak) peak = best - delta;
      }
    }
    if (!hitStop && !hitTarget && !hitTrailing) continue;
    const stopIsNearer =
      !hitTrailing || !trailingPrice || (isLong ? stopLevel >= trailingLevel : stopLevel <= trailingLevel);
    if (hitTarget && !(tieOrder && (hitStop || hitTrailing))) {
      return {
        bar: i,
        closeType: 'TAKE_PROFIT',
        price: takeProfitPrice ? better(open[i], targetLevel, isLong) : Number.NaN,
      };
    }
    if (hitStop && (!tieOrder || stopIsNearer)) {
      // Inside the bar of a limit fill the open came before the fill.
      const gapOpen = i > fillBar ? open[i] : stopLevel;
      return { bar: i, closeType: 'STOP_LOSS', price: stopPrice ? worse(gapOpen, stopLevel, isLong) : Number.NaN };
    }
    return {
      bar: i,
      closeType: 'TRAILING_STOP',
      price: trailingPrice ? worse(open[i], trailingLevel, isLong) : Number.NaN,
    };
  }
  return timeLimit(end);
}

export const better = (open: number, level: number, isLong: boolean): number =>
  isLong ? Math.max(open, level) : Math.min(open, level);

export const worse = (open: number, level: number, isLong: boolean): number =>
  isLong ? Math.min(open, level) : Math.max(open, level);

function closed(
  market: ExecutorMarket,
  bar: number,
  order: PositionOrder,
  fillBar: number,
  fillPrice: number,
  exit: Exit,
  roundTripCost: number,
): ExecutorRun {
  const isFilled = fillBar >= 0 && exit.bar >= fillBar;
  const filled = isFilled ? order.amount * fillPrice : 0;
  let net = 0;
  if (isFilled) {
    const side = order.isLong ? 1 : -1;
    if (Number.isNaN(exit.price)) {
      let chain = market.close[fillBar] / fillPrice;
      for (let i = fillBar + 1; i <= exit.bar; i++) chain *= market.growth[i];
      net = side * (chain - 1) - roundTripCost;
    } else net = side * (exit.price / fillPrice - 1) - roundTripCost;
  }
  return {
    kind: 'position_executor',
    isLong: order.isLong,
    levelId: order.levelId,
    entryPrice: order.price.value,
    amount: order.amount,
    createdBar: bar,
    createdMs: market.time[bar],
    fillBar: isFilled ? fillBar : -1,
    fillPrice: isFilled ? fillPrice : Number.NaN,
    closeBar: exit.bar,
    closeMs: market.time[exit.bar],
    closeType: exit.closeType,
    closePrice: Number.isNaN(exit.price) ? market.close[exit.bar] : exit.price,
    netPnlPct: net,
    netPnlQuote: net * filled,
    feesQuote: roundTripCost * filled,
    filledQuote: filled * 2,
    averagePrice: order.price.value,
    heldQuote: 0,
    roundTripCost,
    marks: null,
  };
}

// The position executor: one entry at the market or a limit, and the triple barrier with a trailing stop.
import { type ExecutorMarket, firstReach, lastBarWithin } from './executor-market.ts';
import type { ExecutorRun } from './executor-run.ts';
import type { Fixes } from './fixes.ts';
import { findLevelExit } from './level-exit.ts';
import { better, type Exit, timeLimit, worse } from './position-exit.ts';
import type { PositionOrder } from './position-order.ts';

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
  const { entryBarScan, takeProfitPrice, trailingPrice, stopPrice, tieOrder } = fixes;
  // Under all of these fixes only highs and lows end a position: the search steps over bars that reach nothing.
  const isByLevels = entryBarScan && takeProfitPrice && trailingPrice && stopPrice && tieOrder;
  const exit = isByLevels
    ? findLevelExit(market, fillBar, fillPrice, end, order, roundTripCost, fixes.limitFillPrice)
    : findExit(market, bar, fillBar, fillPrice, end, order, roundTripCost, fixes);
  return closed(market, bar, order, fillBar, fillPrice, exit, roundTripCost);
}

/** The first bar at which the limit fills, -1 if none up to `end`. */
export function findLimitFill(
  market: ExecutorMarket,
  bar: number,
  end: number,
  order: Pick<PositionOrder, 'isLong' | 'price'>,
  fixes: Fixes,
): number {
  const from = fixes.entryBarScan ? bar + 1 : bar;
  const { isLong, price } = order;
  if (fixes.limitFillPrice) {
    const lower = isLong ? price.atMost : Number.NEGATIVE_INFINITY;
    const found = firstReach(market, from, end, lower, isLong ? Number.POSITIVE_INFINITY : price.atLeast);
    return found <= end ? found : -1;
  }
  const { close } = market;
  if (isLong) {
    for (let i = from; i <= end; i++) if (close[i] <= price.atMost) return i;
  } else {
    for (let i = from; i <= end; i++) if (close[i] >= price.atLeast) return i;
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
    stages: null,
  };
}

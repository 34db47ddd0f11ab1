// The corrected triple barrier: highs and lows reach levels, so that bars which reach none are stepped over in blocks.
import { type ExecutorMarket, firstReach } from './executor-market.ts';
import { better, type Exit, timeLimit, worse } from './position-exit.ts';
import type { PositionOrder } from './position-order.ts';

/** How far below its threshold a level of search lies, so that rounding of the exact test cannot hide a bar from it. */
const GUARD = 1e-9;

/**
 * The first bar, type and price at which a barrier ends a position. A stop counts before a target or a trailing stop
 * that is further away; `isLimit` is an entry that filled inside its bar, after which only the stop can be reached.
 */
export function findLevelExit(
  market: ExecutorMarket,
  fillBar: number,
  fillPrice: number,
  end: number,
  order: PositionOrder,
  roundTripCost: number,
  limitFills: boolean,
): Exit {
  const { open, high, low } = market;
  const { isLong, barrier } = order;
  const side = isLong ? 1 : -1;
  const stopLoss = barrier.stopLoss ?? 0;
  const never = side * Number.POSITIVE_INFINITY;
  const stopLevel = stopLoss === 0 ? -never : fillPrice * (1 - stopLoss * side);
  const { takeProfit, trailing } = barrier;
  const share = takeProfit === null || takeProfit.value === 0 ? Number.POSITIVE_INFINITY : takeProfit.atMost;
  const targetLevel = fillPrice * (1 + share * side);
  // A limit that filled inside the bar was there before its low (high) could reach the stop.
  if (order.entry === 'limit' && limitFills && (isLong ? low[fillBar] <= stopLevel : high[fillBar] >= stopLevel)) {
    return { bar: fillBar, closeType: 'STOP_LOSS', price: stopLevel };
  }
  const activation = trailing?.activation.atMost ?? Number.POSITIVE_INFINITY;
  const delta = trailing?.delta ?? 0;
  // What is searched for: the nearest stop, and the price that does something on the other side.
  let stopAt = stopLevel;
  let watched = trailing === null ? never : fillPrice * (1 + side * (activation + roundTripCost - GUARD));
  let trailingLevel = Number.NaN;
  let peak = Number.NEGATIVE_INFINITY;
  for (let i = fillBar + 1; i <= end; i++) {
    i = isLong
      ? firstReach(market, i, end, stopAt, Math.min(targetLevel, watched))
      : firstReach(market, i, end, Math.max(targetLevel, watched), stopAt);
    if (i > end) break;
    const adverse = isLong ? low[i] : high[i];
    const hitStop = isLong ? adverse <= stopLevel : adverse >= stopLevel;
    const hitTrailing = isLong ? adverse <= trailingLevel : adverse >= trailingLevel;
    if (hitStop && !(hitTrailing && (isLong ? stopLevel < trailingLevel : stopLevel > trailingLevel))) {
      return { bar: i, closeType: 'STOP_LOSS', price: worse(open[i], stopLevel, isLong) };
    }
    if (hitTrailing) return { bar: i, closeType: 'TRAILING_STOP', price: worse(open[i], trailingLevel, isLong) };
    const favourable = isLong ? high[i] : low[i];
    if (isLong ? favourable >= targetLevel : favourable <= targetLevel) {
      return { bar: i, closeType: 'TAKE_PROFIT', price: better(open[i], targetLevel, isLong) };
    }
    // The level follows the best price; until that passes the activation there is none.
    const best = side * (favourable / fillPrice - 1) - roundTripCost;
    if (Number.isNaN(trailingLevel) && !(best > activation)) continue;
    if (!(best - delta > peak)) continue;
    peak = best - delta;
    trailingLevel = fillPrice * (1 + side * (peak + roundTripCost));
    stopAt = isLong ? Math.max(stopLevel, trailingLevel) : Math.min(stopLevel, trailingLevel);
    watched = favourable;
  }
  return timeLimit(end);
}

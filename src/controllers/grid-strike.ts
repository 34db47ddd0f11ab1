// The grid_strike controller: one grid executor at a time, started whenever the price is inside the range.
import { decimal, decimalToNumber } from '../core/decimal.ts';
import { levelOfDecimal } from '../executors/exact-level.ts';
import { activate, NO_LEVEL } from '../executors/executor-book.ts';
import { simulateGrid } from '../executors/grid-executor.ts';
import type { GridOrder, TradingRules } from '../executors/grid-levels.ts';
import type { Controller } from './controller.ts';
import type { GridStrikeConfig } from './controller-config.ts';
import type { ControllerMarket } from './controller-market.ts';

const ZERO = decimal('0');

export function gridStrikeController(
  market: ControllerMarket,
  config: GridStrikeConfig,
  rules: TradingRules | null,
): Controller {
  const start = levelOfDecimal(config.start_price).atLeast;
  const end = levelOfDecimal(config.end_price).atMost;
  const barrier = config.triple_barrier_config;
  const order: GridOrder = {
    isLong: config.side > 0,
    levelId: null,
    startPrice: config.start_price,
    endPrice: config.end_price,
    limitPrice: config.limit_price,
    totalAmountQuote: config.total_amount_quote,
    minSpreadBetweenOrders: config.min_spread_between_orders ?? ZERO,
    minOrderAmountQuote: config.min_order_amount_quote ?? ZERO,
    takeProfit: barrier.takeProfit ?? ZERO,
    stopLoss: barrier.stopLoss === null ? null : decimalToNumber(barrier.stopLoss),
    timeLimitMs: (barrier.timeLimit ?? 0) * 1000,
    keepPosition: config.keep_position,
    coerceTargetToStep: config.coerce_tp_to_step,
  };
  return {
    firstBar: market.from,
    levels: 0,
    nextBar({ active, market: { close } }, bar) {
      if (active.length > 0) return close.length;
      let next = bar;
      while (next < close.length && (close[next] < start || close[next] > end)) next++;
      return next;
    },
    decide(book, bar) {
      const price = book.market.close[bar];
      if (book.active.length > 0 || price < start || price > end) return;
      const run = simulateGrid(book.market, bar, order, book.tradeCost, book.fixes, rules);
      activate(book, run, book.market.time[bar], NO_LEVEL);
    },
  };
}

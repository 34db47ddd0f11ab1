// Executors as a bar strategy asks for them, turned into the orders that executors know, and how much money each holds back.
import { decimal } from '../core/decimal.ts';
import { doubleDouble } from '../core/double-double.ts';
import { simulateDca } from '../executors/dca-executor.ts';
import { levelOfNumber } from '../executors/exact-level.ts';
import type { ExecutorMarket } from '../executors/executor-market.ts';
import type { ExecutorRun } from '../executors/executor-run.ts';
import { EXECUTOR_PROFILES } from '../executors/fixes.ts';
import { simulateGrid } from '../executors/grid-executor.ts';
import { simulatePosition } from '../executors/position-executor.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { BarSide, DcaExecutorOrder, GridExecutorOrder, PositionExecutorOrder } from '../strategy/bar-context.ts';
import { refuseOrder } from './waiting-order.ts';

/** An executor that may be started: what it is, what it holds back, and its whole life from a bar on. */
export interface ExecutorPlan {
  readonly side: BarSide;
  /** Quote currency at risk before costs. */
  readonly notional: number;
  readonly simulate: (market: ExecutorMarket, bar: number, tradeCost: number) => ExecutorRun;
}

const { fixes } = EXECUTOR_PROFILES['hummingbot-corrected'];

/** Anything that may be left out. */
type Maybe = number | undefined;

function checkNumbers(order: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(order)) {
    if (name === 'side') {
      if (value !== 'long' && value !== 'short') refuseOrder('side is long or short.', String(value), 'Choose one.');
    } else if (!names.includes(name)) {
      refuseOrder('An executor has known members only.', `"${name}"`, `Use side, ${names.join(', ')}.`);
    } else if (typeof value === 'number' && !(value > 0 && value < Number.POSITIVE_INFINITY)) {
      refuseOrder(`${name} must be above 0.`, String(value), 'Check for NaN, or leave it out.');
    }
  }
}

const BARRIERS = ['stopLoss', 'takeProfit', 'trailing', 'timeLimit'];

const millis = (bars: Maybe, market: ExecutorMarket): number => (bars ?? 0) * timeframeMs(market.candles.timeframe);

export function planPosition(order: PositionExecutorOrder, close: number): ExecutorPlan {
  checkNumbers(order, ['units', 'limit', ...BARRIERS]);
  const { side, units, limit, stopLoss, takeProfit, trailing, timeLimit } = order;
  return {
    side,
    notional: units * (limit ?? close),
    simulate: (market, bar, tradeCost) =>
      simulatePosition(
        market,
        bar,
        {
          isLong: side === 'long',
          levelId: null,
          amount: units,
          entry: limit === undefined ? 'market' : 'limit',
          price: levelOfNumber(limit ?? close),
          barrier: {
            stopLoss: stopLoss ?? null,
            takeProfit: takeProfit === undefined ? null : levelOfNumber(takeProfit),
            timeLimitMs: millis(timeLimit, market),
            trailing:
              trailing === undefined ? null : { activation: levelOfNumber(trailing.activation), delta: trailing.delta },
          },
        },
        tradeCost,
        fixes,
      ),
  };
}

export function planDca(order: DcaExecutorOrder): ExecutorPlan {
  checkNumbers(order, ['prices', 'notionals', ...BARRIERS]);
  const { side, prices, notionals, stopLoss, takeProfit, trailing, timeLimit } = order;
  if (prices.length === 0 || prices.length !== notionals.length || ![...prices, ...notionals].every((n) => n > 0)) {
    refuseOrder(
      'A DCA executor has one notional for each price, all above 0.',
      `${prices}; ${notionals}`,
      'Match them.',
    );
  }
  const share = (value: Maybe) => (value === undefined ? null : doubleDouble(value));
  return {
    side,
    notional: notionals.reduce((sum, notional) => sum + notional, 0),
    simulate: (market, bar, tradeCost) =>
      simulateDca(
        market,
        bar,
        {
          isLong: side === 'long',
          levelId: null,
          prices: prices.map((price) => doubleDouble(price)),
          amounts: notionals.map((notional) => doubleDouble(notional)),
          takeProfit: share(takeProfit),
          stopLoss: share(stopLoss),
          trailing:
            trailing === undefined
              ? null
              : { activation: doubleDouble(trailing.activation), delta: doubleDouble(trailing.delta) },
          timeLimitMs: millis(timeLimit, market),
        },
        tradeCost,
        fixes,
      ),
  };
}

const GRID = [
  'from',
  'to',
  'limit',
  'notional',
  'minSpread',
  'minOrderNotional',
  'takeProfit',
  'stopLoss',
  'timeLimit',
];

export function planGrid(order: GridExecutorOrder): ExecutorPlan {
  checkNumbers(order, GRID);
  const { side, from, to, limit, notional, minSpread, minOrderNotional, takeProfit, stopLoss, timeLimit } = order;
  if (!(from < to)) refuseOrder('A grid goes from a price to a higher one.', `${from} to ${to}`, 'Swap them.');
  const number = (value: number) => decimal(String(value));
  return {
    side,
    notional,
    simulate: (market, bar, tradeCost) =>
      simulateGrid(
        market,
        bar,
        {
          isLong: side === 'long',
          levelId: null,
          startPrice: number(from),
          endPrice: number(to),
          limitPrice: limit === undefined ? null : number(limit),
          totalAmountQuote: number(notional),
          minSpreadBetweenOrders: number(minSpread),
          minOrderAmountQuote: number(minOrderNotional ?? 0),
          takeProfit: number(takeProfit),
          stopLoss: stopLoss ?? null,
          timeLimitMs: millis(timeLimit, market),
          keepPosition: false,
          coerceTargetToStep: false,
        },
        tradeCost,
        fixes,
        null,
      ),
  };
}

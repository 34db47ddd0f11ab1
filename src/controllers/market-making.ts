// The market-making controllers: limit executors on levels around a reference price, refreshed until they trade.
import {
  addDecimal,
  type Decimal,
  decimal,
  decimalOfDouble,
  decimalToNumber,
  divideDecimal,
  multiplyDecimal,
  negateDecimal,
} from '../core/decimal.ts';
import {
  addDouble,
  type DoubleDouble,
  divideDouble,
  doubleDouble,
  multiplyDouble,
  negateDouble,
} from '../core/double-double.ts';
import { simulateDca } from '../executors/dca-executor.ts';
import {
  doubleOfDecimal,
  type ExactLevel,
  isNearDouble,
  levelOfDecimal,
  levelOfDouble,
} from '../executors/exact-level.ts';
import { activate, type ExecutorBook, isTrading, NO_LEVEL, stopEarly } from '../executors/executor-book.ts';
import { type ExecutorMarket, firstReach, lastBarWithin } from '../executors/executor-market.ts';
import type { ExecutorRun } from '../executors/executor-run.ts';
import type { Fixes } from '../executors/fixes.ts';
import { simulateOrder } from '../executors/order-executor.ts';
import { simulatePosition } from '../executors/position-executor.ts';
import { barrierOf, type Controller, optionalDouble } from './controller.ts';
import type { MarketMakingConfig } from './controller-config.ts';
import type { ControllerMarket } from './controller-market.ts';
import { type Quotes, quotesOf } from './quotes.ts';

interface QuoteLevel {
  readonly id: string;
  readonly index: number;
  readonly isLong: boolean;
  readonly isFirst: boolean;
  /** The spread as the double that Hummingbot holds. */
  readonly spread: number;
  readonly amountQuote: DoubleDouble;
}

type MakerConfig = Extract<MarketMakingConfig, { readonly controller_name: 'dman_maker_v2' }>;
interface Opening {
  open(book: ExecutorBook, bar: number, level: QuoteLevel, price: DoubleDouble, exact: ExactLevel): void;
  /** Spread of the first order beyond the level's price. */
  readonly firstSpread: number;
  readonly timeLimitMs: number;
  readonly refreshMs: number;
  /** The executor of each level that rests unfilled. */
  readonly resting: readonly RestingRun[];
}

type RestingRun = { -readonly [Name in keyof ExecutorRun]: ExecutorRun[Name] };

/** How much nearer than its order an approximate price is taken, so that its rounding cannot hide a fill. */
const GUARD = 1e-9;

const ONE = doubleDouble(1);
const DECIMAL_ONE = decimal('1');

export function marketMakingController(market: ControllerMarket, config: MarketMakingConfig, fixes: Fixes): Controller {
  const quotes = quotesOf(market, config, fixes);
  const levels = quoteLevels(config);
  const opening = config.controller_name === 'dman_maker_v2' ? openDca(config, levels) : openPosition(config, levels);
  const isRebalancing = !config.connector_name.includes('_perpetual') && !config.skip_rebalance;
  const rebalance = isRebalancing ? rebalancer(config, levels, quotes) : () => undefined;
  const refreshMs = config.executor_refresh_time * 1000;
  const topRefreshMs =
    config.controller_name === 'dman_maker_v2' && config.top_executor_refresh_time !== null
      ? config.top_executor_refresh_time * 1000
      : Number.POSITIVE_INFINITY;
  const cooldownMs = config.cooldown_time * 1000;
  const firstOfSide = levels.map((level) => level.isFirst);
  return {
    firstBar: quotes.firstBar,
    levels: levels.length,
    nextBar(book, bar) {
      if (isRebalancing) return bar;
      for (const level of levels) if (book.levelActive[level.index] === 0) return bar;
      let next = book.nextClose;
      for (let k = 0; k < book.active.length; k++) {
        const { run } = book.active[k];
        if (run.fillBar >= 0 && run.fillBar < bar) continue;
        const refresh = refreshBar(book.market, run.createdBar, Math.min(refreshMs, topRefreshMs));
        if (refresh < next) next = refresh;
      }
      return Math.max(bar, next);
    },
    decide(book, bar) {
      const now = book.market.time[bar];
      if (!Number.isNaN(quotes.reference[bar])) {
        rebalance(book, bar);
        for (const level of levels) {
          if (book.levelActive[level.index] > 0 || now - book.levelStopMs[level.index] < cooldownMs) continue;
          if (!rests(book, bar, level, quotes, opening)) quote(book, bar, level, quotes, opening);
        }
      }
      stopEarly(book, bar, ({ run, createdMs, level }) => {
        if (isTrading(run, bar)) return false;
        const age = now - createdMs;
        return age > refreshMs || (level !== NO_LEVEL && firstOfSide[level] && age > topRefreshMs);
      });
    },
  };
}

/** Levels with their share of the money: all shares of both sides add up to it. */
function quoteLevels(config: MarketMakingConfig): readonly QuoteLevel[] {
  const ones = (spreads: readonly Decimal[]): readonly Decimal[] => spreads.map(() => DECIMAL_ONE);
  const buys = config.buy_amounts_pct ?? ones(config.buy_spreads);
  const sells = config.sell_amounts_pct ?? ones(config.sell_spreads);
  const whole = [...buys, ...sells].reduce(addDecimal, decimal('0'));
  const amount = (part: Decimal): DoubleDouble =>
    doubleOfDecimal(multiplyDecimal(divideDecimal(part, whole), config.total_amount_quote));
  const side = (name: 'buy' | 'sell', spreads: readonly Decimal[], parts: readonly Decimal[], from: number) =>
    spreads.map((spread, i) => ({
      id: `${name}_${i}`,
      index: from + i,
      isLong: name === 'buy',
      isFirst: i === 0,
      spread: decimalToNumber(spread),
      amountQuote: amount(parts[i]),
    }));
  return [
    ...side('buy', config.buy_spreads, buys, 0),
    ...side('sell', config.sell_spreads, sells, config.buy_spreads.length),
  ];
}

const restingRun = (level: QuoteLevel): RestingRun => ({
  kind: 'position_executor',
  isLong: level.isLong,
  levelId: level.id,
  entryPrice: null,
  amount: null,
  createdBar: -1,
  createdMs: Number.NaN,
  fillBar: -1,
  fillPrice: Number.NaN,
  closeBar: -1,
  closeMs: Number.NaN,
  closeType: 'TIME_LIMIT',
  closePrice: Number.NaN,
  netPnlPct: 0,
  netPnlQuote: 0,
  feesQuote: 0,
  filledQuote: 0,
  averagePrice: Number.NaN,
  heldQuote: 0,
  roundTripCost: 0,
  marks: null,
  stages: null,
});

/**
 * Lets an order rest that surely fills on no bar before it is stopped, and says whether it did: most orders of a market
 * maker do so, and are only counted. Where every executor is kept, or stops wait for later fills, there is none.
 */
function rests(book: ExecutorBook, bar: number, level: QuoteLevel, quotes: Quotes, opening: Opening): boolean {
  const { market, fixes } = book;
  if (book.keepUnfilled || !fixes.entryBarScan || !fixes.limitFillPrice || !fixes.dcaTiming) return false;
  const distance = level.spread * (quotes.spread === null ? 1 : quotes.spread[bar]);
  const side = level.isLong ? -1 : 1;
  const price = quotes.reference[bar] * (1 + side * distance) * (1 + side * opening.firstSpread) * (1 - side * GUARD);
  if (!(price > 0)) return false;
  const end = lastBarWithin(market, bar, opening.timeLimitMs);
  const until = Math.min(end, refreshBar(market, bar, opening.refreshMs));
  const reached = level.isLong
    ? firstReach(market, bar + 1, until, price, Number.POSITIVE_INFINITY)
    : firstReach(market, bar + 1, until, Number.NEGATIVE_INFINITY, price);
  if (reached <= until) return false;
  // A level has one executor at a time, and nothing keeps this one: each level has a single record of them.
  const run = opening.resting[level.index];
  run.createdBar = bar;
  run.createdMs = market.time[bar];
  run.closeBar = end;
  run.closeMs = market.time[end];
  activate(book, run, market.time[bar], level.index);
  return true;
}

function quote(book: ExecutorBook, bar: number, level: QuoteLevel, quotes: Quotes, { open }: Opening): void {
  const reference = quotes.reference[bar];
  const multiplier = quotes.spread === null ? 1 : quotes.spread[bar];
  const distance = multiplyDouble(doubleDouble(level.spread), doubleDouble(multiplier));
  const factor = addDouble(ONE, level.isLong ? negateDouble(distance) : distance);
  const price = multiplyDouble(doubleDouble(reference), factor);
  const exact = isNearDouble(price) ? levelOfDecimal(decimalPrice(reference, level, multiplier)) : levelOfDouble(price);
  open(book, bar, level, price, exact);
}

/** The price in Hummingbot's own arithmetic, for the few cases in which its 28th digit decides. */
function decimalPrice(reference: number, level: QuoteLevel, multiplier: number): Decimal {
  const distance = multiplyDecimal(decimalOfDouble(level.spread), decimalOfDouble(multiplier));
  const factor = addDecimal(DECIMAL_ONE, level.isLong ? negateDecimal(distance) : distance);
  return multiplyDecimal(decimalOfDouble(reference), factor);
}

/** The bar at which an order made at `bar` is stopped when nothing filled: the first one older than the refresh time. */
const refreshBar = (market: ExecutorMarket, bar: number, refreshMs: number): number =>
  refreshMs === 0 ? bar + 1 : lastBarWithin(market, bar, refreshMs) + 1;

function openPosition(config: MarketMakingConfig, levels: readonly QuoteLevel[]): Opening {
  const barrier = barrierOf(config);
  const refreshMs = config.executor_refresh_time * 1000;
  const open: Opening['open'] = (book, bar, level, price, exact) => {
    const { market, tradeCost, fixes } = book;
    const order = {
      isLong: level.isLong,
      levelId: level.id,
      amount: divideDouble(level.amountQuote, price).hi,
      entry: 'limit' as const,
      price: exact,
      barrier,
      fillBy: refreshBar(market, bar, refreshMs),
    };
    activate(book, simulatePosition(market, bar, order, tradeCost, fixes), market.time[bar], level.index);
  };
  return { open, firstSpread: 0, timeLimitMs: barrier.timeLimitMs, refreshMs, resting: levels.map(restingRun) };
}

/** dman_maker_v2: each level is a DCA executor that goes on from the level's price. */
function openDca(config: MakerConfig, levels: readonly QuoteLevel[]): Opening {
  const spreads = config.dca_spreads.map(doubleOfDecimal);
  const whole = config.dca_amounts.reduce(addDecimal, decimal('0'));
  const parts = config.dca_amounts.map((amount) => doubleOfDecimal(divideDecimal(amount, whole)));
  const barriers = {
    takeProfit: optionalDouble(config.take_profit),
    stopLoss: optionalDouble(config.stop_loss),
    trailing:
      config.trailing_stop === null
        ? null
        : {
            activation: doubleOfDecimal(config.trailing_stop.activationPrice),
            delta: doubleOfDecimal(config.trailing_stop.trailingDelta),
          },
    timeLimitMs: (config.time_limit ?? 0) * 1000,
  };
  const refreshMs = config.executor_refresh_time * 1000;
  const open: Opening['open'] = (book, bar, level, price) => {
    const amount = divideDouble(level.amountQuote, price);
    const prices = spreads.map((spread) =>
      multiplyDouble(price, addDouble(ONE, level.isLong ? negateDouble(spread) : spread)),
    );
    const amounts = parts.map((part, i) => multiplyDouble(multiplyDouble(amount, part), prices[i]));
    const fillBy = refreshBar(book.market, bar, refreshMs);
    const order = { isLong: level.isLong, levelId: level.id, prices, amounts, ...barriers, fillBy };
    const run = simulateDca(book.market, bar, order, book.tradeCost, book.fixes);
    activate(book, run, book.market.time[bar], level.index);
  };
  const resting = levels.map(restingRun);
  return { open, firstSpread: spreads[0].hi, timeLimitMs: barriers.timeLimitMs, refreshMs, resting };
}

/** Keeps the base currency that all sell levels need, on spot markets. */
function rebalancer(
  config: MarketMakingConfig,
  levels: readonly QuoteLevel[],
  quotes: Quotes,
): (book: ExecutorBook, bar: number) => void {
  const needed = levels
    .filter((level) => !level.isLong)
    .map((level) => level.amountQuote)
    .reduce(addDouble, doubleDouble(0));
  const threshold = doubleOfDecimal(config.position_rebalance_threshold_pct);
  return (book, bar) => {
    const required = divideDouble(needed, doubleDouble(quotes.reference[bar]));
    const missing = addDouble(required, negateDouble(book.hold.net));
    if (!(Math.abs(missing.hi) > multiplyDouble(required, threshold).hi)) return;
    const order = {
      isLong: missing.hi > 0,
      levelId: 'position_rebalance',
      amount: Math.abs(missing.hi),
      strategy: 'MARKET' as const,
      price: quotes.reference[bar],
    };
    const run = simulateOrder(book.market, bar, order, book.tradeCost, book.fixes);
    activate(book, run, book.market.time[bar], NO_LEVEL);
  };
}

// The directional controllers: one executor per signal, within a capacity per side and a cooldown.
import { type Decimal, decimal } from '../core/decimal.ts';
import {
  addDouble,
  type DoubleDouble,
  divideDouble,
  doubleDouble,
  multiplyDouble,
  negateDouble,
} from '../core/double-double.ts';
import { simulateDca } from '../executors/dca-executor.ts';
import type { DcaOrder } from '../executors/dca-order.ts';
import { doubleOfDecimal, levelOfNumber } from '../executors/exact-level.ts';
import { activate, type ExecutorBook, NO_LEVEL } from '../executors/executor-book.ts';
import type { Fixes } from '../executors/fixes.ts';
import { simulatePosition } from '../executors/position-executor.ts';
import { barrierOf, type Controller, optionalDouble } from './controller.ts';
import type { DirectionalConfig } from './controller-config.ts';
import { type ControllerMarket, intervalView } from './controller-market.ts';
import { bandsOf, directionalSignals, type Signals } from './signals.ts';

type DmanConfig = Extract<DirectionalConfig, { readonly controller_name: 'dman_v3' }>;

/** Creates the executor of a signal. */
type Open = (book: ExecutorBook, bar: number, isLong: boolean, amount: DoubleDouble) => void;

export interface SignalRules {
  readonly total_amount_quote: Decimal;
  readonly max_executors_per_side: number;
  /** Seconds. */
  readonly cooldown_time: number;
}

export function directionalController(market: ControllerMarket, config: DirectionalConfig, fixes: Fixes): Controller {
  const signals = directionalSignals(market, config, fixes);
  const open = config.controller_name === 'dman_v3' ? openDca(market, config, fixes) : openPosition(barrierOf(config));
  return signalController(signals, config, open, fixes);
}

/** A controller of any signals. */
export function signalController(signals: Signals, config: SignalRules, open: Open, fixes: Fixes): Controller {
  const { signal, firstBar } = signals;
  const capacity = config.max_executors_per_side;
  const total = doubleOfDecimal(config.total_amount_quote);
  const share = doubleDouble(capacity);
  const cooldownMs = config.cooldown_time * 1000;
  /** From when on the cooldown of a side counts; Infinity while there is no room on it. */
  const busyMs = ({ active }: ExecutorBook, isLong: boolean): number => {
    let count = 0;
    let latest = 0;
    for (let k = 0; k < active.length; k++) {
      const { run, createdMs } = active[k];
      // A short signal counts every active executor in Hummingbot.
      if (isLong ? !run.isLong : fixes.shortCapacity && run.isLong) continue;
      count++;
      if (createdMs > latest) latest = createdMs;
    }
    return count >= capacity ? Number.POSITIVE_INFINITY : latest;
  };
  return {
    firstBar,
    levels: 0,
    nextBar(book, bar) {
      const { time } = book.market;
      const busyLong = busyMs(book, true);
      const busyShort = busyMs(book, false);
      const until = Math.min(signal.length, book.nextClose);
      if (busyLong === busyShort && busyLong === Number.POSITIVE_INFINITY) return until;
      for (let next = bar; next < until; next++) {
        const wanted = signal[next];
        if (wanted !== 0 && time[next] - (wanted > 0 ? busyLong : busyShort) > cooldownMs) return next;
      }
      return until;
    },
    decide(book, bar) {
      const wanted = signal[bar];
      if (wanted === 0) return;
      const isLong = wanted > 0;
      const { market: candles } = book;
      if (!(candles.time[bar] - busyMs(book, isLong) > cooldownMs)) return;
      open(book, bar, isLong, divideDouble(divideDouble(total, doubleDouble(candles.close[bar])), share));
    },
  };
}

export function openPosition(barrier: ReturnType<typeof barrierOf>): Open {
  return (book, bar, isLong, amount) => {
    const { market, tradeCost, fixes } = book;
    const price = levelOfNumber(market.close[bar]);
    const order = { isLong, levelId: null, amount: amount.hi, entry: 'market' as const, price, barrier };
    activate(book, simulatePosition(market, bar, order, tradeCost, fixes), market.time[bar], NO_LEVEL);
  };
}

const ONE = doubleDouble(1);

/** dman_v3: DCA executors around the price, by spreads that may follow the width of the bands. */
function openDca(market: ControllerMarket, config: DmanConfig, fixes: Fixes): Open {
  const spreads = config.dca_spreads.map(doubleOfDecimal);
  const weights = (config.dca_amounts_pct ?? config.dca_spreads.map(() => decimal('1'))).map(doubleOfDecimal);
  const whole = weights.reduce(addDouble, doubleDouble(0));
  const parts = weights.map((weight) => divideDouble(weight, whole));
  const stopLoss = optionalDouble(config.stop_loss);
  const trailing =
    config.trailing_stop === null
      ? null
      : {
          activation: doubleOfDecimal(config.trailing_stop.activationPrice),
          delta: doubleOfDecimal(config.trailing_stop.trailingDelta),
        };
  const factorAt = config.dynamic_order_spread ? spreadFactor(market, config, fixes) : () => ONE;
  return (book, bar, isLong, amount) => {
    const price = doubleDouble(book.market.close[bar]);
    const factor = factorAt(bar);
    // Without bands there is nothing to place orders by.
    if (Number.isNaN(factor.hi)) return;
    const scaled = (value: DoubleDouble): DoubleDouble =>
      config.dynamic_target ? multiplyDouble(value, factor) : value;
    const quote = multiplyDouble(amount, price);
    const order: DcaOrder = {
      isLong,
      levelId: null,
      prices: spreads.map((spread) => {
        const distance = multiplyDouble(spread, factor);
        return multiplyDouble(price, addDouble(ONE, isLong ? negateDouble(distance) : distance));
      }),
      amounts: parts.map((part) => multiplyDouble(part, quote)),
      takeProfit: null,
      stopLoss: stopLoss === null ? null : scaled(stopLoss),
      trailing: trailing === null ? null : { activation: scaled(trailing.activation), delta: scaled(trailing.delta) },
      // Hummingbot dates the executor by the wall clock: its limit lies beyond every candle.
      timeLimitMs: fixes.wallClock ? (config.time_limit ?? 0) * 1000 : 0,
    };
    const run = simulateDca(book.market, bar, order, book.tradeCost, fixes);
    activate(book, run, fixes.wallClock ? book.market.time[bar] : Number.POSITIVE_INFINITY, NO_LEVEL);
  };
}

/** Half the width of the bands as a fraction of price; Hummingbot reads that of the last bar of the window. */
function spreadFactor(market: ControllerMarket, config: DmanConfig, fixes: Fixes): (bar: number) => DoubleDouble {
  const view = intervalView(market, config.interval, fixes);
  const { width } = bandsOf(market, view, config, fixes);
  const { readable } = view;
  if (!fixes.windowStatistics) {
    const last = doubleDouble(width[readable[readable.length - 1]] / 200);
    return () => last;
  }
  return (bar) => doubleDouble(readable[bar] < 0 ? Number.NaN : width[readable[bar]] / 200);
}

// The rule book of the profile `backtesting.py`: runs a strategy on its broker bar by bar, and turns signals into orders.
import { AppError } from '../core/errors.ts';
import type { ExitReason } from '../metrics/trade.ts';
import { BacktestingPyBroker } from './backtesting-py-broker.ts';
import { BACKTESTING_PY_DEFAULTS } from './backtesting-py-options.ts';
import type { OpenTrade } from './backtesting-py-orders.ts';
import { checkSettings } from './settings.ts';
import { actionTable } from './signal-actions.ts';
import {
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  EXIT_SHORT,
  type Simulation,
  type SimulationInput,
  type SimulationSettings,
} from './simulation.ts';

const FLAG_MASK = ENTER_LONG | EXIT_LONG | ENTER_SHORT | EXIT_SHORT;

/** Called at the close of every bar, after its orders filled; orders placed here act from the next bar. */
export type BrokerStrategy = (broker: BacktestingPyBroker, bar: number) => void;

/** Runs event flags. An order placed on the last bar does not fill. Errors: REQUEST_INVALID. */
export function runBacktestingPyRules(input: SimulationInput): Simulation {
  return runOnBroker(input, signalOrders(input));
}

/** Runs any strategy that places orders bar by bar. Errors: REQUEST_INVALID. */
export function runOnBroker(input: Omit<SimulationInput, 'signals'>, next: BrokerStrategy): Simulation {
  const { candles, settings } = input;
  checkBacktestingPySettings(settings);
  const { barCount } = candles;
  const equity = input.equity ?? new Float64Array(barCount);
  const broker = new BacktestingPyBroker(candles, settings);
  let exposedBars = 0;
  for (let bar = 0; bar < barCount; bar++) {
    equity[bar] = broker.processBar(bar);
    if (broker.ruined) {
      equity.fill(0, bar);
      break;
    }
    if (bar === barCount - 1) {
      if (settings.closeAtEnd) equity[bar] = closeAll(broker, bar);
    } else {
      next(broker, bar);
    }
    if (broker.trades.length > 0) exposedBars++;
  }
  const finalEquity = barCount === 0 ? settings.initialCash : equity[barCount - 1];
  return {
    fills: broker.fills,
    trades: [...broker.closed, ...broker.markedTrades()],
    equity,
    finalEquity,
    totalReturn: (finalEquity - settings.initialCash) / settings.initialCash,
    exposedBars,
    ambiguousBars: broker.ambiguousBars,
    skippedOrders: broker.skippedOrders,
    ruined: broker.ruined,
  };
}

/** The peer's `finalize_trades`: what is open is closed at the open of the last bar. Answers the equity after that. */
function closeAll(broker: BacktestingPyBroker, lastBar: number): number {
  broker.cancelEntries();
  for (const trade of [...broker.trades].reverse()) broker.close(trade, 'end');
  return broker.processBar(lastBar);
}

/**
 * Flags as orders: an entry buys or sells with `sizing`, an exit closes, an opposite entry does both. Barriers are
 * prices from the close of the signal bar. The trailing stop follows the best price since entry and moves at each
 * close; the time limit asks to close at the close of the bar `timeLimit` bars after entry, and fills like any order.
 */
function signalOrders({ candles, signals, settings }: SimulationInput): BrokerStrategy {
  const { close, high, low } = candles;
  const { barriers, sizing } = settings;
  const { stopLoss, takeProfit, trailingStop, timeLimit } = barriers;
  const options = { ...BACKTESTING_PY_DEFAULTS, ...settings.backtestingPy };
  const actions = actionTable(settings.direction);
  const trails = trailingStop !== undefined;
  const watches = trails || timeLimit !== undefined;

  const enter = (broker: BacktestingPyBroker, bar: number, side: 1 | -1): void => {
    const ignoreOpposite = options.oppositeEntry === 'ignore' && !options.hedging;
    if (broker.trades.some((trade) => trade.side === side || ignoreOpposite)) return;
    if (!options.hedging && !options.exclusiveOrders) closeSide(broker, side === 1 ? -1 : 1, 'reverse');
    const price = close[bar];
    const fixed = stopLoss === undefined ? undefined : price * (1 - side * stopLoss);
    const trailing = trailingStop === undefined ? undefined : price * (1 - side * trailingStop);
    const useTrailing = trailing !== undefined && (fixed === undefined || side * (trailing - fixed) > 0);
    broker.submit({
      side,
      size: sizing,
      stopLoss: useTrailing ? trailing : fixed,
      takeProfit: takeProfit === undefined ? undefined : price * (1 + side * takeProfit),
      stopReason: useTrailing ? 'trailing-stop' : 'stop-loss',
    });
  };

  return (broker, bar) => {
    if (watches) {
      for (const trade of broker.trades) {
        if (trails) followPrice(broker, trade, trade.side === 1 ? high[bar] : low[bar], trailingStop);
        if (timeLimit !== undefined && bar - trade.entryBar >= timeLimit) broker.close(trade, 'time-limit');
      }
    }
    const action = actions[signals[bar] & FLAG_MASK];
    if (action === 0) return;
    if ((action & EXIT_LONG) !== 0) closeSide(broker, 1, 'signal');
    if ((action & EXIT_SHORT) !== 0) closeSide(broker, -1, 'signal');
    if ((action & ENTER_LONG) !== 0) enter(broker, bar, 1);
    else if ((action & ENTER_SHORT) !== 0) enter(broker, bar, -1);
  };
}

function closeSide(broker: BacktestingPyBroker, side: 1 | -1, reason: ExitReason): void {
  for (const trade of broker.trades) if (trade.side === side) broker.close(trade, reason);
}

/** Tightens the stop of a trade to `distance` behind `extreme`, the bar's best price; it never loosens. */
function followPrice(broker: BacktestingPyBroker, trade: OpenTrade, extreme: number, distance: number): void {
  const level = extreme * (1 - trade.side * distance);
  const current = trade.stopOrder?.stop;
  if (current === undefined || trade.side * (level - current) > 0) broker.moveStop(trade, level, 'trailing-stop');
}

/** Errors: REQUEST_INVALID for what the peer cannot do. */
function checkBacktestingPySettings(settings: SimulationSettings): void {
  checkSettings(settings);
  const { costs, sizing, barriers } = settings;
  const { margin, spread } = { ...BACKTESTING_PY_DEFAULTS, ...settings.backtestingPy };
  if (costs.slippage !== 0) {
    refuse(
      'The profile backtesting.py has no slippage.',
      `slippage ${costs.slippage}.`,
      'Set a spread, which is paid when a trade is opened, or raise the fee.',
    );
  }
  if (!(sizing.sizeStep > 0)) {
    refuse(
      'The profile backtesting.py trades whole steps of units.',
      'a size step of 0.',
      'Set a size step of 1, or a smaller one such as 0.00000001.',
    );
  }
  if (!(margin > 0 && margin <= 1)) refuse('margin must be in (0, 1].', `${margin}.`, 'Set 1 for no leverage.');
  if (!(spread >= 0 && spread < 1)) refuse('spread must be in [0, 1).', `${spread}.`, 'Set for example 0.0002.');
  if (barriers.takeProfit !== undefined && barriers.takeProfit <= spread) {
    refuse('A take-profit must lie beyond the spread.', `${barriers.takeProfit} and spread ${spread}.`, 'Raise it.');
  }
}

function refuse(rule: string, found: string, todo: string): never {
  throw new AppError('REQUEST_INVALID', { rule, found, todo });
}

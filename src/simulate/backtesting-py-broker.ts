// The broker of backtesting.py: order queue, trades with their stop and target orders, margin, and cash.
import { AppError } from '../core/errors.ts';
import type { Candles } from '../market/candles.ts';
import type { ExitReason, Trade } from '../metrics/trade.ts';
import { BACKTESTING_PY_DEFAULTS, type BacktestingPyOptions } from './backtesting-py-options.ts';
import {
  type BrokerOrder,
  isTouched,
  type OpenTrade,
  type OrderRequest,
  type Touch,
  touchOrder,
} from './backtesting-py-orders.ts';
import { feeOf, feePerUnit, stepsOf } from './backtesting-py-sizing.ts';
import type { Costs, Fill, SimulationSettings, Sizing } from './simulation.ts';

/**
 * Runs bar by bar: `processBar(i)` fills what waits, then the strategy places orders, which act from bar i + 1.
 * Sizes are whole numbers of steps of `sizing.sizeStep` units. As in the peer, margin and equity inside a bar are
 * valued at that bar's close, although orders fill at its open.
 */
export class BacktestingPyBroker {
  /** Open trades, oldest first. */
  readonly trades: OpenTrade[] = [];
  /** In order of exit. */
  readonly closed: Trade[] = [];
  readonly fills: Fill[] = [];
  skippedOrders = 0;
  ambiguousBars = 0;
  ruined = false;
  private bar = 0;
  private cash: number;
  private orders: BrokerOrder[] = [];
  private readonly candles: Candles;
  private readonly costs: Costs;
  private readonly sizing: Sizing;
  private readonly options: Required<BacktestingPyOptions>;
  private readonly leverage: number;
  private readonly candle = { open: 0, high: 0, low: 0, previousClose: 0 };
  private readonly touch: Touch = { price: 0, stop: undefined, atPreviousClose: false };

  constructor(candles: Candles, settings: SimulationSettings) {
    this.candles = candles;
    this.cash = settings.initialCash;
    this.costs = settings.costs;
    this.sizing = settings.sizing;
    this.options = { ...BACKTESTING_PY_DEFAULTS, ...settings.backtestingPy };
    this.leverage = 1 / this.options.margin;
  }

  /** Cash plus the profit of the open trades at the current bar's close. */
  equity(): number {
    const { trades } = this;
    if (trades.length === 0) return this.cash;
    const price = this.candles.close[this.bar];
    let profit = 0;
    for (let i = 0; i < trades.length; i++) profit += this.unitsOf(trades[i]!) * (price - trades[i]!.entryPrice);
    return this.cash + profit;
  }

  /**
   * Fills what bar `bar` fills and answers the equity at its close. An account at or below 0 is closed for good at that
   * close, and its equity is 0; as in the peer, the trades keep the whole loss, even beyond what the account held.
   */
  processBar(bar: number): number {
    this.bar = bar;
    if (this.orders.length > 0) this.processOrders();
    const equity = this.equity();
    if (equity > 0) return equity;
    for (const trade of [...this.trades]) this.closeTrade(trade, this.candles.close[bar], bar, 'ruin');
    this.ruined = true;
    return 0;
  }

  /** Places an order. Errors: REQUEST_INVALID when stop-loss, entry and take-profit are not in that order. */
  submit(request: OrderRequest): void {
    const { side, limit, stop, stopLoss, takeProfit } = request;
    const entry = limit ?? stop ?? this.spreadPrice(side, this.candles.close[this.bar]);
    const below = side === 1 ? stopLoss : takeProfit;
    const above = side === 1 ? takeProfit : stopLoss;
    if ((below !== undefined && below >= entry) || (above !== undefined && above <= entry)) {
      throw new AppError('REQUEST_INVALID', {
        rule: 'An order must lie between its stop-loss and its take-profit.',
        found: `stop-loss ${stopLoss ?? 'none'}, entry ${entry}, take-profit ${takeProfit ?? 'none'}.`,
        todo: 'Move the barrier away from the entry price, beyond the spread.',
      });
    }
    if (this.options.exclusiveOrders) {
      for (const order of this.orders) if (order.role === 'entry') order.waiting = false;
      this.dropSettled();
      for (const trade of this.trades) this.close(trade, 'reverse');
    }
    this.orders.push({ side, role: 'entry', trade: undefined, request, limit, stop, reason: 'signal', waiting: true });
  }

  /** Asks to close a trade as soon as the broker fills market orders. Asking twice changes nothing. */
  close(trade: OpenTrade, reason: ExitReason): void {
    if (trade.closeOrder !== undefined) return;
    trade.closeOrder = this.exitOrder(trade, 'close', undefined, undefined, reason);
    this.orders.unshift(trade.closeOrder);
  }

  /** Moves the stop-loss of a trade to `level`. It acts from the next bar. */
  moveStop(trade: OpenTrade, level: number, reason: ExitReason): void {
    if (trade.stopOrder !== undefined) trade.stopOrder.waiting = false;
    this.dropSettled();
    trade.stopOrder = this.exitOrder(trade, 'stop', undefined, level, reason);
    // Stops come first in the queue: a bar that holds stop and target is taken as a loss.
    this.orders.unshift(trade.stopOrder);
  }

  /** Withdraws entry orders that have not filled. */
  cancelEntries(): void {
    for (const order of this.orders) if (order.role === 'entry') order.waiting = false;
    this.dropSettled();
  }

  /** The open trades marked at the current close, without an exit fee. */
  markedTrades(): Trade[] {
    const price = this.candles.close[this.bar];
    return this.trades.map((trade) => this.record(trade, price, this.bar, this.entryFee(trade), 'open'));
  }

  private processOrders(): void {
    const { candle, candles, bar } = this;
    candle.high = candles.high[bar];
    candle.low = candles.low[bar];
    let again = true;
    while (again) {
      if (!this.anyTouched()) return;
      candle.open = candles.open[bar];
      candle.previousClose = bar > 0 ? candles.close[bar - 1] : candle.open;
      again = false;
      // Over a copy: orders added on the way wait for the next round, orders removed on the way are skipped.
      for (const order of [...this.orders]) {
        if (!order.waiting || !touchOrder(order, candle, this.options.tradeOnClose, this.touch)) continue;
        if (order.trade === undefined) again = this.fillEntry(order) || again;
        else this.fillExit(order, order.trade);
      }
      this.dropSettled();
    }
  }

  private anyTouched(): boolean {
    const { high, low } = this.candle;
    for (const order of this.orders) if (isTouched(order, high, low)) return true;
    return false;
  }

  private fillExit(order: BrokerOrder, trade: OpenTrade): void {
    order.waiting = false;
    if (!this.trades.includes(trade)) return;
    const target = trade.targetOrder?.limit;
    const { high, low, open } = this.candle;
    const { price } = this.touch;
    const targetInside = target !== undefined && low <= target && target <= high;
    if (order.role === 'stop' && targetInside && price !== open) this.ambiguousBars++;
    this.closeTrade(trade, price, this.fillBar(), order.reason);
  }

  /** Fills an entry order and answers whether the bar must be looked at once more for the stops it brought. */
  private fillEntry(order: BrokerOrder): boolean {
    order.waiting = false;
    const request = order.request!;
    const { price, stop } = this.touch;
    const bar = this.fillBar();
    const entryPrice = this.spreadPrice(order.side, price);
    const costPrice = entryPrice + feePerUnit(request.size, price, this.costs);
    const money = this.marginAvailable() * this.leverage;
    let steps = stepsOf(request.size, this.sizing, money, entryPrice, costPrice);
    if (steps === 0) {
      this.skippedOrders++;
      return false;
    }
    if (!this.options.hedging) steps = this.closeOpposite(order.side, steps, price, bar);
    if (steps === 0) return false;
    if (steps * this.sizing.sizeStep * costPrice > this.marginAvailable() * this.leverage) {
      this.skippedOrders++;
      return false;
    }
    this.openTrade(order, steps, entryPrice, bar);
    const isMarket = order.limit === undefined && stop === undefined;
    return isMarket || (order.limit === undefined && this.targetOnly(request));
  }

  /** A stop entry whose target lies in the bar and whose stop-loss does not: the way there is not in doubt. */
  private targetOnly({ side, stopLoss, takeProfit }: OrderRequest): boolean {
    const { high, low } = this.candle;
    if (takeProfit === undefined) return false;
    // For a short entry the peer compares the target with the low the other way round; results must agree with it.
    return side === 1
      ? takeProfit <= high && (stopLoss ?? Number.NEGATIVE_INFINITY) < low
      : takeProfit >= low && (stopLoss ?? Number.POSITIVE_INFINITY) > high;
  }

  /** Closes opposite trades, oldest first, and answers the steps that are left to open. */
  private closeOpposite(side: 1 | -1, wanted: number, price: number, bar: number): number {
    let steps = wanted;
    for (const trade of [...this.trades]) {
      if (steps === 0) break;
      if (trade.side === side) continue;
      const part = Math.min(steps, trade.steps);
      steps -= part;
      if (part === trade.steps) {
        this.closeTrade(trade, price, bar, 'reverse');
      } else {
        trade.steps -= part;
        const half: OpenTrade = { ...trade, steps: part };
        this.settle(half, price, bar, 'reverse');
      }
    }
    return steps;
  }

  private openTrade(order: BrokerOrder, steps: number, entryPrice: number, bar: number): void {
    const { side } = order;
    const { stopLoss, takeProfit } = order.request!;
    const trade: OpenTrade = {
      side,
      steps,
      entryBar: bar,
      entryPrice,
      stopOrder: undefined,
      targetOrder: undefined,
      closeOrder: undefined,
    };
    this.trades.push(trade);
    const fee = this.entryFee(trade);
    this.cash -= fee;
    this.fill(bar, side, steps, entryPrice, fee, 'entry');
    if (takeProfit !== undefined) {
      trade.targetOrder = this.exitOrder(trade, 'target', takeProfit, undefined, 'take-profit');
      this.orders.push(trade.targetOrder);
    }
    if (stopLoss !== undefined) this.moveStop(trade, stopLoss, order.request!.stopReason ?? 'stop-loss');
  }

  private closeTrade(trade: OpenTrade, price: number, bar: number, reason: ExitReason): void {
    this.trades.splice(this.trades.indexOf(trade), 1);
    if (trade.stopOrder !== undefined) trade.stopOrder.waiting = false;
    if (trade.targetOrder !== undefined) trade.targetOrder.waiting = false;
    this.settle(trade, price, bar, reason);
  }

  /** Books the profit and the exit fee of a trade, or of the part of one that an opposite order closed. */
  private settle(trade: OpenTrade, price: number, bar: number, reason: ExitReason): void {
    const fee = this.fee(trade.steps * this.sizing.sizeStep, price);
    this.cash += this.unitsOf(trade) * (price - trade.entryPrice) - fee;
    this.fill(bar, trade.side === 1 ? -1 : 1, trade.steps, price, fee, reason);
    this.closed.push(this.record(trade, price, bar, fee + this.entryFee(trade), reason));
  }

  private record(trade: OpenTrade, exitPrice: number, exitBar: number, fees: number, exitReason: ExitReason): Trade {
    const { side, entryBar, entryPrice } = trade;
    const size = trade.steps * this.sizing.sizeStep;
    return {
      side: side === 1 ? 'long' : 'short',
      entryBar,
      entryPrice,
      exitBar,
      exitPrice,
      size,
      fees,
      pnl: side * size * (exitPrice - entryPrice) - fees,
      return: side * (exitPrice / entryPrice - 1) - fees / (size * entryPrice),
      exitReason,
    };
  }

  private fill(bar: number, side: 1 | -1, steps: number, price: number, fee: number, reason: Fill['reason']): void {
    const size = steps * this.sizing.sizeStep;
    this.fills.push({ bar, side: side === 1 ? 'buy' : 'sell', size, price, fee, reason });
  }

  private exitOrder(
    trade: OpenTrade,
    role: 'stop' | 'target' | 'close',
    limit: number | undefined,
    stop: number | undefined,
    reason: ExitReason,
  ): BrokerOrder {
    return { side: trade.side === 1 ? -1 : 1, role, trade, request: undefined, limit, stop, reason, waiting: true };
  }

  private dropSettled(): void {
    this.orders = this.orders.filter((order) => order.waiting);
  }

  private fillBar(): number {
    return this.touch.atPreviousClose ? this.bar - 1 : this.bar;
  }

  private unitsOf(trade: OpenTrade): number {
    return trade.side * trade.steps * this.sizing.sizeStep;
  }

  private spreadPrice(side: 1 | -1, price: number): number {
    return price * (1 + side * this.options.spread);
  }

  private fee(units: number, price: number): number {
    return feeOf(units, price, this.costs);
  }

  private entryFee(trade: OpenTrade): number {
    return this.fee(trade.steps * this.sizing.sizeStep, trade.entryPrice);
  }

  private marginAvailable(): number {
    const price = this.candles.close[this.bar];
    let used = 0;
    for (const trade of this.trades) used += (trade.steps * this.sizing.sizeStep * price) / this.leverage;
    return Math.max(0, this.equity() - used);
  }
}

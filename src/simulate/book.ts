// The account of one run under our own rules: cash, the open position, fills, trades, and equity at every close.
import type { ExitReason, Trade } from '../metrics/trade.ts';
import { feeOf, marketPrice } from './costs.ts';
import { markEquity } from './equity.ts';
import type { Costs, Fill, Simulation, SimulationInput, Sizing } from './simulation.ts';
import { sizeEntry } from './sizing.ts';

export class Book {
  /** Signed size of the open position in units; 0 when flat. */
  units = 0;
  ruined = false;
  ambiguousBars = 0;
  private cash: number;
  private skippedOrders = 0;
  private exposedBars = 0;
  private entryBar = 0;
  private entryPrice = 0;
  private entryValue = 0;
  private entryFee = 0;
  /** Bars [0, marked) have their equity. */
  private marked = 0;
  private readonly initialCash: number;
  private readonly costs: Costs;
  private readonly sizing: Sizing;
  private readonly close: Float64Array;
  private readonly equity: Float64Array;
  private readonly fills: Fill[] = [];
  private readonly trades: Trade[] = [];

  constructor({ candles, settings, equity }: SimulationInput) {
    this.cash = settings.initialCash;
    this.initialCash = settings.initialCash;
    this.costs = settings.costs;
    this.sizing = settings.sizing;
    this.close = candles.close;
    this.equity = equity ?? new Float64Array(candles.barCount);
  }

  /** Cash plus the position at `price`. */
  equityAt(price: number): number {
    return this.cash + this.units * price;
  }

  /** Opens a position with a market order and answers true, or counts an order too small to place (rule 8). */
  enter(side: 1 | -1, bar: number, reference: number): boolean {
    const price = marketPrice(reference, side, this.costs);
    const order = sizeEntry(this.sizing, this.costs, this.cash, price);
    if (order === undefined) {
      this.skippedOrders++;
      return false;
    }
    this.markTo(bar);
    const { size, value, fee } = order;
    // A buy pays value and fee; a short sale is credited its value and pays the fee.
    this.cash = side === 1 ? this.cash - (value + fee) : this.cash + (value - fee);
    this.units = side * size;
    this.entryBar = bar;
    this.entryPrice = price;
    this.entryValue = value;
    this.entryFee = fee;
    this.fills.push({ bar, side: side === 1 ? 'buy' : 'sell', size, price, fee, reason: 'entry' });
    return true;
  }

  /** Closes the whole position with a market order: slippage is paid (rules 7 and 15). */
  exitAtMarket(bar: number, reference: number, reason: ExitReason): void {
    this.exitAt(bar, marketPrice(reference, this.units > 0 ? -1 : 1, this.costs), reason);
  }

  /** Closes the whole position at exactly `price`, as a limit order does (rule 15). */
  exitAt(bar: number, price: number, reason: ExitReason): void {
    this.markTo(bar);
    const size = Math.abs(this.units);
    const value = size * price;
    const fee = feeOf(value, this.costs);
    const isLong = this.units > 0;
    this.cash = isLong ? this.cash + (value - fee) : this.cash - (value + fee);
    let pnl = (isLong ? value - this.entryValue : this.entryValue - value) - this.entryFee - fee;
    this.units = 0;
    if (this.cash <= 0) {
      // Rule 9: the account is gone. What it owes beyond that is not booked, so profits still add up to the equity.
      pnl -= this.cash;
      this.cash = 0;
      this.ruined = true;
    }
    this.fills.push({ bar, side: isLong ? 'sell' : 'buy', size, price, fee, reason });
    this.trades.push(this.trade(isLong, bar, price, size, this.entryFee + fee, pnl, reason));
  }

  /** Marks what is left and hands everything over. */
  finish(): Simulation {
    const lastBar = this.close.length - 1;
    this.markTo(lastBar + 1);
    if (this.units !== 0) this.trades.push(this.openTrade(lastBar));
    const finalEquity = lastBar < 0 ? this.initialCash : this.equity[lastBar];
    return {
      fills: this.fills,
      trades: this.trades,
      equity: this.equity,
      finalEquity,
      totalReturn: (finalEquity - this.initialCash) / this.initialCash,
      exposedBars: this.exposedBars,
      ambiguousBars: this.ambiguousBars,
      skippedOrders: this.skippedOrders,
      ruined: this.ruined,
    };
  }

  /** Writes the equity of the bars before `bar` that are not marked yet: position and cash did not change since. */
  private markTo(bar: number): void {
    if (this.units !== 0) this.exposedBars += bar - this.marked;
    markEquity(this.equity, this.close, this.marked, bar, this.cash, this.units);
    this.marked = bar;
  }

  /** Rule 17: a position left at the end is marked at the last close, without an exit fee. */
  private openTrade(lastBar: number): Trade {
    const isLong = this.units > 0;
    const size = Math.abs(this.units);
    const price = this.close[lastBar];
    const value = size * price;
    const pnl = (isLong ? value - this.entryValue : this.entryValue - value) - this.entryFee;
    return this.trade(isLong, lastBar, price, size, this.entryFee, pnl, 'open');
  }

  private trade(
    isLong: boolean,
    exitBar: number,
    exitPrice: number,
    size: number,
    fees: number,
    pnl: number,
    exitReason: ExitReason,
  ): Trade {
    return {
      side: isLong ? 'long' : 'short',
      entryBar: this.entryBar,
      entryPrice: this.entryPrice,
      exitBar,
      exitPrice,
      size,
      fees,
      pnl,
      return: pnl / this.entryValue,
      exitReason,
    };
  }
}

// The account of a bar strategy: cash, positions side by side, fills, trades, and equity at every close.
import type { Trade } from '../metrics/trade.ts';
import { feeOf, marketPrice } from '../simulate/costs.ts';
import { markEquity } from '../simulate/equity.ts';
import type { Costs, Fill, Simulation, Sizing } from '../simulate/simulation.ts';
import { type EntryOrder, roundDownToStep, sizeWithin } from '../simulate/sizing.ts';
import type { PositionEnd } from '../strategy/bar-context.ts';
import type { Slot } from './slot.ts';

export interface AccountInput {
  readonly close: Float64Array;
  readonly equity: Float64Array;
  readonly initialCash: number;
  readonly costs: Costs;
  readonly sizing: Sizing;
}

/** The tag of a strategy that names none. */
export const MAIN = 'main';

export class Account {
  cash: number;
  /** Open positions in the order they were opened. */
  readonly open: Slot[] = [];
  /** Shorts among them. */
  shorts = 0;
  ruined = false;
  ambiguousBars = 0;
  skippedOrders = 0;
  /** Held by executors as collateral. */
  reserved = 0;
  /** Open profit of executors. */
  executorPnl = 0;
  /** Bars with an executor's position and no other, counted by whoever runs the executors. */
  exposedBars = 0;
  readonly costs: Costs;
  readonly sizing: Sizing;
  readonly trades: Trade[] = [];
  readonly fills: Fill[] = [];
  private netUnits = 0;
  /** What shorts hold back: their proceeds and as much again. */
  private locked = 0;
  /** Bars [0, marked) have their equity. */
  private marked = 0;
  private readonly input: AccountInput;

  constructor(input: AccountInput) {
    this.input = input;
    this.cash = input.initialCash;
    this.costs = input.costs;
    this.sizing = input.sizing;
  }

  /** Cash and positions at `price`, and what executors have earned so far. */
  equityAt(price: number): number {
    return this.cash + this.netUnits * price + this.executorPnl;
  }

  get freeCash(): number {
    return this.cash - this.locked - this.reserved;
  }

  /**
   * Opens a position of a tag that is flat and answers true, or counts an order that is too small. `equity` is what a
   * share of equity is a share of (rule 22).
   */
  enter(slot: Slot, side: 1 | -1, bar: number, price: number, sizing: Sizing, equity: number): boolean {
    const { freeCash } = this;
    const budget = sizing.kind === 'equity-fraction' ? Math.min(freeCash, equity * sizing.value) : freeCash;
    const order = sizeWithin(sizing, this.costs, budget, price);
    if (order === undefined) {
      this.skippedOrders++;
      return false;
    }
    this.book(slot, side, bar, price, order);
    return true;
  }

  private book(slot: Slot, side: 1 | -1, bar: number, price: number, { size, value, fee }: EntryOrder): void {
    this.markTo(bar);
    this.cash = side === 1 ? this.cash - (value + fee) : this.cash + (value - fee);
    slot.open(side, bar, price, size, value, fee);
    this.open.push(slot);
    this.recount();
    this.fills.push({ bar, side: side === 1 ? 'buy' : 'sell', size, price, fee, reason: 'entry' });
  }

  /** Reference price of a market order against a position, after slippage. */
  priceAgainst(slot: Slot, reference: number): number {
    return marketPrice(reference, slot.units > 0 ? -1 : 1, this.costs);
  }

  /** Closes `units` of a position, or all of it when there are no more, and answers whether it is flat. */
  leave(slot: Slot, units: number, bar: number, price: number, reason: PositionEnd): boolean {
    const held = Math.abs(slot.units);
    if (units >= held) {
      this.leaveAll(slot, bar, price, reason);
      return true;
    }
    const { sizeStep, minSize, minNotional } = this.sizing;
    const size = sizeStep > 0 ? roundDownToStep(units, sizeStep) : units;
    if (!(size > 0) || size < minSize || size * price < minNotional) {
      this.skippedOrders++;
      return false;
    }
    this.markTo(bar);
    const part = size / held;
    const [value, entryFee] = [slot.entryValue * part, slot.entryFee * part];
    const side = slot.units > 0 ? 1 : -1;
    this.trades.push(this.settle(slot, size, bar, price, value, entryFee, reason));
    slot.units -= side * size;
    slot.entryValue -= value;
    slot.entryFee -= entryFee;
    this.recount();
    return false;
  }

  leaveAll(slot: Slot, bar: number, price: number, reason: PositionEnd): void {
    this.markTo(bar);
    const { entryValue } = slot;
    const trade = this.settle(slot, Math.abs(slot.units), bar, price, entryValue, slot.entryFee, reason);
    this.open.splice(this.open.indexOf(slot), 1);
    slot.flatten(bar, reason);
    this.recount();
    this.trades.push(trade);
    this.endWhenGone(entryValue);
  }

  /**
   * Rule 9: an account without anything in it is gone. What it owes beyond that is not booked, so profits still add up
   * to the equity. `entryValue`: of the trade that came last.
   */
  endWhenGone(entryValue?: number): void {
    if (this.cash > 0 || this.open.length > 0 || this.reserved > 0) return;
    const last = this.trades.pop()!;
    const pnl = last.pnl - this.cash;
    this.trades.push({ ...last, pnl, return: pnl / (entryValue ?? last.size * last.entryPrice) });
    this.cash = 0;
    this.ruined = true;
  }

  /** Moves the money of an exit and makes its fill and its trade. */
  private settle(
    slot: Slot,
    size: number,
    bar: number,
    price: number,
    entryValue: number,
    entryFee: number,
    reason: PositionEnd,
  ): Trade {
    const isLong = slot.units > 0;
    const value = size * price;
    const fee = feeOf(value, this.costs);
    this.cash = isLong ? this.cash + (value - fee) : this.cash - (value + fee);
    const pnl = (isLong ? value - entryValue : entryValue - value) - entryFee - fee;
    this.fills.push({ bar, side: isLong ? 'sell' : 'buy', size, price, fee, reason });
    return this.trade(slot, bar, price, size, entryValue, entryFee + fee, pnl, reason);
  }

  private trade(
    slot: Slot,
    exitBar: number,
    exitPrice: number,
    size: number,
    entryValue: number,
    fees: number,
    pnl: number,
    exitReason: PositionEnd,
  ): Trade {
    const { tag, entryBar, entryPrice } = slot;
    const side = slot.units > 0 ? 'long' : 'short';
    const base = { side, entryBar, entryPrice, exitBar, exitPrice, size, fees, pnl, return: pnl / entryValue } as const;
    return tag === MAIN ? { ...base, exitReason } : { ...base, exitReason, tag };
  }

  /** Cash that came or went otherwise at `bar`. */
  credit(bar: number, amount: number): void {
    this.markTo(bar);
    this.cash += amount;
  }

  /** Marks what is left and hands everything over. `executorPnl`: open profit of executors at each close, if there were any. */
  finish(executorPnl: Float64Array | undefined): Simulation {
    const { close, equity, initialCash } = this.input;
    const lastBar = close.length - 1;
    this.markTo(lastBar + 1);
    for (const slot of this.open) this.trades.push(this.openTrade(slot, lastBar, close[lastBar]!));
    if (executorPnl !== undefined) for (let i = 0; i <= lastBar; i++) equity[i] = equity[i]! + executorPnl[i]!;
    const finalEquity = lastBar < 0 ? initialCash : equity[lastBar]!;
    const { fills, trades, exposedBars, ambiguousBars, skippedOrders, ruined } = this;
    const totalReturn = (finalEquity - initialCash) / initialCash;
    return { fills, trades, equity, finalEquity, totalReturn, exposedBars, ambiguousBars, skippedOrders, ruined };
  }

  private openTrade(slot: Slot, lastBar: number, price: number): Trade {
    const size = Math.abs(slot.units);
    const value = size * price;
    const pnl = (slot.units > 0 ? value - slot.entryValue : slot.entryValue - value) - slot.entryFee;
    return this.trade(slot, lastBar, price, size, slot.entryValue, slot.entryFee, pnl, 'open');
  }

  /** Writes the equity of the bars before `bar` that are not marked yet: positions and cash did not change since. */
  private markTo(bar: number): void {
    if (bar <= this.marked) return;
    if (this.open.length > 0) this.exposedBars += bar - this.marked;
    markEquity(this.input.equity, this.input.close, this.marked, bar, this.cash, this.netUnits);
    this.marked = bar;
  }

  private recount(): void {
    let units = 0;
    let locked = 0;
    let shorts = 0;
    for (const slot of this.open) {
      units += slot.units;
      if (slot.units > 0) continue;
      shorts++;
      locked += 2 * slot.entryValue;
    }
    this.netUnits = units;
    this.locked = locked;
    this.shorts = shorts;
  }
}

// The rule book of the profile `freqtrade`: entries and exits at the open after the signal, one trade at a time.
import type { Candles } from '../market/candles.ts';
import type { ExitReason, Trade } from '../metrics/trade.ts';
import { FreqtradeExits } from './freqtrade-exits.ts';
import { type FreqtradePlan, planFreqtrade } from './freqtrade-plan.ts';
import { checkSettings } from './settings.ts';
import {
  type Direction,
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  EXIT_SHORT,
  type Fill,
  type Simulation,
  type SimulationInput,
  type Sizing,
} from './simulation.ts';
import { roundDownToStep } from './sizing.ts';

const FLAG_COMBINATIONS = 16;

/**
 * Signals are settled as freqtrade does: an entry counts only without an exit of its side and without an entry of the
 * other; an exit counts only without an entry of its side; an opposite entry alone closes nothing. A trade that was
 * closed in a bar may be followed by one of the other side at that same open, whatever closed it; no trade is opened in
 * the last bar. Equity at or below 0 ends the run. Errors: REQUEST_INVALID.
 */
export function runFreqtradeRules(input: SimulationInput): Simulation {
  checkSettings(input.settings);
  const run = new FreqtradeRun(input, planFreqtrade(input.settings));
  const { barCount } = input.candles;
  for (let bar = 0; bar < barCount && !run.ruined; bar++) run.step(bar);
  if (input.settings.closeAtEnd) run.forceExit();
  return run.finish();
}

class FreqtradeRun {
  ruined = false;
  /** 1 long, -1 short, 0 flat. */
  private side: 1 | -1 | 0 = 0;
  private balance: number;
  private units = 0;
  private entryBar = 0;
  private entryPrice = 0;
  private entryFee = 0;
  private exposedBars = 0;
  private ambiguousBars = 0;
  private skippedOrders = 0;
  private readonly candles: Candles;
  private readonly signals: Uint8Array;
  private readonly actions: Uint8Array;
  private readonly plan: FreqtradePlan;
  private readonly exits: FreqtradeExits;
  private readonly sizing: Sizing;
  private readonly initialCash: number;
  private readonly equity: Float64Array;
  private readonly fills: Fill[] = [];
  private readonly trades: Trade[] = [];

  constructor({ candles, signals, settings, equity }: SimulationInput, plan: FreqtradePlan) {
    this.candles = candles;
    this.signals = signals;
    this.actions = settledFlags(settings.direction);
    this.plan = plan;
    this.exits = new FreqtradeExits(plan, candles);
    this.sizing = settings.sizing;
    this.initialCash = settings.initialCash;
    this.balance = settings.initialCash;
    this.equity = equity ?? new Float64Array(candles.barCount);
  }

  step(bar: number): void {
    const action = bar === 0 ? 0 : this.actions[this.signals[bar - 1] & (FLAG_COMBINATIONS - 1)];
    const entry = (action & ENTER_LONG) !== 0 ? 1 : (action & ENTER_SHORT) !== 0 ? -1 : 0;
    const sideBefore = this.side;
    this.enterAndLeave(bar, entry, action);
    // A reversal: the old trade is gone and the signal asks for the other side.
    const reversed = sideBefore !== 0 && this.side === 0 && entry === -sideBefore && !this.ruined;
    if (reversed) this.enterAndLeave(bar, entry, action);
    this.mark(bar);
  }

  /** A trade still open is closed at the open of the last bar. */
  forceExit(): void {
    const lastBar = this.candles.barCount - 1;
    if (this.side === 0 || lastBar < 0) return;
    this.leave(lastBar, this.candles.open[lastBar], 'end');
    this.exposedBars--;
    this.equity[lastBar] = this.balance;
  }

  finish(): Simulation {
    const lastBar = this.candles.barCount - 1;
    if (this.side !== 0) this.trades.push(this.record(lastBar, this.candles.close[lastBar], 0, 'open'));
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

  private enterAndLeave(bar: number, entry: 1 | -1 | 0, action: number): void {
    if (this.side === 0 && entry !== 0 && bar < this.candles.barCount - 1) this.enter(entry, bar);
    if (this.side === 0) return;
    const exitSignal = (action & (this.side === 1 ? EXIT_LONG : EXIT_SHORT)) !== 0;
    const reason = this.exits.check(bar, exitSignal);
    if (reason === undefined) return;
    if (this.exits.ambiguous) this.ambiguousBars++;
    this.leave(bar, this.exits.price, reason);
  }

  /** The stake is a share of the balance, or fixed and cut to the balance; fees come on top, as freqtrade books them. */
  private enter(side: 1 | -1, bar: number): void {
    const price = this.candles.open[bar];
    const { kind, value, sizeStep, minSize, minNotional } = this.sizing;
    const { leverage, feeRate } = this.plan;
    const wanted =
      kind === 'equity-fraction'
        ? this.balance * value
        : kind === 'fixed-notional'
          ? value
          : (value * price) / leverage;
    const stake = Math.min(wanted, this.balance);
    const exact = kind === 'fixed-units' && stake === wanted ? value : (stake * leverage) / price;
    const units = sizeStep > 0 ? roundDownToStep(exact, sizeStep) : exact;
    if (!(units > 0) || units < minSize || units * price < minNotional) {
      this.skippedOrders++;
      return;
    }
    this.side = side;
    this.units = units;
    this.entryBar = bar;
    this.entryPrice = price;
    this.entryFee = units * price * feeRate;
    this.fill(bar, side, price, this.entryFee, 'entry');
    this.exits.start(side, bar, price);
  }

  private leave(bar: number, price: number, reason: ExitReason): void {
    const fee = this.units * price * this.plan.feeRate;
    this.fill(bar, this.side === 1 ? -1 : 1, price, fee, reason);
    const trade = this.record(bar, price, fee, reason);
    this.balance += trade.pnl;
    this.side = 0;
    if (this.balance > 0) {
      this.trades.push(trade);
      return;
    }
    // What is owed beyond the account is not booked, so that profits still add up to the equity.
    const pnl = trade.pnl - this.balance;
    this.trades.push({ ...trade, pnl, return: pnl / (trade.entryPrice * trade.size) });
    this.balance = 0;
    this.ruined = true;
  }

  private mark(bar: number): void {
    const close = this.candles.close[bar];
    let equity = this.balance;
    if (this.side !== 0) {
      equity += this.side * this.units * (close - this.entryPrice) - this.entryFee;
      if (equity <= 0) {
        this.leave(bar, close, 'ruin');
        equity = this.balance;
      } else {
        this.exposedBars++;
      }
    }
    if (this.ruined) this.equity.fill(0, bar);
    else this.equity[bar] = equity;
  }

  private record(exitBar: number, exitPrice: number, exitFee: number, exitReason: ExitReason): Trade {
    const { side, entryPrice, units: size } = this;
    const fees = this.entryFee + exitFee;
    const pnl = side * size * (exitPrice - entryPrice) - fees;
    return {
      side: side === 1 ? 'long' : 'short',
      entryBar: this.entryBar,
      entryPrice,
      exitBar,
      exitPrice,
      size,
      fees,
      pnl,
      return: pnl / (entryPrice * size),
      exitReason,
    };
  }

  private fill(bar: number, side: 1 | -1, price: number, fee: number, reason: Fill['reason']): void {
    this.fills.push({ bar, side: side === 1 ? 'buy' : 'sell', size: this.units, price, fee, reason });
  }
}

/** What is left of the flags of a bar, by raw flags. Flags of a side that the direction excludes are not seen at all. */
function settledFlags(direction: Direction): Uint8Array {
  const table = new Uint8Array(FLAG_COMBINATIONS);
  const seen =
    (direction === 'short' ? 0 : ENTER_LONG | EXIT_LONG) | (direction === 'long' ? 0 : ENTER_SHORT | EXIT_SHORT);
  for (let raw = 0; raw < FLAG_COMBINATIONS; raw++) {
    const flags = raw & seen;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (has(ENTER_LONG) && !has(EXIT_LONG) && !has(ENTER_SHORT)) table[raw] |= ENTER_LONG;
    if (has(ENTER_SHORT) && !has(EXIT_SHORT) && !has(ENTER_LONG)) table[raw] |= ENTER_SHORT;
    if (has(EXIT_LONG) && !has(ENTER_LONG)) table[raw] |= EXIT_LONG;
    if (has(EXIT_SHORT) && !has(ENTER_SHORT)) table[raw] |= EXIT_SHORT;
  }
  return table;
}

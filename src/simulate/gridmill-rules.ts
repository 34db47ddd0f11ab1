// The rule book of the profiles `close` and `next-open`: docs/fills.md, rules 2 and 4 to 17, bar by bar.
import type { Candles } from '../market/candles.ts';
import type { ExitReason } from '../metrics/trade.ts';
import { BarrierWatch } from './barriers.ts';
import { Book } from './book.ts';
import { checkSettings } from './settings.ts';
import { actionTable, FLAG_MASK } from './signal-actions.ts';
import { ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT, type Simulation, type SimulationInput } from './simulation.ts';

export function runGridmillRules(input: SimulationInput): Simulation {
  checkSettings(input.settings);
  const run = new GridmillRun(input);
  if (input.settings.profile.fillAt === 'close') run.fillAtClose();
  else run.fillAtNextOpen();
  if (input.settings.closeAtEnd) run.closeAtEnd();
  return run.book.finish();
}

class GridmillRun {
  readonly book: Book;
  private readonly candles: Candles;
  private readonly signals: Uint8Array;
  private readonly actions: Uint8Array;
  private readonly watch: BarrierWatch;
  /** Whether the open position must be looked at on every bar: for its barriers, or because a short can be ruined. */
  private watching = false;

  constructor(input: SimulationInput) {
    this.book = new Book(input);
    this.candles = input.candles;
    this.signals = input.signals;
    this.actions = actionTable(input.settings.direction);
    this.watch = new BarrierWatch(input.settings.barriers);
  }

  /** Profile `close` (rule 2): the signal of a bar fills at its close; barriers act from the next bar (rule 11). */
  fillAtClose(): void {
    const signals = this.signals;
    const actions = this.actions;
    const { barCount, close } = this.candles;
    for (let bar = 0; bar < barCount; bar++) {
      const action = actions[signals[bar] & FLAG_MASK];
      if (action === 0 && !this.watching) continue;
      // Rule 14: an exit at a barrier discards the signal of its bar.
      const left = this.watching && this.leaveAtBarrier(bar);
      if (!left && action !== 0) this.act(action, bar, close[bar]);
      this.checkRuin(bar);
      if (this.book.ruined) return;
    }
  }

  /** Profile `next-open` (rule 2): the signal of a bar fills at the next open, before any barrier of that bar (rule 11). */
  fillAtNextOpen(): void {
    const signals = this.signals;
    const actions = this.actions;
    const { barCount, open } = this.candles;
    let action = 0;
    for (let bar = 0; bar < barCount; bar++) {
      const waiting = action;
      action = actions[signals[bar] & FLAG_MASK];
      if (waiting === 0 && !this.watching) continue;
      if (waiting !== 0) this.act(waiting, bar, open[bar]);
      if (this.watching && !this.book.ruined) {
        this.leaveAtBarrier(bar);
        this.checkRuin(bar);
      }
      if (this.book.ruined) return;
    }
  }

  /** Rule 17: closes what is left at the last close, with costs. */
  closeAtEnd(): void {
    const lastBar = this.candles.barCount - 1;
    if (this.book.units !== 0) this.leave(lastBar, this.candles.close[lastBar], 'end');
  }

  /** Carries out settled flags at the reference price of the fill (rules 5 and 6). */
  private act(action: number, bar: number, reference: number): void {
    const { units } = this.book;
    if (units > 0) {
      if ((action & ENTER_SHORT) !== 0) this.reverse(-1, bar, reference);
      else if ((action & EXIT_LONG) !== 0) this.leave(bar, reference, 'signal');
    } else if (units < 0) {
      if ((action & ENTER_LONG) !== 0) this.reverse(1, bar, reference);
      else if ((action & EXIT_SHORT) !== 0) this.leave(bar, reference, 'signal');
    } else if ((action & ENTER_LONG) !== 0) this.enter(1, bar, reference);
    else if ((action & ENTER_SHORT) !== 0) this.enter(-1, bar, reference);
  }

  /** Rule 5: two fills at one price. */
  private reverse(side: 1 | -1, bar: number, reference: number): void {
    this.leave(bar, reference, 'reverse');
    if (!this.book.ruined) this.enter(side, bar, reference);
  }

  private enter(side: 1 | -1, bar: number, reference: number): void {
    if (!this.book.enter(side, bar, reference)) return;
    this.watch.start(side, reference, bar);
    this.watching = this.watch.any || side === -1;
  }

  private leave(bar: number, reference: number, reason: ExitReason): void {
    this.book.exitAtMarket(bar, reference, reason);
    this.stopWatching();
  }

  /** Tests the barriers of one bar and answers whether the position was closed (rules 12, 13, 15, 16). */
  private leaveAtBarrier(bar: number): boolean {
    const { watch, book } = this;
    const high = this.candles.high[bar];
    const low = this.candles.low[bar];
    if (low <= watch.lower || high >= watch.upper) {
      const reason = watch.hit(this.candles.open[bar], high, low);
      if (watch.hitWasAmbiguous) book.ambiguousBars++;
      if (reason === 'take-profit') book.exitAt(bar, watch.hitPrice, reason);
      else book.exitAtMarket(bar, watch.hitPrice, reason);
      this.stopWatching();
      return true;
    }
    if (bar === watch.timeLimitBar) {
      this.leave(bar, this.candles.close[bar], 'time-limit');
      return true;
    }
    if (watch.trails) watch.follow(high, low);
    return false;
  }

  /** Rule 9, at the close. Only a short can get there while open: a long position is paid for. */
  private checkRuin(bar: number): void {
    const close = this.candles.close[bar];
    if (this.book.units < 0 && this.book.equityAt(close) <= 0) this.leave(bar, close, 'ruin');
  }

  private stopWatching(): void {
    this.watch.stop();
    this.watching = false;
  }
}

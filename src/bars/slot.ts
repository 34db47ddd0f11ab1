// The position of one tag: what is held, since when, and where its exits lie.

import { BarrierWatch } from '../simulate/barriers.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Position, PositionEnd } from '../strategy/bar-context.ts';

const FLAT = -1;

/** What a position needs to know of the run it is part of. */
export interface SlotClock {
  /** The bar of the window that has closed. */
  readonly bar: number;
  readonly close: number;
}

const nearest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);

/** Of two sets of barriers the one of each kind that acts first. */
export function joinBarriers(a: Barriers, b: Barriers): Barriers {
  return {
    stopLoss: nearest(a.stopLoss, b.stopLoss),
    takeProfit: nearest(a.takeProfit, b.takeProfit),
    trailingStop: nearest(a.trailingStop, b.trailingStop),
    timeLimit: nearest(a.timeLimit, b.timeLimit),
  };
}

export class Slot implements Position {
  readonly tag: string;
  /** Signed units; 0 while flat. */
  units = 0;
  /** Quote currency at the fill, and the fee paid, of what is still held. */
  entryValue = 0;
  entryFee = 0;
  lastExitBar = FLAT;
  lastExitReason: PositionEnd | undefined = undefined;
  /** The bar whose inside this position has been through. */
  testedBar = FLAT;
  readonly watch: BarrierWatch;
  private entered = FLAT;
  private price = Number.NaN;
  private reference = 0;
  private readonly clock: SlotClock;
  private readonly barriers: Barriers;

  constructor(tag: string, barriers: Barriers, clock: SlotClock) {
    this.tag = tag;
    this.barriers = barriers;
    this.clock = clock;
    this.watch = new BarrierWatch(barriers);
  }

  get side(): 1 | -1 | 0 {
    return this.units > 0 ? 1 : this.units < 0 ? -1 : 0;
  }

  get size(): number {
    return Math.abs(this.units);
  }

  get entryPrice(): number {
    return this.units === 0 ? Number.NaN : this.price;
  }

  get entryBar(): number {
    return this.units === 0 ? FLAT : this.entered;
  }

  get barsHeld(): number {
    return this.units === 0 ? 0 : this.clock.bar - this.entered;
  }

  get openPnl(): number {
    if (this.units === 0) return 0;
    const value = Math.abs(this.units) * this.clock.close;
    return (this.units > 0 ? value - this.entryValue : this.entryValue - value) - this.entryFee;
  }

  get stopPrice(): number {
    return finite(this.units > 0 ? this.watch.lower : this.watch.upper);
  }

  get targetPrice(): number {
    return finite(this.units > 0 ? this.watch.upper : this.watch.lower);
  }

  open(side: 1 | -1, bar: number, price: number, size: number, value: number, fee: number): void {
    this.units = side * size;
    this.entered = bar;
    this.price = price;
    this.entryValue = value;
    this.entryFee = fee;
  }

  /** Sets the exits of a position that was just opened, from its price before slippage. */
  guard(reference: number, own: Barriers | undefined, stopPrice: number, targetPrice: number): void {
    const side = this.units > 0 ? 1 : -1;
    this.reference = reference;
    this.watch.use(own === undefined ? this.barriers : joinBarriers(this.barriers, own));
    this.watch.start(side, reference, this.entered);
    if (!Number.isNaN(stopPrice)) this.watch.moveStop(this.nearer(side, stopPrice, this.ownStop(side, own)));
    if (!Number.isNaN(targetPrice)) this.watch.moveTarget(this.nearer(-side, targetPrice, this.ownTarget(side, own)));
  }

  /** Moves the stop; that of the run's own barriers stays where it is. NaN takes it away. */
  moveStop(price: number): void {
    const side = this.units > 0 ? 1 : -1;
    this.watch.moveStop(this.nearer(side, price, this.ownStop(side, undefined)));
  }

  moveTarget(price: number): void {
    const side = this.units > 0 ? 1 : -1;
    this.watch.moveTarget(this.nearer(-side, price, this.ownTarget(side, undefined)));
  }

  trailBy(share: number | undefined): void {
    this.watch.trailBy(nearest(share, this.barriers.trailingStop));
  }

  flatten(bar: number, reason: PositionEnd): void {
    this.units = 0;
    this.entryValue = 0;
    this.entryFee = 0;
    this.lastExitBar = bar;
    this.lastExitReason = reason;
    this.watch.stop();
  }

  private ownStop(side: 1 | -1, own: Barriers | undefined): number {
    const share = nearest(this.barriers.stopLoss, own?.stopLoss);
    return share === undefined ? Number.NaN : this.reference * (1 - side * share);
  }

  private ownTarget(side: 1 | -1, own: Barriers | undefined): number {
    const share = nearest(this.barriers.takeProfit, own?.takeProfit);
    return share === undefined ? Number.NaN : this.reference * (1 + side * share);
  }

  /** Of two levels, either of which may be NaN, the one that a fall (side 1) or a rise (side -1) reaches first. */
  private nearer(side: number, a: number, b: number): number {
    if (Number.isNaN(a)) return b;
    if (Number.isNaN(b)) return a;
    return side === 1 ? Math.max(a, b) : Math.min(a, b);
  }
}

const finite = (level: number): number => (Number.isFinite(level) ? level : Number.NaN);

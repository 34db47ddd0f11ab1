// How vectorbt turns the flags of a bar, or a stop, into one order: conflicts, opposite entries, accumulation.
import { AppError } from '../core/errors.ts';
import { ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from './simulation.ts';
import type {
  Accumulation,
  DirectionConflict,
  OppositeEntry,
  ResolvedVectorbtOptions,
  SignalConflict,
  StopExit,
} from './vectorbt-options.ts';
import type { OrderScope } from './vectorbt-orders.ts';

export type SizeKind = 'amount' | 'value' | 'percent';

/** Drops what a conflict mode does not keep of an entry and an exit of one side. */
function settleSide(flags: number, entry: number, exit: number, position: number, mode: SignalConflict): number {
  const both = entry | exit;
  if ((flags & both) !== both) return flags;
  if (mode === 'entry') return flags & ~exit;
  if (mode === 'exit') return flags & ~entry;
  if (mode === 'ignore' || position === 0) return flags & ~both;
  return flags & ~(mode === 'adjacent' ? exit : entry);
}

/** Drops what a conflict mode does not keep of a long and a short entry. */
function settleDirections(flags: number, position: number, mode: DirectionConflict): number {
  const both = ENTER_LONG | ENTER_SHORT;
  if ((flags & both) !== both) return flags;
  if (mode === 'long') return flags & ~ENTER_SHORT;
  if (mode === 'short') return flags & ~ENTER_LONG;
  if (mode === 'ignore' || position === 0) return flags & ~both;
  const keepsLong = position > 0 === (mode === 'adjacent');
  return flags & ~(keepsLong ? ENTER_SHORT : ENTER_LONG);
}

/** One order as the signals of a bar ask for it, in the terms the account understands. One object serves a run. */
export class SignalOrder {
  /** Signed; positive buys. 0 = no order. In units, currency or a share of cash, by `kind`. */
  size = 0;
  kind: SizeKind = 'amount';
  scope: OrderScope = 'both';
  /** Whether it was asked to close or reverse the position, not to open or to add. */
  leaves = false;
  reverses = false;
  private flags = 0;
  private accumulate: Accumulation = 'disabled';
  private readonly options: ResolvedVectorbtOptions;
  private readonly orderSize: number;
  private readonly orderKind: SizeKind;

  /** `orderSize` is the size of each new order, positive, of kind `orderKind`. */
  constructor(options: ResolvedVectorbtOptions, orderSize: number, orderKind: SizeKind) {
    this.options = options;
    this.orderSize = orderSize;
    this.orderKind = orderKind;
  }

  /** The order of a bar's flags: conflicts of each side, then of directions, then entries against the position. */
  fromFlags(flags: number, position: number, valuationPrice: number): void {
    const { options } = this;
    this.accumulate = options.accumulate;
    this.flags = flags;
    if ((flags & (ENTER_LONG | ENTER_SHORT)) !== 0) {
      let left = settleSide(flags, ENTER_LONG, EXIT_LONG, position, options.uponLongConflict);
      left = settleSide(left, ENTER_SHORT, EXIT_SHORT, position, options.uponShortConflict);
      this.flags = settleDirections(left, position, options.uponDirectionConflict);
      this.meetOpposite(position, options.uponOppositeEntry);
    }
    this.resolve(position, valuationPrice);
  }

  /** The order of a stop: it replaces all signals of its bar. */
  fromStop(position: number, valuationPrice: number): void {
    const mode: StopExit = this.options.uponStopExit;
    this.accumulate = this.options.accumulate;
    this.flags = position > 0 ? ENTER_SHORT : ENTER_LONG;
    this.meetOpposite(position, mode);
    this.resolve(position, valuationPrice);
  }

  /** The order that closes the whole position. */
  toClose(position: number): void {
    this.accumulate = 'disabled';
    this.flags = position > 0 ? EXIT_LONG : EXIT_SHORT;
    this.resolve(position, Number.NaN);
  }

  private meetOpposite(position: number, mode: OppositeEntry): void {
    const entry = position > 0 ? ENTER_SHORT : ENTER_LONG;
    if (position === 0 || (this.flags & entry) === 0) return;
    if (mode === 'close' || mode === 'reverse') this.accumulate = 'disabled';
    if (mode === 'reverse' || mode === 'reverse-reduce') return;
    this.flags &= ~entry;
    if (mode !== 'ignore') this.flags |= position > 0 ? EXIT_LONG : EXIT_SHORT;
  }

  /** Turns settled flags into a size: against a position its units (or, accumulating, one order size), else one size. */
  private resolve(position: number, valuationPrice: number): void {
    const { flags } = this;
    this.size = 0;
    this.kind = this.orderKind;
    this.scope = 'both';
    this.leaves = false;
    this.reverses = false;
    if (position === 0) {
      if ((flags & ENTER_LONG) !== 0) this.size = this.orderSize;
      else if ((flags & ENTER_SHORT) !== 0) this.size = -this.orderSize;
      return;
    }
    const isLong = position > 0;
    const away = isLong ? -1 : 1;
    const removes = this.accumulate === 'both' || this.accumulate === 'remove-only';
    const adds = this.accumulate === 'both' || this.accumulate === 'add-only';
    if ((flags & (isLong ? ENTER_SHORT : ENTER_LONG)) !== 0) {
      this.leaves = true;
      if (removes) this.size = away * this.orderSize;
      else this.reverse(Math.abs(position), away, valuationPrice);
    } else if ((flags & (isLong ? EXIT_LONG : EXIT_SHORT)) !== 0) {
      this.scope = isLong ? 'long' : 'short';
      this.leaves = true;
      if (removes) this.size = away * this.orderSize;
      else {
        this.size = away * Math.abs(position);
        this.kind = 'amount';
      }
    } else if ((flags & (isLong ? ENTER_LONG : ENTER_SHORT)) !== 0 && adds) {
      this.scope = isLong ? 'long' : 'short';
      this.size = -away * this.orderSize;
    }
  }

  /** A reversal is one order over both positions, with one fixed fee. */
  private reverse(held: number, away: number, valuationPrice: number): void {
    if (this.orderKind === 'percent') {
      throw new AppError('REQUEST_INVALID', {
        rule: 'Under vectorbt rules a share of cash cannot reverse a position.',
        found: 'a reversal with sizing by a fraction below 1.',
        todo: 'Size by all cash, notional or units, or let opposite entries close (uponOppositeEntry).',
      });
    }
    const opened = this.orderKind === 'value' ? this.orderSize / valuationPrice : this.orderSize;
    this.size = away * held + away * opened;
    this.kind = 'amount';
    this.reverses = true;
  }
}

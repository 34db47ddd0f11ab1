// Readers of columns: they look back from the current bar and cannot be made to look anywhere else.
import { AppError } from '../core/errors.ts';
import type { Flags, Series } from '../strategy/bar-context.ts';

/** The current bar of a run, as an index of the history; NO_BAR before the first and after the last. */
export interface Cursor {
  bar: number;
}

export const NO_BAR = -1;

function refuse(barsAgo: number, bar: number): never {
  if (bar === NO_BAR) {
    throw new AppError('STRATEGY_FAILED', {
      rule: 'Values are read in onBar: elsewhere there is no current bar.',
      found: 'a value read in init, or after the run.',
      todo: 'Declare columns in init, keep them in the state, and read them in onBar.',
    });
  }
  throw new AppError('STRATEGY_FAILED', {
    rule: 'Values are read at the current bar or before it.',
    found: `at(${String(barsAgo)}).`,
    todo: 'Use a whole number of bars ago, 0 or more: at(0) is now, at(1) is one bar before.',
  });
}

/** Whether `barsAgo` is a whole number that does not point into the future; NO_BAR is caught beside it. */
const isPast = (barsAgo: number): boolean => barsAgo >>> 0 === barsAgo;

/** A column with one value per bar of the history. The values never leave this object but one at a time. */
export class BarSeries implements Series {
  readonly #values: Float64Array;
  readonly #cursor: Cursor;

  constructor(values: Float64Array, cursor: Cursor) {
    this.#values = values;
    this.#cursor = cursor;
  }

  at(barsAgo = 0): number {
    const { bar } = this.#cursor;
    if (!isPast(barsAgo) || bar < 0) refuse(barsAgo, bar);
    const index = bar - barsAgo;
    return index < 0 ? Number.NaN : this.#values[index]!;
  }
}

/** A column of a longer timeframe, read by the last of its candles that has closed by the close of the current bar. */
export class ClosedSeries implements Series {
  readonly #values: Float64Array;
  readonly #closedAt: Int32Array;
  readonly #cursor: Cursor;

  constructor(values: Float64Array, closedAt: Int32Array, cursor: Cursor) {
    this.#values = values;
    this.#closedAt = closedAt;
    this.#cursor = cursor;
  }

  at(barsAgo = 0): number {
    const { bar } = this.#cursor;
    if (!isPast(barsAgo) || bar < 0) refuse(barsAgo, bar);
    const index = this.#closedAt[bar]! - barsAgo;
    return index < 0 ? Number.NaN : this.#values[index]!;
  }
}

/** A condition with one byte per bar of the history. */
export class BarFlags implements Flags {
  readonly #values: Uint8Array;
  readonly #cursor: Cursor;

  constructor(values: Uint8Array, cursor: Cursor) {
    this.#values = values;
    this.#cursor = cursor;
  }

  at(barsAgo = 0): boolean {
    const { bar } = this.#cursor;
    if (!isPast(barsAgo) || bar < 0) refuse(barsAgo, bar);
    const index = bar - barsAgo;
    return index >= 0 && this.#values[index] === 1;
  }
}

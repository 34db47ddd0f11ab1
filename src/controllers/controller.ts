// What the engine asks of a controller: where its run begins, and what to do at the close of each bar.

import type { Decimal } from '../core/decimal.ts';
import type { DoubleDouble } from '../core/double-double.ts';
import { doubleOfDecimal, levelOfDecimal } from '../executors/exact-level.ts';
import type { ExecutorBook } from '../executors/executor-book.ts';
import type { TripleBarrier } from '../executors/position-order.ts';
import type { TrailingStop } from './config-fields.ts';

export interface Controller {
  /** First bar of the run. */
  readonly firstBar: number;
  /** How many levels its executors have; 0 when they have none. */
  readonly levels: number;
  /** Creates and stops executors in `book`, which stands at the close of `bar`. */
  decide(book: ExecutorBook, bar: number): void;
  /**
   * The first bar from `bar` on, up to `nextClose` of the book, at which `decide` may do something; that or the number of
   * bars when there is none. Left out by controllers that may act on any bar.
   */
  nextBar?(book: ExecutorBook, bar: number): number;
}

interface BarrierConfig {
  readonly stop_loss: Decimal | null;
  readonly take_profit: Decimal | null;
  readonly time_limit: number | null;
  readonly trailing_stop: TrailingStop | null;
}

const asNumber = (value: Decimal): number => doubleOfDecimal(value).hi;

export const optionalDouble = (value: Decimal | null): DoubleDouble | null =>
  value === null ? null : doubleOfDecimal(value);

export const barrierOf = (config: BarrierConfig): TripleBarrier => ({
  stopLoss: config.stop_loss === null ? null : asNumber(config.stop_loss),
  takeProfit: config.take_profit === null ? null : levelOfDecimal(config.take_profit),
  timeLimitMs: (config.time_limit ?? 0) * 1000,
  trailing:
    config.trailing_stop === null
      ? null
      : {
          activation: levelOfDecimal(config.trailing_stop.activationPrice),
          delta: asNumber(config.trailing_stop.trailingDelta),
        },
});

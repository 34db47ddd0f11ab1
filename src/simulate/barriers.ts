// The barriers of one position: their levels, which one a candle hits, and at what price (rules 10 to 13 and 16).
import type { Barriers } from './simulation.ts';

export type BarrierReason = 'stop-loss' | 'trailing-stop' | 'take-profit';

const NEVER = -1;

/**
 * Stop, target, trailing stop and time limit of the open position, as price levels. One object serves a whole run:
 * `start` sets it for a new position, `stop` switches it off. An absent level is infinitely far away.
 */
export class BarrierWatch {
  /** The level on the falling side: the stop of a long position, the target of a short one. */
  lower = Number.NEGATIVE_INFINITY;
  /** The level on the rising side: the target of a long position, the stop of a short one. */
  upper = Number.POSITIVE_INFINITY;
  /** The bar at whose close the time limit ends the position; -1 when there is none. */
  timeLimitBar = NEVER;
  /** Fill price of the last `hit`, before slippage. */
  hitPrice = 0;
  /** Whether the last `hit` was a stop in a bar that also held the target, so that the worse one was assumed. */
  hitWasAmbiguous = false;
  /** Whether any of the four is set: without one a position needs no look at the bars. */
  any = false;
  trails = false;
  private settings: Barriers;
  private side: 1 | -1 = 1;
  private best = 0;
  private stopLossLevel = 0;
  private stopReason: BarrierReason = 'stop-loss';

  constructor(settings: Barriers) {
    this.settings = settings;
    this.use(settings);
  }

  /** Sets the barriers of the next position. */
  use(settings: Barriers): void {
    this.settings = settings;
    this.trails = settings.trailingStop !== undefined;
    this.any =
      this.trails ||
      settings.stopLoss !== undefined ||
      settings.takeProfit !== undefined ||
      settings.timeLimit !== undefined;
  }

  /** Sets the levels from the entry reference price, that is before slippage (rule 10). */
  start(side: 1 | -1, reference: number, bar: number): void {
    const { stopLoss, takeProfit, timeLimit } = this.settings;
    this.side = side;
    this.best = reference;
    this.stopLossLevel = stopLoss === undefined ? side * Number.NEGATIVE_INFINITY : reference * (1 - side * stopLoss);
    const target = takeProfit === undefined ? side * Number.POSITIVE_INFINITY : reference * (1 + side * takeProfit);
    if (side === 1) this.upper = target;
    else this.lower = target;
    this.placeStop();
    this.timeLimitBar = timeLimit === undefined ? NEVER : bar + timeLimit;
  }

  stop(): void {
    this.lower = Number.NEGATIVE_INFINITY;
    this.upper = Number.POSITIVE_INFINITY;
    this.timeLimitBar = NEVER;
  }

  /** Puts the stop-loss of the open position at a price; NaN takes it away. */
  moveStop(level: number): void {
    this.stopLossLevel = Number.isNaN(level) ? this.side * Number.NEGATIVE_INFINITY : level;
    this.placeStop();
  }

  /** Puts the target of the open position at a price; NaN takes it away. */
  moveTarget(level: number): void {
    const target = Number.isNaN(level) ? this.side * Number.POSITIVE_INFINITY : level;
    if (this.side === 1) this.upper = target;
    else this.lower = target;
  }

  /** Trails the best price since entry by another share of it; undefined ends trailing. */
  trailBy(trailingStop: number | undefined): void {
    this.settings = { ...this.settings, trailingStop };
    this.trails = trailingStop !== undefined;
    this.placeStop();
  }

  /** Moves the trailing stop after a bar was tested, so that a new best price acts from the next bar (rule 10). */
  follow(high: number, low: number): void {
    const extreme = this.side === 1 ? high : low;
    if (this.side === 1 ? extreme > this.best : extreme < this.best) {
      this.best = extreme;
      this.placeStop();
    }
  }

  /**
   * Which barrier the candle hits, with its fill price in `hitPrice`: a stop before the target (rule 13), a level that
   * the open has already passed at the open (rule 12). Call when `low <= lower || high >= upper`.
   */
  hit(open: number, high: number, low: number): BarrierReason {
    const isLong = this.side === 1;
    const stopTouched = isLong ? low <= this.lower : high >= this.upper;
    const targetTouched = isLong ? high >= this.upper : low <= this.lower;
    // A fall that starts below the level fills at the open, else at the level: the lower of the two. Rising mirrored.
    const falling = isLong === stopTouched;
    this.hitPrice = falling ? Math.min(open, this.lower) : Math.max(open, this.upper);
    // Once the open is beyond the stop, the exit at the open is certain and nothing was assumed.
    const gapped = isLong ? open <= this.lower : open >= this.upper;
    this.hitWasAmbiguous = stopTouched && targetTouched && !gapped;
    return stopTouched ? this.stopReason : 'take-profit';
  }

  /** Of stop-loss and trailing stop the one nearer to the price acts; the stop-loss on a tie (rule 13). */
  private placeStop(): void {
    const { trailingStop } = this.settings;
    let level = this.stopLossLevel;
    this.stopReason = 'stop-loss';
    if (trailingStop !== undefined) {
      const trailing = this.best * (1 - this.side * trailingStop);
      if (this.side === 1 ? trailing > level : trailing < level) {
        level = trailing;
        this.stopReason = 'trailing-stop';
      }
    }
    if (this.side === 1) this.lower = level;
    else this.upper = level;
  }
}

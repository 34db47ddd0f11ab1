// Stop-loss (fixed or trailing) and take-profit of one position as vectorbt tests them.
import type { StopAdjustment } from './vectorbt-options.ts';

export type VectorbtStopReason = 'stop-loss' | 'trailing-stop' | 'take-profit';

/** Distances are fractions of their reference price; NaN = off. One object serves a run. */
export class VectorbtStops {
  /** Price at which the last tested bar hit a stop; NaN when it did not. */
  hitPrice = Number.NaN;
  hitReason: VectorbtStopReason = 'stop-loss';
  /** Whether that bar also held the target, so that the stop was assumed to come first. */
  hitWasAmbiguous = false;
  /** Whether the open position has a stop that must be tested. */
  active = false;
  private isLong = true;
  private stopDistance = Number.NaN;
  private stopReference = Number.NaN;
  private trails = false;
  private bestBar = -1;
  private stopSetBar = -1;
  private targetDistance = Number.NaN;
  private targetReference = Number.NaN;
  private targetSetBar = -1;
  private stopLevel = Number.NaN;
  private targetLevel = Number.NaN;
  private readonly adjustment: StopAdjustment | undefined;

  constructor(adjustment: StopAdjustment | undefined) {
    this.adjustment = adjustment;
  }

  clear(): void {
    this.stopDistance = Number.NaN;
    this.targetDistance = Number.NaN;
    this.active = false;
  }

  setSide(isLong: boolean): void {
    this.isLong = isLong;
  }

  setStop(distance: number, trails: boolean, reference: number, bar: number): void {
    this.stopDistance = distance;
    this.trails = trails;
    this.stopReference = reference;
    this.bestBar = bar;
    this.stopSetBar = bar;
    this.place();
  }

  setTarget(distance: number, reference: number, bar: number): void {
    this.targetDistance = distance;
    this.targetReference = reference;
    this.targetSetBar = bar;
    this.place();
  }

  /**
   * Tests one bar, the stop before the target, and answers whether one was hit. Only then does a trailing stop take
   * the bar's best price, which so acts from the next bar.
   */
  test(bar: number, open: number, high: number, low: number): boolean {
    if (this.adjustment !== undefined) this.adjust(this.adjustment, bar);
    this.hitPrice = this.isLong
      ? priceOnFall(this.stopLevel, open, high, low)
      : priceOnRise(this.stopLevel, open, high, low);
    const stopHit = !Number.isNaN(this.hitPrice);
    if (stopHit) {
      this.hitReason = this.trails ? 'trailing-stop' : 'stop-loss';
      const targetTouched = this.isLong ? high >= this.targetLevel : low <= this.targetLevel;
      // A stop passed by the open is certain to have come first.
      this.hitWasAmbiguous = targetTouched && (this.isLong ? open > this.stopLevel : open < this.stopLevel);
    } else {
      this.hitPrice = this.isLong
        ? priceOnRise(this.targetLevel, open, high, low)
        : priceOnFall(this.targetLevel, open, high, low);
      this.hitReason = 'take-profit';
      this.hitWasAmbiguous = false;
    }
    if (this.trails) this.follow(bar, high, low);
    return !Number.isNaN(this.hitPrice);
  }

  private follow(bar: number, high: number, low: number): void {
    const extreme = this.isLong ? high : low;
    if (Number.isNaN(this.stopDistance)) return;
    if (this.isLong ? extreme > this.stopReference : extreme < this.stopReference) {
      this.stopReference = extreme;
      this.bestBar = bar;
      this.place();
    }
  }

  private adjust(adjustment: StopAdjustment, bar: number): void {
    if (adjustment.trail === true) this.trails = true;
    const { afterBars, since, stopLoss, takeProfit } = adjustment;
    const stopAge = bar - (since === 'entry' ? this.stopSetBar : this.bestBar);
    if (stopLoss !== undefined && stopAge >= afterBars) this.stopDistance = stopLoss;
    if (takeProfit !== undefined && bar - this.targetSetBar >= afterBars) this.targetDistance = takeProfit;
    this.place();
  }

  private place(): void {
    const away = this.isLong ? 1 : -1;
    this.stopLevel = this.stopReference * (1 - away * this.stopDistance);
    this.targetLevel = this.targetReference * (1 + away * this.targetDistance);
    this.active = !(Number.isNaN(this.stopDistance) && Number.isNaN(this.targetDistance));
  }
}

/** Fill price where a falling price meets `level`: the open when it is already there; NaN when the bar does not reach it. */
function priceOnFall(level: number, open: number, high: number, low: number): number {
  if (open <= level) return open;
  return low <= level && level <= high ? level : Number.NaN;
}

function priceOnRise(level: number, open: number, high: number, low: number): number {
  if (open >= level) return open;
  return low <= level && level <= high ? level : Number.NaN;
}

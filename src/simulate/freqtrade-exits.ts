// When and at what price freqtrade closes a trade: exit signal, stop-loss, ROI table, trailing stop, in that order.
import { assert } from '../core/assert.ts';
import type { Candles } from '../market/candles.ts';
import { timeframeMs } from '../market/timeframe.ts';
import type { ExitReason } from '../metrics/trade.ts';
import type { FreqtradePlan } from './freqtrade-plan.ts';

/** A profit that closes at any price. */
const AT_ANY_PRICE = -1;

/** The exits of one open trade. One object serves a whole run: `start` sets it for a new trade. */
export class FreqtradeExits {
  /** Fill price of the last exit that `check` found. */
  price = 0;
  /** Whether a stop and the target both lay in the last exit's bar and the open did not decide between them. */
  ambiguous = false;
  private readonly plan: FreqtradePlan;
  private readonly candles: Candles;
  private readonly barMs: number;
  private readonly movesStop: boolean;
  private readonly needsProfit: boolean;
  private side: 1 | -1 = 1;
  private entryBar = 0;
  private entryPrice = 0;
  private stop = 0;
  private initialStop = 0;
  /** The distance the current stop was set with. */
  private stopDistance = 0;
  /** Time from entry at which the ROI step in force came into force; -1 without one. */
  private roiSince = -1;
  private roi = 0;

  constructor(plan: FreqtradePlan, candles: Candles) {
    this.plan = plan;
    this.candles = candles;
    this.barMs = timeframeMs(candles.timeframe);
    this.movesStop = plan.trails || plan.customStoploss !== undefined;
    this.needsProfit = this.movesStop || plan.roi.length > 0 || plan.timeLimit !== undefined;
  }

  start(side: 1 | -1, bar: number, entryPrice: number): void {
    this.side = side;
    this.entryBar = bar;
    this.entryPrice = entryPrice;
    const { stopLoss } = this.plan;
    this.stopDistance = stopLoss ?? Number.POSITIVE_INFINITY;
    this.stop = this.stopAt(entryPrice, this.stopDistance);
    this.initialStop = this.stop;
  }

  /** Why the trade ends in `bar`, or undefined. `exitSignal`: an exit signal of the bar before. */
  check(bar: number, exitSignal: boolean): ExitReason | undefined {
    const { side, candles } = this;
    const best = side === 1 ? candles.high[bar] : candles.low[bar];
    const worst = side === 1 ? candles.low[bar] : candles.high[bar];
    const profit = this.needsProfit ? this.profitAt(best) : 0;
    // The best price counts as seen before the worst one, unless the stop already lies in the bar.
    if (this.movesStop && side * (worst - this.stop) > 0) this.moveStop(best, profit);
    const stopHit = side * (worst - this.stop) <= 0;
    const trailing = this.stop !== this.initialStop;
    this.findRoi(bar);
    const targetHit = this.roiSince >= 0 && profit > this.roi;
    this.ambiguous = false;
    if (exitSignal && this.plan.useExitSignal) {
      this.price = candles.open[bar];
      return 'signal';
    }
    if (!stopHit && !targetHit) return undefined;
    this.price = stopHit && !(trailing && targetHit) ? this.stopPrice(bar, trailing) : this.targetPrice(bar);
    this.ambiguous = stopHit && targetHit && this.price !== candles.open[bar];
    if (stopHit && !trailing) return 'stop-loss';
    if (targetHit) return this.roi === AT_ANY_PRICE ? 'time-limit' : 'take-profit';
    return 'trailing-stop';
  }

  /** Profit over the stake after both fees, rounded to 8 decimals: a price exactly at the target does not exceed it. */
  private profitAt(price: number): number {
    const { feeRate, leverage } = this.plan;
    const closeValue = price * (1 - this.side * feeRate);
    const openValue = this.entryPrice * (1 + this.side * feeRate);
    return Math.round(this.side * (closeValue / openValue - 1) * leverage * 1e8) / 1e8;
  }

  private stopAt(price: number, distance: number): number {
    return price * (1 - (this.side * distance) / this.plan.leverage);
  }

  private moveStop(best: number, profit: number): void {
    const { plan } = this;
    if (plan.customStoploss !== undefined) this.tighten(best, plan.customStoploss);
    if (!plan.trails || (plan.trailingOnlyAboveOffset && profit < plan.trailingOffset)) return;
    const inProfit = plan.trailingPositive !== undefined && profit > plan.trailingOffset;
    const distance = inProfit ? plan.trailingPositive : (plan.customStoploss ?? plan.stopLoss);
    assert(distance !== undefined, 'a trailing stop has a distance');
    this.tighten(best, distance);
  }

  /** Moves the stop to `distance` behind `best` if that is nearer to the price. */
  private tighten(best: number, distance: number): void {
    const level = this.stopAt(best, distance);
    if (this.side * (level - this.stop) <= 0) return;
    this.stop = level;
    this.stopDistance = distance;
  }

  /** The stop itself; the open when the whole bar lies beyond the stop. */
  private stopPrice(bar: number, trailing: boolean): number {
    const { side, stop, plan } = this;
    const open = this.candles.open[bar];
    const best = side === 1 ? this.candles.high[bar] : this.candles.low[bar];
    const worst = side === 1 ? this.candles.low[bar] : this.candles.high[bar];
    if (side * (stop - best) > 0) return open;
    if (!trailing || bar !== this.entryBar) return stop;
    // In the entry bar the worst way is taken: just far enough to arm the stop, then straight down to it.
    const armsAtOffset =
      plan.customStoploss === undefined && plan.trails && plan.trailingOnlyAboveOffset && plan.trailingPositive;
    const level = armsAtOffset
      ? open * (1 + side * plan.trailingOffset - (side * armsAtOffset) / plan.leverage)
      : this.stopAt(open, this.stopDistance);
    return side === 1 ? Math.max(worst, level) : Math.min(worst, level);
  }

  /** The latest ROI step that is in force, into `roi` and `roiSince`. */
  private findRoi(bar: number): void {
    const { roi, timeLimit } = this.plan;
    this.roiSince = -1;
    if (timeLimit !== undefined && bar - this.entryBar >= timeLimit) {
      this.roiSince = 0;
      this.roi = AT_ANY_PRICE;
      return;
    }
    if (roi.length === 0) return;
    const heldMs = this.candles.time[bar] - this.candles.time[this.entryBar];
    for (const step of roi) {
      if (step.afterMs > heldMs) break;
      this.roiSince = step.afterMs;
      this.roi = step.profit;
    }
  }

  /** The price that makes the ROI, inside the bar; the open where a step of the table begins there and it is better. */
  private targetPrice(bar: number): number {
    const { side, entryPrice, roi, roiSince } = this;
    const { feeRate, leverage } = this.plan;
    const open = this.candles.open[bar];
    const startsOnBar = roiSince % this.barMs === 0;
    if (roi === AT_ANY_PRICE && startsOnBar) return open;
    const gain = (entryPrice * roi) / leverage;
    const price = -(gain + side * entryPrice * (1 + side * feeRate)) / (feeRate - side);
    const heldMs = this.candles.time[bar] - this.candles.time[this.entryBar];
    if (heldMs > 0 && heldMs === roiSince && startsOnBar && side * (open - price) > 0) return open;
    return Math.min(Math.max(price, this.candles.low[bar]), this.candles.high[bar]);
  }
}

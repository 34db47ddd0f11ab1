// What happens in a bar: which orders fill, which exits act, in which order and at what price (docs/fills.md, rules 18 to 29).
import type { Candles } from '../market/candles.ts';

import { marketPrice } from '../simulate/costs.ts';
import type { Direction } from '../simulate/simulation.ts';
import type { PositionEnd } from '../strategy/bar-context.ts';
import type { Account } from './account.ts';
import { nearestAlike, nearestLimit, nearestStop, reachesGroup, reachesLimit } from './reach.ts';
import type { Slot } from './slot.ts';
import type { Touch, WaitingOrder } from './waiting-order.ts';

export class FillEngine {
  /** Market orders on their way, in the order they were placed. */
  readonly market: WaitingOrder[] = [];
  /** Limits and stops that wait, in the order they were placed. */
  readonly waiting: WaitingOrder[] = [];
  private readonly account: Account;
  private readonly candles: Candles;
  private readonly direction: Direction;

  constructor(account: Account, candles: Candles, direction: Direction) {
    this.account = account;
    this.candles = candles;
    this.direction = direction;
  }

  /** Rule 19: market orders fill at one reference price, in the order they were placed. */
  fillMarket(bar: number, reference: number): void {
    const { market } = this;
    for (let k = 0; k < market.length && !this.account.ruined; k++) {
      const order = market[k]!;
      if (!order.isDone) this.fill(order, bar, reference, reference);
    }
    market.length = 0;
  }

  /** The inside of a bar: exits of the positions that are open, then orders that open positions (rule 24). */
  passBar(bar: number): void {
    const { account, candles } = this;
    const open = candles.open[bar]!;
    const high = candles.high[bar]!;
    const low = candles.low[bar]!;
    for (let k = 0; k < account.open.length; ) {
      const slot = account.open[k]!;
      if (slot.testedBar !== bar) this.passPosition(slot, bar, open, high, low);
      if (account.ruined) return;
      // A position that closed has left the list, and one that was reversed stands at its end.
      if (account.open[k] === slot) k++;
    }
    if (this.waiting.length > 0) this.passEntries(bar, open, high, low);
  }

  /** Rule 9 with several positions: equity at or below 0 at a close ends the run. */
  isRuined(bar: number): boolean {
    return this.account.equityAt(this.candles.close[bar]!) <= 0;
  }

  /** Closes every position at the close of a bar, in the order they were opened. */
  leaveAll(bar: number, reason: PositionEnd): void {
    const { open } = this.account;
    while (open.length > 0) this.leaveAtMarket(open[0]!, bar, this.candles.close[bar]!, reason);
  }

  /** Exits of one position over a candle or the rest of one: stops, targets, orders against it, time limit. */
  private passPosition(slot: Slot, bar: number, open: number, high: number, low: number): void {
    slot.testedBar = bar;
    const { watch } = slot;
    const hasOrders = this.waiting.length > 0;
    if (hasOrders && this.passStops(slot, bar, open, high, low)) return;
    const isStopped = slot.units > 0 ? low <= watch.lower : high >= watch.upper;
    if (hasOrders && !isStopped && this.passLimits(slot, bar, open, high, low)) return;
    if (low <= watch.lower || high >= watch.upper) {
      this.leaveAtBarrier(slot, bar, open, high, low, hasOrders);
      return;
    }
    if (bar === watch.timeLimitBar) this.leaveAtMarket(slot, bar, this.candles.close[bar]!, 'time-limit');
    else if (watch.trails) watch.follow(high, low);
  }

  private leaveAtBarrier(slot: Slot, bar: number, open: number, high: number, low: number, hasOrders: boolean): void {
    const { watch } = slot;
    const stopped = slot.units > 0 ? low <= watch.lower : high >= watch.upper;
    const gapped = slot.units > 0 ? open <= watch.lower : open >= watch.upper;
    const reason = watch.hit(open, high, low);
    const assumed =
      watch.hitWasAmbiguous ||
      (hasOrders && stopped && !gapped && reachesLimit(this.waiting, slot, bar, open, high, low));
    if (assumed) this.account.ambiguousBars++;
    if (reason === 'take-profit') this.leave(slot, bar, watch.hitPrice, reason);
    else this.leaveAtMarket(slot, bar, watch.hitPrice, reason);
  }

  /** Stop orders against the position (rule 25), as long as its own stop does not come first. Answers whether it ended. */
  private passStops(slot: Slot, bar: number, open: number, high: number, low: number): boolean {
    for (;;) {
      const order = nearestStop(this.waiting, slot, high, low);
      if (order === undefined) return false;
      const { lower, upper } = slot.watch;
      const ownFirst = slot.units > 0 ? low <= lower && lower >= order.stop : high >= upper && upper <= order.stop;
      if (ownFirst) return false;
      const touch = order.touch(bar, open, high, low);
      // A stop-limit that was triggered and found no price is a limit order from here on.
      if (touch === 'none') continue;
      const target = slot.units > 0 ? high >= upper : low <= lower;
      if (touch === 'inside' && (target || reachesLimit(this.waiting, slot, bar, open, high, low)))
        this.account.ambiguousBars++;
      if (this.endsPosition(order, touch, bar, open)) return true;
    }
  }

  /** Limit orders against the position that prices reach before its target. Answers whether it ended. */
  private passLimits(slot: Slot, bar: number, open: number, high: number, low: number): boolean {
    for (;;) {
      const order = nearestLimit(this.waiting, slot, bar, open, high, low);
      if (order === undefined) return false;
      if (this.endsPosition(order, order.touch(bar, open, high, low), bar, open)) return true;
    }
  }

  /** Carries out an order against a position; whether that position is gone, though another may stand in its place. */
  private endsPosition(order: WaitingOrder, touch: Touch, bar: number, open: number): boolean {
    const { slot } = order;
    const side = Math.sign(slot.units);
    this.fill(order, bar, order.touchPrice, open);
    if (Math.sign(slot.units) === side) return false;
    if (slot.units !== 0) this.passRest(order, touch, bar);
    return true;
  }

  /** Orders that open positions, and what the rest of the bar does to those (rule 26). */
  private passEntries(bar: number, open: number, high: number, low: number): void {
    const { waiting, account } = this;
    for (let k = 0; k < waiting.length && !account.ruined; k++) {
      const placed = waiting[k]!;
      const { slot } = placed;
      const isTested =
        !placed.isDone && !placed.reduceOnly && (slot.units === 0 || Math.sign(slot.units) === placed.side);
      if (!isTested) continue;
      let touch = placed.touch(bar, open, high, low);
      if (touch === 'none') continue;
      const order = slot.units === 0 ? nearestAlike(waiting, k) : placed;
      if (order !== placed) {
        touch = order.touch(bar, open, high, low);
        // What was placed first and is reached later has its turn afterwards.
        k--;
      }
      if (order.group !== undefined && reachesGroup(waiting, order, bar, open, high, low)) account.ambiguousBars++;
      const wasFlat = slot.units === 0;
      this.fill(order, bar, order.touchPrice, open);
      if (wasFlat && slot.units !== 0) this.passRest(order, touch, bar);
    }
    let kept = 0;
    for (let k = 0; k < waiting.length; k++) {
      const order = waiting[k]!;
      if (bar >= order.lastBar) order.isDone = true;
      if (!order.isDone) waiting[kept++] = order;
    }
    waiting.length = kept;
  }

  /**
   * The rest of the bar in which `order` opened a position. After a fill at the open that is the whole bar. After a fill
   * inside, of the two extremes the adverse one may still come, the other counts only where the candle proves it.
   */
  private passRest(order: WaitingOrder, touch: Touch, bar: number): void {
    const { slot, touchedAsLimit } = order;
    const { candles, account } = this;
    const high = candles.high[bar]!;
    const low = candles.low[bar]!;
    if (touch === 'open') {
      this.passPosition(slot, bar, candles.open[bar]!, high, low);
      return;
    }
    const price = order.touchPrice;
    const close = candles.close[bar]!;
    const isLong = slot.units > 0;
    const { lower, upper } = slot.watch;
    const counted = account.ambiguousBars;
    if (touchedAsLimit) {
      // Prices went through the limit to its far side; the near side counts as far as the close shows.
      const best = isLong ? Math.max(price, close) : Math.min(price, close);
      this.passPosition(slot, bar, price, isLong ? best : high, isLong ? low : best);
      const passedOver = isLong ? high >= upper && best < upper : low <= lower && best > lower;
      if (passedOver && account.ambiguousBars === counted) account.ambiguousBars++;
      return;
    }
    this.passPosition(slot, bar, price, high, low);
    // The adverse extreme may have come before the stop was reached: only a close beyond the exit proves it did not.
    const stopped = isLong ? low <= lower : high >= upper;
    const proven = isLong ? close <= lower || price <= lower : close >= upper || price >= upper;
    if (stopped && !proven && account.ambiguousBars === counted) account.ambiguousBars++;
  }

  /** Carries an order out at a reference price. `mark`: the price at which other positions count for its size. */
  private fill(order: WaitingOrder, bar: number, reference: number, mark: number): void {
    const { slot, side } = order;
    order.isDone = true;
    if (order.group !== undefined) {
      for (const other of this.waiting) if (other.group === order.group) other.isDone = true;
    }
    const isAgainst = slot.units !== 0 && Math.sign(slot.units) !== side;
    if (isAgainst) {
      const opens = !order.reduceOnly && this.allows(side);
      const price = order.paysSlippage ? this.account.priceAgainst(slot, reference) : reference;
      const units = order.reduceOnly ? (order.sizing?.value ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
      const reason = opens ? 'reverse' : EXIT_OF[order.kind];
      if (this.account.leave(slot, units, bar, price, reason)) this.dropReducing(slot);
      if (!opens || this.account.ruined) return;
    } else if (slot.units !== 0 || order.reduceOnly || !this.allows(side)) return;
    this.enter(order, bar, reference, mark);
  }

  private enter(order: WaitingOrder, bar: number, reference: number, mark: number): void {
    const { account } = this;
    const { slot, side } = order;
    const price = order.paysSlippage ? marketPrice(reference, side, account.costs) : reference;
    if (!account.enter(slot, side, bar, price, order.sizing ?? account.sizing, account.equityAt(mark))) return;
    slot.guard(reference, order.barriers, order.stopLossPrice, order.takeProfitPrice);
  }

  private leaveAtMarket(slot: Slot, bar: number, reference: number, reason: PositionEnd): void {
    this.leave(slot, bar, this.account.priceAgainst(slot, reference), reason);
  }

  private leave(slot: Slot, bar: number, price: number, reason: PositionEnd): void {
    this.account.leaveAll(slot, bar, price, reason);
    this.dropReducing(slot);
  }

  /** Orders that only reduce go with their position. */
  private dropReducing(slot: Slot): void {
    for (const order of this.waiting) if (order.slot === slot && order.reduceOnly) order.isDone = true;
  }

  /** Rule 5: in one direction an order of the other side only closes. */
  private allows(side: 1 | -1): boolean {
    return this.direction === 'both' || (this.direction === 'long') === (side === 1);
  }
}

const EXIT_OF: Readonly<Record<WaitingOrder['kind'], PositionEnd>> = {
  market: 'signal',
  limit: 'take-profit',
  stop: 'stop-loss',
  'stop-limit': 'stop-loss',
};

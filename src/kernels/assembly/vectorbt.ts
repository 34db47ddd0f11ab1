// The walk under vectorbt's rules with its default options: one order per bar, stops before signals, no ruin.
import {
  AMBIGUOUS_BARS,
  BEST_PRICE,
  BY_END,
  BY_REVERSE,
  BY_SIGNAL,
  BY_STOP_LOSS,
  BY_TAKE_PROFIT,
  BY_TRAILING_STOP,
  CLOSE_AT_END,
  FILLED,
  HIT_AMBIGUOUS,
  HIT_PRICE,
  HIT_REASON,
  NEXT_BAR,
  POSITION,
  REJECTED,
  SCOPE_BOTH,
  SCOPE_LONG,
  SCOPE_SHORT,
  SIZING_FRACTION,
  SIZING_KIND,
  SIZING_NOTIONAL,
  SIZING_VALUE,
  SKIPPED_ORDERS,
  SLIPPAGE,
  STOP_DISTANCE,
  STOP_LEVEL,
  STOP_LOSS,
  TAKE_PROFIT,
  TARGET_DISTANCE,
  TARGET_LEVEL,
  TRAILING_STOP,
} from '../walk-layout';
import { buy, sell } from './vectorbt-account';
import { finishVectorbtBook, recordFill } from './vectorbt-book';
import { isSet, nextEvent } from './walk-events';
import {
  BLOCK_BARS,
  add,
  at,
  barCount,
  blockHigh,
  blockLow,
  close,
  enterLong,
  enterShort,
  exitLong,
  exitShort,
  high,
  low,
  open,
  put,
  settings,
  sums,
} from './walk-input';

const NONE: i32 = -1;

/** The same walk as under our own rules, except that an order can be turned away and leave the position as it is. */
export function walkVectorbtTo(to: i32): void {
  let bar = <i32>at(sums, NEXT_BAR);
  while (bar < to) {
    const position = at(sums, POSITION);
    const next = position === 0 ? openNext(bar, to) : leaveNext(bar, to, position);
    bar = next >= 0 ? next : to;
  }
  put(sums, NEXT_BAR, <f64>bar);
}

/** Closes what is left where that is asked for, and marks the book. */
export function endVectorbt(): void {
  const lastBar = barCount - 1;
  const position = at(sums, POSITION);
  if (at(settings, CLOSE_AT_END) !== 0 && position !== 0) {
    placeExit(lastBar, position, at(close, lastBar), at(settings, SLIPPAGE), BY_END);
  }
  finishVectorbtBook();
}

function openNext(from: i32, to: i32): i32 {
  const bar = nextEvent(enterLong, enterShort, from, to);
  if (bar < 0) return NONE;
  const price = at(close, bar);
  const side: f64 = isSet(enterLong, bar) ? 1 : -1;
  place(bar, side, SCOPE_BOTH, newSize(price), price, at(settings, SLIPPAGE), BY_SIGNAL);
  return bar + 1;
}

/** Units of a new order; Infinity for all that cash affords. A share of cash is Infinity too, limited in `place`. */
function newSize(price: f64): f64 {
  const kind = at(settings, SIZING_KIND);
  const value = at(settings, SIZING_VALUE);
  if (kind === <f64>SIZING_FRACTION) return Infinity;
  return kind === <f64>SIZING_NOTIONAL ? value / price : value;
}

function leaveNext(from: i32, to: i32, position: f64): i32 {
  const isLong = position > 0;
  const entries = isLong ? enterShort : enterLong;
  const event = nextEvent(isLong ? exitLong : exitShort, entries, from, to);
  if (!(isNaN(at(sums, STOP_DISTANCE)) && isNaN(at(sums, TARGET_DISTANCE)))) {
    const hit = findStop(from, event < 0 ? to - 1 : event, isLong);
    if (hit >= 0) {
      add(sums, AMBIGUOUS_BARS, at(sums, HIT_AMBIGUOUS));
      placeExit(hit, position, at(sums, HIT_PRICE), 0, <i32>at(sums, HIT_REASON));
      return hit + 1;
    }
  }
  if (event < 0) return NONE;
  const price = at(close, event);
  const slippage = at(settings, SLIPPAGE);
  if (isSet(entries, event)) {
    const size = Math.abs(position) + newSize(price);
    place(event, isLong ? -1 : 1, SCOPE_BOTH, size, price, slippage, BY_REVERSE);
  } else placeExit(event, position, price, slippage, BY_SIGNAL);
  return event + 1;
}

/** The order that closes the whole position. */
function placeExit(bar: i32, position: f64, price: f64, slippage: f64, reason: i32): void {
  const scope = position > 0 ? SCOPE_LONG : SCOPE_SHORT;
  place(bar, position > 0 ? -1 : 1, scope, Math.abs(position), price, slippage, reason);
}

/** Executes one order, books its fill or counts that it was turned away, and sets the stops of what it opened. */
function place(bar: i32, side: f64, scope: i32, size: f64, price: f64, slippage: f64, reason: i32): void {
  const before = at(sums, POSITION);
  const share = at(settings, SIZING_VALUE);
  const isShare = size === Infinity && at(settings, SIZING_KIND) === <f64>SIZING_FRACTION && share !== 1;
  const percent = isShare ? share : NaN;
  const status =
    side === 1 ? buy(size, price, slippage, scope, percent) : sell(size, price, slippage, scope, percent);
  if (status === REJECTED) add(sums, SKIPPED_ORDERS, 1);
  if (status !== FILLED) return;
  recordFill(bar, side, reason);
  setStops(bar, before);
}

/** After a fill: stops of a position that was opened or reversed, measured from the close of its bar. */
function setStops(bar: i32, before: f64): void {
  const position = at(sums, POSITION);
  if (position === 0) {
    put(sums, STOP_DISTANCE, NaN);
    put(sums, TARGET_DISTANCE, NaN);
    return;
  }
  if (before !== 0 && position > 0 === before > 0) return;
  const trailing = at(settings, TRAILING_STOP);
  const reference = at(close, bar);
  const away: f64 = position > 0 ? 1 : -1;
  const stopDistance = isNaN(trailing) ? at(settings, STOP_LOSS) : trailing;
  const targetDistance = at(settings, TAKE_PROFIT);
  put(sums, STOP_DISTANCE, stopDistance);
  put(sums, TARGET_DISTANCE, targetDistance);
  put(sums, BEST_PRICE, reference);
  put(sums, STOP_LEVEL, reference * (1 - away * stopDistance));
  put(sums, TARGET_LEVEL, reference * (1 + away * targetDistance));
}

/** The first bar in [from, last] that hits the stop or the target, or -1. A trailing stop has followed up to it. */
function findStop(from: i32, last: i32, isLong: bool): i32 {
  const trails = !isNaN(at(settings, TRAILING_STOP));
  const away: f64 = isLong ? 1 : -1;
  let bar = from;
  while (bar <= last) {
    const block = bar / BLOCK_BARS;
    const end = min((block + 1) * BLOCK_BARS, last + 1);
    const lowest = at(blockLow, block);
    const highest = at(blockHigh, block);
    let level = at(sums, STOP_LEVEL);
    let best = at(sums, BEST_PRICE);
    if (trails) {
      const extreme = isLong ? highest : lowest;
      if (isLong ? extreme > best : extreme < best) {
        best = extreme;
        level = best * (1 - away * at(sums, STOP_DISTANCE));
      }
    }
    const target = at(sums, TARGET_LEVEL);
    const near = isLong ? lowest <= level || highest >= target : highest >= level || lowest <= target;
    if (near || (trails && end - bar < BLOCK_BARS)) {
      const hit = testBars(bar, end, isLong, trails);
      if (hit >= 0) return hit;
    } else if (trails) {
      put(sums, BEST_PRICE, best);
      put(sums, STOP_LEVEL, level);
    }
    bar = end;
  }
  return NONE;
}

/** Tests bars [from, to) one by one, the stop before the target; the trailing stop follows every bar tested. */
function testBars(from: i32, to: i32, isLong: bool, trails: bool): i32 {
  const away: f64 = isLong ? 1 : -1;
  const target = at(sums, TARGET_LEVEL);
  for (let bar = from; bar < to; bar++) {
    const opened = at(open, bar);
    const highest = at(high, bar);
    const lowest = at(low, bar);
    const level = at(sums, STOP_LEVEL);
    let hit = isLong
      ? priceOnFall(level, opened, highest, lowest)
      : priceOnRise(level, opened, highest, lowest);
    if (isNaN(hit)) {
      hit = isLong ? priceOnRise(target, opened, highest, lowest) : priceOnFall(target, opened, highest, lowest);
      put(sums, HIT_REASON, <f64>BY_TAKE_PROFIT);
      put(sums, HIT_AMBIGUOUS, 0);
    } else {
      const targetTouched = isLong ? highest >= target : lowest <= target;
      const beforeStop = isLong ? opened > level : opened < level;
      put(sums, HIT_REASON, <f64>(trails ? BY_TRAILING_STOP : BY_STOP_LOSS));
      put(sums, HIT_AMBIGUOUS, targetTouched && beforeStop ? 1 : 0);
    }
    if (trails) {
      const extreme = isLong ? highest : lowest;
      const best = at(sums, BEST_PRICE);
      if (isLong ? extreme > best : extreme < best) {
        put(sums, BEST_PRICE, extreme);
        put(sums, STOP_LEVEL, extreme * (1 - away * at(sums, STOP_DISTANCE)));
      }
    }
    if (!isNaN(hit)) {
      put(sums, HIT_PRICE, hit);
      return bar;
    }
  }
  return NONE;
}

/** Fill price where a falling price meets `level`: the open when it is already there; NaN when the bar does not reach it. */
function priceOnFall(level: f64, opened: f64, highest: f64, lowest: f64): f64 {
  if (opened <= level) return opened;
  return lowest <= level && level <= highest ? level : NaN;
}

function priceOnRise(level: f64, opened: f64, highest: f64, lowest: f64): f64 {
  if (opened >= level) return opened;
  return lowest <= level && level <= highest ? level : NaN;
}

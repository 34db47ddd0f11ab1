// The accounts of a risk walk, two points to a register: entries, exits and what the bars between them add.
import {
  POINT_FIRST_PNL,
  POINT_HELD,
  POINT_SHIFTED_PNL,
  POINT_SHIFTED_SQUARES,
  RECORD_BAR,
  RECORD_DRAWN,
  RECORD_HELD,
  RECORD_HIGHEST,
  RECORD_LAST_CLOSE,
  RECORD_LOSSES,
  RECORD_LOWEST,
  RECORD_PRICE,
  RECORD_SUMS,
} from '../risk-layout';
import {
  BEST_RETURN,
  CASH,
  CLOSED_TRADES,
  DOWNSIDE_SQUARES,
  ENTRY_FEE,
  ENTRY_VALUE,
  FEES,
  FEE_RATE,
  FIXED_FEE,
  FULL,
  GAINS,
  LOSSES,
  LOST,
  MARKED,
  MAX_DRAWDOWN,
  MAX_DRAWDOWN_BARS,
  MIN_NOTIONAL,
  MIN_SIZE,
  MONEY,
  PEAK,
  PNL,
  PREVIOUS,
  RETURNS,
  RUINED,
  SPANS,
  SQUARES,
  TRADE_RETURNS,
  TROUGH,
  UNDER_WATER,
  UNITS,
  WINS,
  WON,
  WORST_RETURN,
} from '../walk-layout';
import { detail, gridSettings } from './risk-input';
import { getCell, sinkAccount } from './risk-rows';
import { at } from './walk-input';

/**
 * A pair is two accounts at `a` and `b`. Where `together` they are the two lanes at `a`, and `b` is not looked at; else
 * any two, the same one twice if there is only one, as every cell is read before it is written.
 */
@inline
export function get(together: bool, a: usize, b: usize, cell: i32): v128 {
  if (together) return v128.load(a + (<usize>cell << 4));
  return v128.load64_lane(b + (<usize>cell << 4), v128.load64_zero(a + (<usize>cell << 4)), 1);
}

@inline
export function set(together: bool, a: usize, b: usize, cell: i32, values: v128): void {
  if (together) v128.store(a + (<usize>cell << 4), values);
  else {
    v128.store64_lane(a + (<usize>cell << 4), values, 0);
    v128.store64_lane(b + (<usize>cell << 4), values, 1);
  }
}

@inline
export function increase(together: bool, a: usize, b: usize, cell: i32, values: v128): void {
  set(together, a, b, cell, f64x2.add(get(together, a, b, cell), values));
}

/** A cell of two records. */
@inline
export function recordPair(x: usize, y: usize, cell: i32): v128 {
  return v128.load64_lane(y + (<usize>cell << 3), v128.load64_zero(x + (<usize>cell << 3)), 1);
}

@inline
export function all(mask: v128): bool {
  return i64x2.all_true(mask);
}

@inline
export function settingPair(index: i32): v128 {
  return v128.load64_splat(gridSettings + (<usize>index << 3));
}

/**
 * Both accounts go long with all they hold at the close or open of bar `bar`; `price` is after slippage. Answers false
 * and writes nothing where one of them cannot, or where cash is left over, rounding included.
 */
export function enterPair(a: usize, b: usize, bar: i32, price: f64): bool {
  const none = f64x2.splat(0);
  const cash = get(false, a, b, CASH);
  const affordable = f64x2.div(
    f64x2.sub(cash, settingPair(FIXED_FEE)),
    f64x2.add(f64x2.splat(1), settingPair(FEE_RATE)),
  );
  const size = f64x2.div(affordable, f64x2.splat(price));
  const fee = f64x2.sub(cash, affordable);
  const left = f64x2.sub(cash, f64x2.add(affordable, fee));
  const isLarge = v128.and(
    f64x2.ge(size, settingPair(MIN_SIZE)),
    f64x2.ge(affordable, settingPair(MIN_NOTIONAL)),
  );
  const isThere = v128.and(f64x2.gt(affordable, none), f64x2.gt(size, none));
  if (!all(v128.and(v128.and(isLarge, isThere), f64x2.eq(left, none)))) return false;
  if (detail === FULL) markFlat(a, b, f64x2.splat(<f64>bar), cash);
  set(false, a, b, UNITS, size);
  set(false, a, b, ENTRY_VALUE, affordable);
  set(false, a, b, ENTRY_FEE, fee);
  return true;
}

/** Adds the bars [MARKED, bar), at whose closes equity is cash. */
@inline
function markFlat(a: usize, b: usize, bar: v128, cash: v128): void {
  const previous = get(false, a, b, PREVIOUS);
  const peak = get(false, a, b, PEAK);
  const bars = f64x2.sub(bar, get(false, a, b, MARKED));
  let value = cash;
  let lowest = cash;
  let sinks = f64x2.lt(cash, peak);
  const isSpan = f64x2.gt(bars, f64x2.splat(0));
  if (!all(isSpan)) {
    value = v128.bitselect(cash, previous, isSpan);
    lowest = v128.bitselect(cash, f64x2.splat(Infinity), isSpan);
    sinks = v128.or(sinks, v128.not(isSpan));
  }
  addReturn(a, b, previous, value);
  set(false, a, b, PREVIOUS, value);
  const under = f64x2.add(get(false, a, b, UNDER_WATER), bars);
  const trough = f64x2.pmin(get(false, a, b, TROUGH), lowest);
  if (all(sinks)) {
    set(false, a, b, UNDER_WATER, under);
    set(false, a, b, TROUGH, trough);
    return;
  }
  surface(false, a, b, peak, sinks);
  set(false, a, b, UNDER_WATER, v128.and(under, sinks));
  set(false, a, b, TROUGH, v128.bitselect(trough, cash, sinks));
  set(false, a, b, PEAK, v128.bitselect(peak, cash, sinks));
}

/** Ends the stretch under water of the accounts that do not sink any more. */
@inline
export function surface(together: bool, a: usize, b: usize, peak: v128, sinks: v128): void {
  const deepest = get(together, a, b, MAX_DRAWDOWN);
  const longest = get(together, a, b, MAX_DRAWDOWN_BARS);
  const fall = f64x2.div(f64x2.sub(peak, get(together, a, b, TROUGH)), peak);
  const bars = get(together, a, b, UNDER_WATER);
  set(together, a, b, MAX_DRAWDOWN, v128.bitselect(deepest, f64x2.pmax(deepest, fall), sinks));
  set(together, a, b, MAX_DRAWDOWN_BARS, v128.bitselect(longest, f64x2.pmax(longest, bars), sinks));
}

/** Adds one bar return of equity: 0 from an equity that is not above 0. */
@inline
function addReturn(a: usize, b: usize, before: v128, after: v128): void {
  const none = f64x2.splat(0);
  const r = v128.and(f64x2.div(f64x2.sub(after, before), before), f64x2.gt(before, none));
  const down = f64x2.pmin(r, none);
  increase(false, a, b, RETURNS, r);
  increase(false, a, b, SQUARES, f64x2.mul(r, r));
  increase(false, a, b, DOWNSIDE_SQUARES, f64x2.mul(down, down));
  increase(false, a, b, GAINS, f64x2.pmax(none, r));
  set(false, a, b, LOSSES, f64x2.sub(get(false, a, b, LOSSES), down));
}

/** Adds the bars from the entry, whose close is `first`, to the exits of the records at `x` and `y`. */
export function markHeld(a: usize, b: usize, x: usize, y: usize, first: f64): void {
  const units = get(false, a, b, UNITS);
  const previous = get(false, a, b, PREVIOUS);
  const held = recordPair(x, y, RECORD_HELD);
  let value = f64x2.mul(units, f64x2.splat(first));
  let last = f64x2.mul(units, recordPair(x, y, RECORD_LAST_CLOSE));
  const isSpan = f64x2.gt(held, f64x2.splat(0));
  if (!all(isSpan)) {
    value = v128.bitselect(value, previous, isSpan);
    last = v128.bitselect(last, previous, isSpan);
  }
  addReturn(a, b, previous, value);
  const plainX = v128.load(x, RECORD_SUMS * 8);
  const plainY = v128.load(y, RECORD_SUMS * 8);
  const signedX = v128.load(x, RECORD_SUMS * 8 + 16);
  const signedY = v128.load(y, RECORD_SUMS * 8 + 16);
  const restX = v128.load(x, RECORD_LOSSES * 8);
  const restY = v128.load(y, RECORD_LOSSES * 8);
  increase(false, a, b, RETURNS, i64x2.shuffle(plainX, plainY, 0, 2));
  increase(false, a, b, SQUARES, i64x2.shuffle(plainX, plainY, 1, 3));
  increase(false, a, b, DOWNSIDE_SQUARES, i64x2.shuffle(signedX, signedY, 0, 2));
  increase(false, a, b, GAINS, i64x2.shuffle(signedX, signedY, 1, 3));
  increase(false, a, b, LOSSES, i64x2.shuffle(restX, restY, 0, 2));
  increase(false, a, b, SPANS, i64x2.shuffle(restX, restY, 1, 3));
  set(false, a, b, PREVIOUS, last);
  set(false, a, b, MARKED, recordPair(x, y, RECORD_BAR));
  const extremesX = v128.load(x, RECORD_HIGHEST * 8);
  const extremesY = v128.load(y, RECORD_HIGHEST * 8);
  const highest = f64x2.mul(units, i64x2.shuffle(extremesX, extremesY, 0, 2));
  const lowest = f64x2.mul(units, i64x2.shuffle(extremesX, extremesY, 1, 3));
  const bars = recordPair(x, y, RECORD_DRAWN);
  drawDown(a, b, highest, lowest, bars, x, y);
}

/** Drawdown over bars that have been seen: by their extremes where they stay under water, else bar by bar. */
@inline
function drawDown(a: usize, b: usize, highest: v128, lowest: v128, bars: v128, x: usize, y: usize): void {
  const sinks = f64x2.lt(highest, get(false, a, b, PEAK));
  if (all(sinks)) {
    increase(false, a, b, UNDER_WATER, bars);
    set(false, a, b, TROUGH, f64x2.pmin(get(false, a, b, TROUGH), lowest));
    return;
  }
  const units = get(false, a, b, UNITS);
  sinkAccount(a, f64x2.extract_lane(units, 0), x);
  if (b !== a) sinkAccount(b, f64x2.extract_lane(units, 1), y);
}

/** Drawdown over the bars that a record counts, where the position stays. */
export function drawOne(a: usize, x: usize): void {
  const units = getCell(a, UNITS);
  const highest = f64x2.splat(units * at(x, RECORD_HIGHEST));
  const lowest = f64x2.splat(units * at(x, RECORD_LOWEST));
  drawDown(a, a, highest, lowest, f64x2.splat(at(x, RECORD_DRAWN)), x, x);
}

/** Both positions are closed at the prices of two records. Answers whether an account is ruined (rule 9). */
export function exitPair(a: usize, b: usize, x: usize, y: usize, first: f64): bool {
  const none = f64x2.splat(0);
  if (detail === FULL) markHeld(a, b, x, y, first);
  const entryValue = get(false, a, b, ENTRY_VALUE);
  const entryFee = get(false, a, b, ENTRY_FEE);
  const value = f64x2.mul(get(false, a, b, UNITS), recordPair(x, y, RECORD_PRICE));
  const fee = f64x2.add(f64x2.mul(value, settingPair(FEE_RATE)), settingPair(FIXED_FEE));
  let cash = f64x2.sub(value, fee);
  let pnl = f64x2.sub(f64x2.sub(f64x2.sub(value, entryValue), entryFee), fee);
  const isAlive = f64x2.gt(cash, none);
  const isRuined = !all(isAlive);
  if (isRuined) {
    pnl = v128.bitselect(pnl, f64x2.sub(pnl, cash), isAlive);
    cash = v128.and(cash, isAlive);
    set(false, a, b, RUINED, v128.bitselect(get(false, a, b, RUINED), f64x2.splat(1), isAlive));
  }
  set(false, a, b, CASH, cash);
  set(false, a, b, UNITS, none);
  increase(false, a, b, FEES, f64x2.add(entryFee, fee));
  increase(false, a, b, POINT_HELD, recordPair(x, y, RECORD_HELD));
  if (detail !== MONEY) addTrades(false, a, b, entryValue, pnl);
  increase(false, a, b, CLOSED_TRADES, f64x2.splat(1));
  return isRuined;
}

/** Adds closed trades to the sums over profits; CLOSED_TRADES does not count them yet. */
@inline
export function addTrades(together: bool, a: usize, b: usize, value: v128, pnl: v128): void {
  const none = f64x2.splat(0);
  const tradeReturn = f64x2.div(pnl, value);
  const isFirst = f64x2.eq(get(together, a, b, CLOSED_TRADES), none);
  const firstPnl = v128.bitselect(pnl, get(together, a, b, POINT_FIRST_PNL), isFirst);
  set(together, a, b, POINT_FIRST_PNL, firstPnl);
  const distance = f64x2.sub(pnl, firstPnl);
  increase(together, a, b, POINT_SHIFTED_PNL, distance);
  increase(together, a, b, POINT_SHIFTED_SQUARES, f64x2.mul(distance, distance));
  increase(together, a, b, PNL, pnl);
  increase(together, a, b, WINS, v128.and(f64x2.splat(1), f64x2.gt(pnl, none)));
  increase(together, a, b, WON, f64x2.pmax(none, pnl));
  set(together, a, b, LOST, f64x2.sub(get(together, a, b, LOST), f64x2.pmin(pnl, none)));
  increase(together, a, b, TRADE_RETURNS, tradeReturn);
  set(together, a, b, BEST_RETURN, f64x2.pmax(get(together, a, b, BEST_RETURN), tradeReturn));
  set(together, a, b, WORST_RETURN, f64x2.pmin(get(together, a, b, WORST_RETURN), tradeReturn));
}

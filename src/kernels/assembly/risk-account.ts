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
 * A pair is two accounts at `a` and `b`. Where `together` they are the two lanes at `a`; else any two, the same one
 * twice if there is only one, as every cell is read before it is written.
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
@inline
export function enterPair(together: bool, a: usize, b: usize, bar: v128, price: v128): bool {
  const none = f64x2.splat(0);
  const cash = get(together, a, b, CASH);
  const affordable = f64x2.div(
    f64x2.sub(cash, settingPair(FIXED_FEE)),
    f64x2.add(f64x2.splat(1), settingPair(FEE_RATE)),
  );
  const size = f64x2.div(affordable, price);
  const fee = f64x2.sub(cash, affordable);
  const left = f64x2.sub(cash, f64x2.add(affordable, fee));
  const isLarge = v128.and(
    f64x2.ge(size, settingPair(MIN_SIZE)),
    f64x2.ge(affordable, settingPair(MIN_NOTIONAL)),
  );
  const isThere = v128.and(f64x2.gt(affordable, none), f64x2.gt(size, none));
  if (!all(v128.and(v128.and(isLarge, isThere), f64x2.eq(left, none)))) return false;
  if (detail === FULL) markFlat(together, a, b, bar, cash);
  set(together, a, b, UNITS, size);
  set(together, a, b, ENTRY_VALUE, affordable);
  set(together, a, b, ENTRY_FEE, fee);
  return true;
}

/** Adds the bars [MARKED, bar), at whose closes equity is cash. */
@inline
function markFlat(together: bool, a: usize, b: usize, bar: v128, cash: v128): void {
  const previous = get(together, a, b, PREVIOUS);
  const peak = get(together, a, b, PEAK);
  const bars = f64x2.sub(bar, get(together, a, b, MARKED));
  let value = cash;
  let lowest = cash;
  let sinks = f64x2.lt(cash, peak);
  const isSpan = f64x2.gt(bars, f64x2.splat(0));
  if (!all(isSpan)) {
    value = v128.bitselect(cash, previous, isSpan);
    lowest = v128.bitselect(cash, f64x2.splat(Infinity), isSpan);
    sinks = v128.or(sinks, v128.not(isSpan));
  }
  addReturn(together, a, b, previous, value);
  set(together, a, b, PREVIOUS, value);
  const under = f64x2.add(get(together, a, b, UNDER_WATER), bars);
  const trough = f64x2.pmin(get(together, a, b, TROUGH), lowest);
  if (all(sinks)) {
    set(together, a, b, UNDER_WATER, under);
    set(together, a, b, TROUGH, trough);
    return;
  }
  surface(together, a, b, peak, sinks);
  set(together, a, b, UNDER_WATER, v128.and(under, sinks));
  set(together, a, b, TROUGH, v128.bitselect(trough, cash, sinks));
  set(together, a, b, PEAK, v128.bitselect(peak, cash, sinks));
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
function addReturn(together: bool, a: usize, b: usize, before: v128, after: v128): void {
  const none = f64x2.splat(0);
  const r = v128.and(f64x2.div(f64x2.sub(after, before), before), f64x2.gt(before, none));
  const down = f64x2.pmin(r, none);
  increase(together, a, b, RETURNS, r);
  increase(together, a, b, SQUARES, f64x2.mul(r, r));
  increase(together, a, b, DOWNSIDE_SQUARES, f64x2.mul(down, down));
  increase(together, a, b, GAINS, f64x2.pmax(none, r));
  set(together, a, b, LOSSES, f64x2.sub(get(together, a, b, LOSSES), down));
}

/** Adds the bars from the entry, whose close is `first`, to the exits of the records at `x` and `y`. */
@inline
export function markHeld(together: bool, a: usize, b: usize, x: usize, y: usize, first: v128): void {
  const units = get(together, a, b, UNITS);
  const previous = get(together, a, b, PREVIOUS);
  const held = recordPair(x, y, RECORD_HELD);
  let value = f64x2.mul(units, first);
  let last = f64x2.mul(units, recordPair(x, y, RECORD_LAST_CLOSE));
  const isSpan = f64x2.gt(held, f64x2.splat(0));
  if (!all(isSpan)) {
    value = v128.bitselect(value, previous, isSpan);
    last = v128.bitselect(last, previous, isSpan);
  }
  addReturn(together, a, b, previous, value);
  const plainX = v128.load(x, RECORD_SUMS * 8);
  const plainY = v128.load(y, RECORD_SUMS * 8);
  const signedX = v128.load(x, RECORD_SUMS * 8 + 16);
  const signedY = v128.load(y, RECORD_SUMS * 8 + 16);
  const restX = v128.load(x, RECORD_LOSSES * 8);
  const restY = v128.load(y, RECORD_LOSSES * 8);
  increase(together, a, b, RETURNS, i64x2.shuffle(plainX, plainY, 0, 2));
  increase(together, a, b, SQUARES, i64x2.shuffle(plainX, plainY, 1, 3));
  increase(together, a, b, DOWNSIDE_SQUARES, i64x2.shuffle(signedX, signedY, 0, 2));
  increase(together, a, b, GAINS, i64x2.shuffle(signedX, signedY, 1, 3));
  increase(together, a, b, LOSSES, i64x2.shuffle(restX, restY, 0, 2));
  increase(together, a, b, SPANS, i64x2.shuffle(restX, restY, 1, 3));
  set(together, a, b, PREVIOUS, last);
  set(together, a, b, MARKED, recordPair(x, y, RECORD_BAR));
  const extremesX = v128.load(x, RECORD_HIGHEST * 8);
  const extremesY = v128.load(y, RECORD_HIGHEST * 8);
  const highest = f64x2.mul(units, i64x2.shuffle(extremesX, extremesY, 0, 2));
  const lowest = f64x2.mul(units, i64x2.shuffle(extremesX, extremesY, 1, 3));
  const bars = recordPair(x, y, RECORD_DRAWN);
  drawDown(together, a, b, highest, lowest, bars, x, y);
}

/** Drawdown over bars that have been seen: by their extremes where they stay under water, else bar by bar. */
@inline
function drawDown(together: bool, a: usize, b: usize, highest: v128, lowest: v128, bars: v128, x: usize, y: usize): void {
  const sinks = f64x2.lt(highest, get(together, a, b, PEAK));
  if (all(sinks)) {
    increase(together, a, b, UNDER_WATER, bars);
    set(together, a, b, TROUGH, f64x2.pmin(get(together, a, b, TROUGH), lowest));
    return;
  }
  const units = get(together, a, b, UNITS);
  sinkAccount(a, f64x2.extract_lane(units, 0), x);
  if (together) sinkAccount(a + 8, f64x2.extract_lane(units, 1), y);
  else if (b !== a) sinkAccount(b, f64x2.extract_lane(units, 1), y);
}

/** Drawdown over the bars that a record counts, where the position stays. */
export function drawOne(a: usize, x: usize): void {
  const units = getCell(a, UNITS);
  const highest = f64x2.splat(units * at(x, RECORD_HIGHEST));
  const lowest = f64x2.splat(units * at(x, RECORD_LOWEST));
  drawDown(false, a, a, highest, lowest, f64x2.splat(at(x, RECORD_DRAWN)), x, x);
}

/** Both positions are closed at the prices of the records at `x` and `y`. Answers whether an account is ruined (rule 9). */
@inline
export function exitPair(together: bool, a: usize, b: usize, x: usize, y: usize, first: v128): bool {
  const none = f64x2.splat(0);
  if (detail === FULL) markHeld(together, a, b, x, y, first);
  const entryValue = get(together, a, b, ENTRY_VALUE);
  const entryFee = get(together, a, b, ENTRY_FEE);
  const value = f64x2.mul(get(together, a, b, UNITS), recordPair(x, y, RECORD_PRICE));
  const fee = f64x2.add(f64x2.mul(value, settingPair(FEE_RATE)), settingPair(FIXED_FEE));
  let cash = f64x2.sub(value, fee);
  let pnl = f64x2.sub(f64x2.sub(f64x2.sub(value, entryValue), entryFee), fee);
  const isAlive = f64x2.gt(cash, none);
  const isRuined = !all(isAlive);
  if (isRuined) {
    pnl = v128.bitselect(pnl, f64x2.sub(pnl, cash), isAlive);
    cash = v128.and(cash, isAlive);
    set(together, a, b, RUINED, v128.bitselect(get(together, a, b, RUINED), f64x2.splat(1), isAlive));
  }
  set(together, a, b, CASH, cash);
  set(together, a, b, UNITS, none);
  increase(together, a, b, FEES, f64x2.add(entryFee, fee));
  increase(together, a, b, POINT_HELD, recordPair(x, y, RECORD_HELD));
  if (detail !== MONEY) addTrades(together, a, b, entryValue, pnl);
  increase(together, a, b, CLOSED_TRADES, f64x2.splat(1));
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

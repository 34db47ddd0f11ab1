// One whole trade of two points, from flat to flat, in registers: what most of the time of a risk walk is spent on.
import {
  POINT_HELD,
  RECORD_BAR,
  RECORD_DRAWN,
  RECORD_HELD,
  RECORD_HIGHEST,
  RECORD_LAST_CLOSE,
  RECORD_LOSSES,
  RECORD_PRICE,
  RECORD_SUMS,
} from '../risk-layout';
import {
  CASH,
  CLOSED_TRADES,
  DOWNSIDE_SQUARES,
  FEES,
  FEE_RATE,
  FIXED_FEE,
  FULL,
  GAINS,
  LOSSES,
  MARKED,
  MIN_NOTIONAL,
  MIN_SIZE,
  MONEY,
  PEAK,
  PREVIOUS,
  RETURNS,
  RUINED,
  SPANS,
  SQUARES,
  TROUGH,
  UNDER_WATER,
} from '../walk-layout';
import { addTrades, all, get, increase, recordPair, set, settingPair, surface } from './risk-account';
import { detail } from './risk-input';
import { sinkAccount } from './risk-rows';

/** What became of a trade. */
export const TRADED: i32 = 0;
export const NOT_PLACED: i32 = 1;
const RUINS: i32 = 2;

/**
 * The pair at `a` enters at bar `bar` and `price`, after slippage, and leaves by the records at `x` and `y`; `first` is
 * the close of the entry bar. The operations of `enterPair` and `exitPair` in their order. NOT_PLACED where one of the
 * two cannot enter with all it holds: then nothing was written.
 */
@inline
export function tradePair(a: usize, x: usize, y: usize, bar: v128, price: v128, first: v128): i32 {
  const none = f64x2.splat(0);
  const feeRate = settingPair(FEE_RATE);
  const fixedFee = settingPair(FIXED_FEE);
  const before = get(true, a, a, CASH);
  const entryValue = f64x2.div(f64x2.sub(before, fixedFee), f64x2.add(f64x2.splat(1), feeRate));
  const units = f64x2.div(entryValue, price);
  const entryFee = f64x2.sub(before, entryValue);
  const left = f64x2.sub(before, f64x2.add(entryValue, entryFee));
  const isLarge = v128.and(f64x2.ge(units, settingPair(MIN_SIZE)), f64x2.ge(entryValue, settingPair(MIN_NOTIONAL)));
  const isThere = v128.and(f64x2.gt(entryValue, none), f64x2.gt(units, none));
  if (!all(v128.and(v128.and(isLarge, isThere), f64x2.eq(left, none)))) return NOT_PLACED;
  const held = recordPair(x, y, RECORD_HELD);
  if (detail === FULL) markTrade(a, x, y, bar, before, units, first, held);
  const value = f64x2.mul(units, recordPair(x, y, RECORD_PRICE));
  const fee = f64x2.add(f64x2.mul(value, feeRate), fixedFee);
  let cash = f64x2.sub(value, fee);
  let pnl = f64x2.sub(f64x2.sub(f64x2.sub(value, entryValue), entryFee), fee);
  const isAlive = f64x2.gt(cash, none);
  let outcome = TRADED;
  if (!all(isAlive)) {
    pnl = v128.bitselect(pnl, f64x2.sub(pnl, cash), isAlive);
    cash = v128.and(cash, isAlive);
    set(true, a, a, RUINED, v128.bitselect(get(true, a, a, RUINED), f64x2.splat(1), isAlive));
    outcome = RUINS;
  }
  set(true, a, a, CASH, cash);
  increase(true, a, a, FEES, f64x2.add(entryFee, fee));
  increase(true, a, a, POINT_HELD, held);
  if (detail !== MONEY) addTrades(true, a, a, entryValue, pnl);
  increase(true, a, a, CLOSED_TRADES, f64x2.splat(1));
  return outcome;
}

/** Returns and drawdown from the last exit to this one: flat until bar `bar`, held from it on. */
@inline
function markTrade(a: usize, x: usize, y: usize, bar: v128, cash: v128, units: v128, first: v128, held: v128): void {
  const none = f64x2.splat(0);
  const previous = get(true, a, a, PREVIOUS);
  const bars = f64x2.sub(bar, get(true, a, a, MARKED));
  let peak = get(true, a, a, PEAK);
  let flat = cash;
  let lowest = cash;
  let sinks = f64x2.lt(cash, peak);
  const isFlat = f64x2.gt(bars, none);
  if (!all(isFlat)) {
    flat = v128.bitselect(cash, previous, isFlat);
    lowest = v128.bitselect(cash, f64x2.splat(Infinity), isFlat);
    sinks = v128.or(sinks, v128.not(isFlat));
  }
  let under = f64x2.add(get(true, a, a, UNDER_WATER), bars);
  let trough = f64x2.pmin(get(true, a, a, TROUGH), lowest);
  if (!all(sinks)) {
    surface(true, a, a, peak, sinks);
    under = v128.and(under, sinks);
    trough = v128.bitselect(trough, cash, sinks);
    peak = v128.bitselect(peak, cash, sinks);
    set(true, a, a, PEAK, peak);
  }
  let opened = f64x2.mul(units, first);
  let last = f64x2.mul(units, recordPair(x, y, RECORD_LAST_CLOSE));
  const isHeld = f64x2.gt(held, none);
  if (!all(isHeld)) {
    opened = v128.bitselect(opened, flat, isHeld);
    last = v128.bitselect(last, flat, isHeld);
  }
  set(true, a, a, PREVIOUS, last);
  set(true, a, a, MARKED, recordPair(x, y, RECORD_BAR));
  addReturns(a, x, y, returnOf(previous, flat), returnOf(flat, opened));
  const extremesX = v128.load(x, RECORD_HIGHEST * 8);
  const extremesY = v128.load(y, RECORD_HIGHEST * 8);
  const highest = f64x2.mul(units, i64x2.shuffle(extremesX, extremesY, 0, 2));
  if (all(f64x2.lt(highest, peak))) {
    under = f64x2.add(under, recordPair(x, y, RECORD_DRAWN));
    trough = f64x2.pmin(trough, f64x2.mul(units, i64x2.shuffle(extremesX, extremesY, 1, 3)));
  }
  set(true, a, a, UNDER_WATER, under);
  set(true, a, a, TROUGH, trough);
  if (!all(f64x2.lt(highest, peak))) {
    sinkAccount(a, f64x2.extract_lane(units, 0), x);
    sinkAccount(a + 8, f64x2.extract_lane(units, 1), y);
  }
}

/** One bar return of equity: 0 from an equity that is not above 0. */
@inline
function returnOf(before: v128, after: v128): v128 {
  return v128.and(f64x2.div(f64x2.sub(after, before), before), f64x2.gt(before, f64x2.splat(0)));
}

/** Adds the return over the flat bars, that of the entry bar, and the sums of the bars held after it. */
@inline
function addReturns(a: usize, x: usize, y: usize, r: v128, s: v128): void {
  const none = f64x2.splat(0);
  const down = f64x2.pmin(r, none);
  const fall = f64x2.pmin(s, none);
  const plainX = v128.load(x, RECORD_SUMS * 8);
  const plainY = v128.load(y, RECORD_SUMS * 8);
  const signedX = v128.load(x, RECORD_SUMS * 8 + 16);
  const signedY = v128.load(y, RECORD_SUMS * 8 + 16);
  const restX = v128.load(x, RECORD_LOSSES * 8);
  const restY = v128.load(y, RECORD_LOSSES * 8);
  addThree(a, RETURNS, r, s, i64x2.shuffle(plainX, plainY, 0, 2));
  addThree(a, SQUARES, f64x2.mul(r, r), f64x2.mul(s, s), i64x2.shuffle(plainX, plainY, 1, 3));
  addThree(a, DOWNSIDE_SQUARES, f64x2.mul(down, down), f64x2.mul(fall, fall), i64x2.shuffle(signedX, signedY, 0, 2));
  addThree(a, GAINS, f64x2.pmax(none, r), f64x2.pmax(none, s), i64x2.shuffle(signedX, signedY, 1, 3));
  addThree(a, LOSSES, f64x2.neg(down), f64x2.neg(fall), i64x2.shuffle(restX, restY, 0, 2));
  increase(true, a, a, SPANS, i64x2.shuffle(restX, restY, 1, 3));
}

@inline
function addThree(a: usize, cell: i32, r: v128, s: v128, span: v128): void {
  set(true, a, a, cell, f64x2.add(f64x2.add(f64x2.add(get(true, a, a, cell), r), s), span));
}

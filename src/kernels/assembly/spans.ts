// Adds stretches of bars to the sums of a walk: returns by prefix sums or bar by bar, and what drawdown makes of them.
import { SUM_BARS } from '../market-layout';
import {
  CASH,
  DETAIL,
  DOWNSIDE_SQUARES,
  EXPOSED_BARS,
  FULL,
  GAINS,
  LOSSES,
  MARKED,
  PEAK,
  PREVIOUS,
  RETURNS,
  SPANS,
  SPAN_DOWNSIDE_SQUARES,
  SPAN_FIRST,
  SPAN_LOSSES,
  SPAN_RETURNS,
  SQUARES,
  SUNK,
  TROUGH,
  UNDER_WATER,
  UNITS,
} from '../walk-layout';
import { equityAt, sink, sinkHeld, surface } from './drawdown';
import { smaller } from './select';
import { add, at, barCount, barSums, close, put, settings, sums } from './walk-input';

/** Adds the bars [MARKED, to), over which cash and units did not change, to the sums that the detail asks for. */
export function markTo(to: i32): void {
  const from = <i32>at(sums, MARKED);
  if (from >= to) return;
  const cash = at(sums, CASH);
  const units = at(sums, UNITS);
  if (units !== 0) add(sums, EXPOSED_BARS, <f64>(to - from));
  if (at(settings, DETAIL) === <f64>FULL) {
    if (units === 0) markFlat(to - from, cash);
    else {
      sinkTo(to, cash, units);
      if (holdsAll(cash, units)) addHeld(from, to, units);
      else addMixed();
    }
  }
  put(sums, MARKED, <f64>to);
}

/** Begins a stretch of bars at which the position of the cells is held: keeps what its sums will need of its first bar. */
export function startSpan(bar: i32): void {
  if (at(settings, DETAIL) !== <f64>FULL) return;
  const cells = sums;
  const cash = at(cells, CASH);
  const units = at(cells, UNITS);
  put(cells, SUNK, <f64>bar);
  put(cells, SPAN_FIRST, equityAt(cash, units, at(close, bar)));
  const isHeld = holdsAll(cash, units);
  const address = barSums + (<usize>bar << 5);
  storePair(cells, SPAN_RETURNS, isHeld ? v128.load(address) : f64x2.splat(0));
  storePair(cells, SPAN_DOWNSIDE_SQUARES, isHeld ? v128.load(address, 16) : f64x2.splat(0));
  put(cells, SPAN_LOSSES, 0);
}

/**
 * Ends the stretch without position since the exit at bar `from`, and begins one that holds `units` for all the cash,
 * from bar `to`: both returns up to the close of that bar, the second one taken as the first of its stretch.
 */
@inline
export function beginHeld(cells: usize, from: i32, to: i32, cash: f64, units: f64): void {
  const first = units * at(close, to);
  const flat = f64x2.splat(cash);
  const before = f64x2.replace_lane(flat, 0, at(cells, PREVIOUS));
  const r = f64x2.div(f64x2.sub(f64x2.replace_lane(flat, 1, first), before), before);
  addTwoReturns(cells, r);
  if (cash < at(cells, PEAK)) {
    add(cells, UNDER_WATER, <f64>(to - from));
    put(cells, TROUGH, smaller(at(cells, TROUGH), cash));
  } else {
    surface();
    put(cells, PEAK, cash);
    put(cells, TROUGH, cash);
  }
  const address = barSums + (<usize>to << 5);
  put(cells, PREVIOUS, first);
  put(cells, SPAN_FIRST, first);
  put(cells, SUNK, <f64>to);
  storePair(cells, SPAN_RETURNS, v128.load(address));
  storePair(cells, SPAN_DOWNSIDE_SQUARES, v128.load(address, 16));
}

/**
 * Ends that stretch, held since bar `from`, before bar `to`. Should it have been begun the general way, PREVIOUS still
 * is the equity before it.
 */
@inline
export function endHeld(cells: usize, from: i32, to: i32, units: f64): void {
  const sunk = <i32>at(cells, SUNK);
  if (sunk < to) {
    restartSums(cells + SPAN_RETURNS * 8, sunk > from ? sunk - 1 : from, to);
    sinkHeld(sunk, to, units);
  }
  if (at(cells, PREVIOUS) !== at(cells, SPAN_FIRST)) addReturn(cells, at(cells, PREVIOUS), at(cells, SPAN_FIRST));
  addSpan(cells, from, to - 1);
  put(cells, PREVIOUS, units * at(close, to - 1));
}

/**
 * At the end of a step: adds the held bars before `to` to what cannot wait for the end of their stretch, because the
 * tables it is read from may move on. The last bar of the window waits: what is left may be closed there.
 */
export function finishStep(to: i32): void {
  // Asked first: nobody knows ahead whether a position is held here, and that answer would be waited for.
  if (at(settings, DETAIL) !== <f64>FULL) return;
  const units = at(sums, UNITS);
  if (units !== 0) sinkTo(min(to, barCount - 1), at(sums, CASH), units);
}

/** Whether a position holds all there is: equity is then a multiple of the close. */
@inline
function holdsAll(cash: f64, units: f64): bool {
  return cash === 0 && units > 0;
}

function sinkTo(to: i32, cash: f64, units: f64): void {
  const from = <i32>at(sums, SUNK);
  if (from >= to) return;
  if (holdsAll(cash, units)) {
    restartSums(sums + SPAN_RETURNS * 8, from > <i32>at(sums, MARKED) ? from - 1 : from, to);
    sinkHeld(from, to, units);
  } else mix(from, to, cash, units);
  put(sums, SUNK, <f64>to);
}

/**
 * Prefix sums that begin anew inside the bars (from, to): takes what they had come to from `kept`, the sums at the first bar
 * of a stretch, so that their difference to those of a later bar stays the sum of the returns between.
 */
@inline
export function restartSums(kept: usize, from: i32, to: i32): void {
  if (stretchOf(from) !== stretchOf(to - 1)) takeRestarts(kept, from, to);
}

function takeRestarts(kept: usize, from: i32, to: i32): void {
  for (let restart = (from & -SUM_BARS) + SUM_BARS; restart < to; restart += SUM_BARS) {
    const address = barSums + (<usize>(restart - 1) << 5);
    v128.store(kept, f64x2.sub(v128.load(kept), v128.load(address)));
    v128.store(kept, f64x2.sub(v128.load(kept, 16), v128.load(address, 16)), 16);
  }
}

/** How many subtractions of prefix sums the returns of the bars (from, last] are made of. */
@inline
export function spansOf(from: i32, last: i32): f64 {
  return last > from ? <f64>(1 + stretchOf(last) - stretchOf(from)) : 0;
}

/** The number of the stretch of prefix sums that a bar lies in. */
@inline
function stretchOf(bar: i32): i32 {
  return <i32>(<u32>bar / SUM_BARS);
}

/**
 * One return of equity. What the scalar twin adds in one of two branches is added here in both, as 0 where it does not
 * apply, which changes no bit of a sum that is never -0.
 */
@inline
function addReturn(cells: usize, before: f64, after: f64): void {
  const r: f64 = before > 0 ? (after - before) / before : 0;
  const both = f64x2.splat(r);
  const down = f64x2.pmin(both, f64x2.splat(0));
  const up = f64x2.pmax(f64x2.splat(0), both);
  addPair(cells, RETURNS, f64x2.mul(both, f64x2.replace_lane(f64x2.splat(1), 1, r)));
  addPair(cells, DOWNSIDE_SQUARES, i64x2.shuffle(f64x2.mul(down, down), up, 0, 2));
  put(cells, LOSSES, at(cells, LOSSES) - f64x2.extract_lane(down, 0));
}

/** Two returns of equity, one after the other. */
@inline
function addTwoReturns(cells: usize, r: v128): void {
  const down = f64x2.pmin(r, f64x2.splat(0));
  const up = f64x2.pmax(f64x2.splat(0), r);
  const squares = f64x2.mul(r, r);
  const downSquares = f64x2.mul(down, down);
  const plain = f64x2.add(loadPair(cells, RETURNS), i64x2.shuffle(r, squares, 0, 2));
  const signed = f64x2.add(loadPair(cells, DOWNSIDE_SQUARES), i64x2.shuffle(downSquares, up, 0, 2));
  storePair(cells, RETURNS, f64x2.add(plain, i64x2.shuffle(r, squares, 1, 3)));
  storePair(cells, DOWNSIDE_SQUARES, f64x2.add(signed, i64x2.shuffle(downSquares, up, 1, 3)));
  put(cells, LOSSES, at(cells, LOSSES) - f64x2.extract_lane(down, 0) - f64x2.extract_lane(down, 1));
}

/** Adds two values to two neighbouring cells: RETURNS and SQUARES, or DOWNSIDE_SQUARES and GAINS. */
@inline
function addPair(cells: usize, index: i32, values: v128): void {
  storePair(cells, index, f64x2.add(loadPair(cells, index), values));
}

@inline
function loadPair(cells: usize, index: i32): v128 {
  return v128.load(cells + (<usize>index << 3));
}

@inline
function storePair(cells: usize, index: i32, values: v128): void {
  v128.store(cells + (<usize>index << 3), values);
}

/** `bars` closes at which equity is `cash`. */
function markFlat(bars: i32, cash: f64): void {
  const previous = at(sums, PREVIOUS);
  if (cash !== previous) addReturn(sums, previous, cash);
  put(sums, PREVIOUS, cash);
  if (cash < at(sums, PEAK)) {
    add(sums, UNDER_WATER, <f64>bars);
    if (cash < at(sums, TROUGH)) put(sums, TROUGH, cash);
  } else {
    surface();
    put(sums, PEAK, cash);
    put(sums, TROUGH, cash);
  }
}

/** Returns of bars [from, to) of a long position that holds all there is: equity is `units` times the close. */
function addHeld(from: i32, to: i32, units: f64): void {
  const cells = sums;
  const last = to - 1;
  addReturn(cells, at(cells, PREVIOUS), at(cells, SPAN_FIRST));
  addSpan(cells, from, last);
  put(cells, PREVIOUS, units * at(close, last));
}

/** Returns of bars (from, last] of a stretch that began at bar `from`, as differences of prefix sums. */
@inline
function addSpan(cells: usize, from: i32, last: i32): void {
  // Over one bar the differences are 0 and change nothing.
  const address = barSums + (<usize>last << 5);
  const plain = f64x2.sub(v128.load(address), loadPair(cells, SPAN_RETURNS));
  const signed = f64x2.sub(v128.load(address, 16), loadPair(cells, SPAN_DOWNSIDE_SQUARES));
  addPair(cells, RETURNS, plain);
  addPair(cells, DOWNSIDE_SQUARES, signed);
  add(cells, LOSSES, f64x2.extract_lane(signed, 1) - f64x2.extract_lane(plain, 0));
  add(cells, SPANS, spansOf(from, last));
}

/** Returns of the bars of another position: `mix` has added them up. */
function addMixed(): void {
  const cells = sums;
  addPair(cells, RETURNS, loadPair(cells, SPAN_RETURNS));
  addPair(cells, DOWNSIDE_SQUARES, loadPair(cells, SPAN_DOWNSIDE_SQUARES));
  add(cells, LOSSES, at(cells, SPAN_LOSSES));
}

/**
 * Bars [from, to) with both cash and a position, or a short one: returns bar by bar, two divisions at a time. Each sum
 * still takes one bar after the other; its neighbour in the pair takes the same bars.
 */
function mix(from: i32, to: i32, cash: f64, units: f64): void {
  const cells = sums;
  const none = f64x2.splat(0);
  let plain = loadPair(cells, SPAN_RETURNS);
  let signed = loadPair(cells, SPAN_DOWNSIDE_SQUARES);
  let losses = at(cells, SPAN_LOSSES);
  let before = f64x2.splat(at(cells, PREVIOUS));
  let bar = from;
  for (; bar < to - 1; bar += 2) {
    const prices = v128.load(close + (<usize>bar << 3));
    const after = f64x2.add(f64x2.splat(cash), f64x2.mul(f64x2.splat(units), prices));
    const r = returnPair(i64x2.shuffle(before, after, 1, 2), after);
    const down = f64x2.pmin(r, none);
    const up = f64x2.pmax(none, r);
    const squares = f64x2.mul(r, r);
    const downSquares = f64x2.mul(down, down);
    plain = f64x2.add(f64x2.add(plain, i64x2.shuffle(r, squares, 0, 2)), i64x2.shuffle(r, squares, 1, 3));
    signed = f64x2.add(f64x2.add(signed, i64x2.shuffle(downSquares, up, 0, 2)), i64x2.shuffle(downSquares, up, 1, 3));
    losses = losses - f64x2.extract_lane(down, 0) - f64x2.extract_lane(down, 1);
    before = after;
  }
  if (bar < to) {
    const after = f64x2.splat(equityAt(cash, units, at(close, bar)));
    const r = returnPair(i64x2.shuffle(before, before, 1, 1), after);
    const down = f64x2.pmin(r, none);
    plain = f64x2.add(plain, i64x2.shuffle(r, f64x2.mul(r, r), 0, 2));
    signed = f64x2.add(signed, i64x2.shuffle(f64x2.mul(down, down), f64x2.pmax(none, r), 0, 2));
    losses -= f64x2.extract_lane(down, 0);
    before = after;
  }
  storePair(cells, SPAN_RETURNS, plain);
  storePair(cells, SPAN_DOWNSIDE_SQUARES, signed);
  put(cells, SPAN_LOSSES, losses);
  put(cells, PREVIOUS, f64x2.extract_lane(before, 1));
  sink(from, to, cash, units);
}

/** Returns from one pair of equities to another; 0 from an equity that is not above 0. */
@inline
function returnPair(before: v128, after: v128): v128 {
  const r = f64x2.div(f64x2.sub(after, before), before);
  return v128.and(r, f64x2.gt(before, f64x2.splat(0)));
}

// Adds stretches of bars to the sums of a walk: returns by prefix sums, drawdowns by block tables, or bar by bar.
import {
  CASH,
  DETAIL,
  DOWNSIDE_SQUARES,
  EXPOSED_BARS,
  FULL,
  GAINS,
  LOSSES,
  MARKED,
  MAX_DRAWDOWN,
  MAX_DRAWDOWN_BARS,
  PEAK,
  PREVIOUS,
  RETURNS,
  SPANS,
  SQUARES,
  TROUGH,
  UNDER_WATER,
  UNITS,
} from '../walk-layout';
import { smaller } from './select';
import {
  BLOCK_BARS,
  add,
  at,
  barSums,
  blockBarsAfterMax,
  blockCloseMax,
  blockCloseMin,
  blockFall,
  close,
  put,
  settings,
  sums,
} from './walk-input';

/** Adds the bars [MARKED, to), over which cash and units did not change, to the sums that the detail asks for. */
export function markTo(to: i32): void {
  const from = <i32>at(sums, MARKED);
  if (from >= to) return;
  const cash = at(sums, CASH);
  const units = at(sums, UNITS);
  if (units !== 0) add(sums, EXPOSED_BARS, <f64>(to - from));
  if (at(settings, DETAIL) === <f64>FULL) {
    if (units === 0) markFlat(to - from, cash);
    else if (cash === 0 && units > 0) markHeld(from, to, units);
    else markMixed(from, to, cash, units);
  }
  put(sums, MARKED, <f64>to);
}

/** Ends the stretch under water that is still open: at a new peak, and after the last bar. */
export function surface(): void {
  const bars = at(sums, UNDER_WATER);
  if (bars === 0) return;
  const peak = at(sums, PEAK);
  const fall = (peak - at(sums, TROUGH)) / peak;
  if (fall > at(sums, MAX_DRAWDOWN)) put(sums, MAX_DRAWDOWN, fall);
  if (bars > at(sums, MAX_DRAWDOWN_BARS)) put(sums, MAX_DRAWDOWN_BARS, bars);
  put(sums, UNDER_WATER, 0);
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

/** Adds two values to two neighbouring cells: RETURNS and SQUARES, or DOWNSIDE_SQUARES and GAINS. */
@inline
function addPair(cells: usize, index: i32, values: v128): void {
  const address = cells + (<usize>index << 3);
  v128.store(address, f64x2.add(v128.load(address), values));
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

/** Bars [from, to) of a long position that holds all there is: equity is `units` times the close. */
function markHeld(from: i32, to: i32, units: f64): void {
  const cells = sums;
  const last = to - 1;
  addReturn(cells, at(cells, PREVIOUS), units * at(close, from));
  if (last > from) {
    const a = barSums + (<usize>from << 5);
    const b = barSums + (<usize>last << 5);
    const plain = f64x2.sub(v128.load(b), v128.load(a));
    const signed = f64x2.sub(v128.load(b, 16), v128.load(a, 16));
    addPair(cells, RETURNS, plain);
    addPair(cells, DOWNSIDE_SQUARES, signed);
    add(cells, LOSSES, f64x2.extract_lane(signed, 1) - f64x2.extract_lane(plain, 0));
    add(cells, SPANS, 1);
  }
  put(cells, PREVIOUS, units * at(close, last));
  sink(from, to, 0, units);
}

/** Equity at a close. Without cash it is the product alone, to the bit: 0 + x is x. */
@inline
function equityAt(cash: f64, units: f64, price: f64): f64 {
  return cash + units * price;
}

/**
 * Drawdown over bars [from, to) of a position. A block that stays under water costs two look-ups; one with a new peak
 * is looked at bar by bar, unless all equity is held and it can be seen that no deeper or longer drawdown than is known
 * hides in it. Equity is monotone in the close, rounding included, so the outcome equals that of a look at every bar.
 */
function sink(from: i32, to: i32, cash: f64, units: f64): void {
  const cells = sums;
  const isHeld = cash === 0 && units > 0;
  const best = units > 0 ? blockCloseMax : blockCloseMin;
  const worst = units > 0 ? blockCloseMin : blockCloseMax;
  let bar = from;
  while (bar < to) {
    const block = bar / BLOCK_BARS;
    const end = min((block + 1) * BLOCK_BARS, to);
    const isWhole = end - bar === BLOCK_BARS;
    const peak = at(cells, PEAK);
    const highest = equityAt(cash, units, at(best, block));
    const lowest = equityAt(cash, units, at(worst, block));
    if (highest < peak) {
      add(cells, UNDER_WATER, <f64>(end - bar));
      if (lowest < at(cells, TROUGH)) {
        if (isWhole) put(cells, TROUGH, lowest);
        else lowerTrough(bar, end, cash, units);
      }
    } else if (isHeld && isWhole && cannotDeepen(peak, lowest, at(blockFall, block))) {
      put(cells, PEAK, highest);
      put(cells, TROUGH, highest);
      put(cells, UNDER_WATER, <f64>load<u8>(blockBarsAfterMax + block));
    } else sinkBars(bar, end, cash, units);
    bar = end;
  }
}

/** Whether neither the stretch before the block's highest close nor its bars among themselves can set a new maximum. */
function cannotDeepen(peak: f64, lowest: f64, fall: f64): bool {
  const cells = sums;
  const deepest = at(cells, MAX_DRAWDOWN);
  const low = smaller(at(cells, TROUGH), lowest);
  return (
    at(cells, UNDER_WATER) + <f64>(BLOCK_BARS - 1) <= at(cells, MAX_DRAWDOWN_BARS) &&
    peak - low < deepest * peak &&
    fall < deepest
  );
}

function lowerTrough(from: i32, to: i32, cash: f64, units: f64): void {
  let trough = at(sums, TROUGH);
  for (let bar = from; bar < to; bar++) trough = smaller(trough, equityAt(cash, units, at(close, bar)));
  put(sums, TROUGH, trough);
}

/** Drawdown bar by bar. */
function sinkBars(from: i32, to: i32, cash: f64, units: f64): void {
  const cells = sums;
  let peak = at(cells, PEAK);
  let trough = at(cells, TROUGH);
  let bars = at(cells, UNDER_WATER);
  for (let bar = from; bar < to; bar++) {
    const value = equityAt(cash, units, at(close, bar));
    if (value < peak) {
      bars += 1;
      trough = smaller(trough, value);
    } else {
      if (bars > 0) {
        put(cells, TROUGH, trough);
        put(cells, UNDER_WATER, bars);
        surface();
        bars = 0;
      }
      peak = value;
      trough = value;
      put(cells, PEAK, value);
    }
  }
  put(cells, TROUGH, trough);
  put(cells, UNDER_WATER, bars);
}

/**
 * Bars [from, to) with both cash and a position, or a short one: returns bar by bar, two divisions at a time. Each sum
 * still takes one bar after the other; its neighbour in the pair takes the same bars.
 */
function markMixed(from: i32, to: i32, cash: f64, units: f64): void {
  const cells = sums;
  const none = f64x2.splat(0);
  let plain = none;
  let signed = none;
  let losses: f64 = 0;
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
  put(cells, PREVIOUS, f64x2.extract_lane(before, 1));
  addPair(cells, RETURNS, plain);
  addPair(cells, DOWNSIDE_SQUARES, signed);
  add(cells, LOSSES, losses);
  sink(from, to, cash, units);
}

/** Returns from one pair of equities to another; 0 from an equity that is not above 0. */
@inline
function returnPair(before: v128, after: v128): v128 {
  const r = f64x2.div(f64x2.sub(after, before), before);
  return v128.and(r, f64x2.gt(before, f64x2.splat(0)));
}

// Tables of one window of candles: prefix sums of bar returns, and extremes of blocks, two blocks side by side.
import { NEEDS_CLOSES, NEEDS_RANGES, NEEDS_SUMS } from '../market-layout';
import { larger, smaller } from './select';
import {
  BLOCK_BARS,
  at,
  barExtremes,
  barSums,
  blockBarsAfterMax,
  blockCloseMax,
  blockCloseMin,
  blockFall,
  blockHigh,
  blockLow,
  carry,
  close,
  firstBar,
  high,
  low,
  put,
} from './walk-input';

/** 1 + 2^-40: falls are stored a little too large, so that a comparison with one never misses by rounding. */
const FALL_MARGIN: f64 = 1 + 1 / 1099511627776.0;
/** 1 - 2^-50: closes that differ by less than this share may be equal once multiplied with a position. */
const SAME_CLOSE: f64 = 1 - 1 / 1125899906842624.0;
const LOOK_INSIDE: f64 = 2;

/**
 * Fills the tables that `needs` names of the first `bars` bars of the market that `setMarket` named; its prices are in
 * place. `carry` goes in as the prefix sums stand before them and comes out as they stand before bar `keepAt` of them.
 * Causal:   the sums at bar i read bars 0..i; a block reads its own bars.
 * Warm-up:  none: the return of bar 0 is 0.
 * Bad data: prices are regular, the caller has checked them.
 * Numerics: the operations of the scalar twin in its order, two sums and two blocks to a register.
 * Cost:     no allocation; measured in docs/adr/0005-kernels.md.
 * Oracle:   src/kernels/scalar-market.ts, bit for bit (test/twins).
 */
export function fillTables(bars: i32, keepAt: i32, needs: i32): void {
  if ((needs & NEEDS_SUMS) !== 0) {
    const keep = min(max(keepAt, 0), bars);
    sumReturns(firstBar, firstBar + keep, true);
    sumReturns(firstBar + keep, firstBar + bars, false);
    runExtremes(firstBar, firstBar + bars);
  }
  const first = firstBar / BLOCK_BARS;
  const whole = first + bars / BLOCK_BARS;
  const rest = bars % BLOCK_BARS;
  if ((needs & NEEDS_CLOSES) !== 0) {
    let block = first;
    for (; block + 1 < whole; block += 2) describeCloses(block, block + 1, BLOCK_BARS);
    if (block < whole) describeCloses(block, block, BLOCK_BARS);
    if (rest > 0) describeCloses(whole, whole, rest);
  }
  if ((needs & NEEDS_RANGES) !== 0) {
    for (let block = first; block < whole; block++) describeRange(block, BLOCK_BARS);
    if (rest > 0) describeRange(whole, rest);
  }
}

/**
 * Prefix sums of r, r squared, min(r, 0) squared and max(r, 0) of bars [from, to), each carried in two doubles and stored
 * rounded once. Goes on from `carry`, and writes there how far it came when it `keeps` that.
 */
function sumReturns(from: i32, to: i32, keeps: bool): void {
  const none = f64x2.splat(0);
  let plainSum = v128.load(carry);
  let signedSum = v128.load(carry, 16);
  let plainRest = v128.load(carry, 32);
  let signedRest = v128.load(carry, 48);
  let previous = f64x2.splat(load<f64>(carry, 64));
  // Before bar 0 there is no close, and its return is 0.
  if (load<f64>(carry, 64) === 0 && from < to) previous = f64x2.splat(at(close, from));
  for (let bar = from; bar < to; bar += 2) {
    // Two divisions at a time; the second one of an odd last bar counts for nothing.
    const isPair = bar + 1 < to;
    const address = close + (<usize>bar << 3);
    const prices = isPair ? v128.load(address) : v128.load64_splat(address);
    const before = i64x2.shuffle(previous, prices, 1, 2);
    const r = f64x2.div(f64x2.sub(prices, before), before);
    const down = f64x2.pmin(none, r);
    const up = f64x2.pmax(none, r);
    const squares = f64x2.mul(r, r);
    const downSquares = f64x2.mul(down, down);
    previous = prices;
    const out = barSums + (<usize>bar << 5);
    let plain = i64x2.shuffle(r, squares, 0, 2);
    let signed = i64x2.shuffle(downSquares, up, 0, 2);
    let plainAfter = f64x2.add(plainSum, plain);
    let signedAfter = f64x2.add(signedSum, signed);
    plainRest = f64x2.add(plainRest, lostBits(plainSum, plain, plainAfter));
    signedRest = f64x2.add(signedRest, lostBits(signedSum, signed, signedAfter));
    v128.store(out, f64x2.add(plainAfter, plainRest));
    v128.store(out, f64x2.add(signedAfter, signedRest), 16);
    plainSum = plainAfter;
    signedSum = signedAfter;
    if (!isPair) break;
    plain = i64x2.shuffle(r, squares, 1, 3);
    signed = i64x2.shuffle(downSquares, up, 1, 3);
    plainAfter = f64x2.add(plainSum, plain);
    signedAfter = f64x2.add(signedSum, signed);
    plainRest = f64x2.add(plainRest, lostBits(plainSum, plain, plainAfter));
    signedRest = f64x2.add(signedRest, lostBits(signedSum, signed, signedAfter));
    v128.store(out, f64x2.add(plainAfter, plainRest), 32);
    v128.store(out, f64x2.add(signedAfter, signedRest), 48);
    plainSum = plainAfter;
    signedSum = signedAfter;
  }
  if (!keeps) return;
  v128.store(carry, plainSum);
  v128.store(carry, signedSum, 16);
  v128.store(carry, plainRest, 32);
  v128.store(carry, signedRest, 48);
  store<f64>(carry, f64x2.extract_lane(previous, 1), 64);
}

/** Extremes of the closes from each bar of [from, to) to the end of its block, and from the block's start to the bar. */
function runExtremes(from: i32, to: i32): void {
  for (let start = from; start < to; start += BLOCK_BARS) {
    const end = min(start + BLOCK_BARS, to);
    let extremes = f64x2.splat(-Infinity);
    for (let bar = start; bar < end; bar++) {
      extremes = f64x2.pmax(extremes, bothSigns(bar));
      v128.store(barExtremes + (<usize>bar << 5), extremes, 16);
    }
    extremes = f64x2.splat(-Infinity);
    for (let bar = end - 1; bar >= start; bar--) {
      extremes = f64x2.pmax(extremes, bothSigns(bar));
      v128.store(barExtremes + (<usize>bar << 5), extremes);
    }
  }
}

/** The close of a bar, and minus it. */
@inline
function bothSigns(bar: i32): v128 {
  const price = load<f64>(close + (<usize>bar << 3));
  return f64x2.replace_lane(f64x2.splat(price), 1, -price);
}

/** What rounding took from before + term = after. */
@inline
function lostBits(before: v128, term: v128, after: v128): v128 {
  const part = f64x2.sub(after, before);
  return f64x2.add(f64x2.sub(before, f64x2.sub(after, part)), f64x2.sub(term, part));
}

/** Describes the closes of two blocks of `bars` bars each; they may be the same one. */
function describeCloses(first: i32, second: i32, bars: i32): void {
  const a = <usize>(first * BLOCK_BARS) << 3;
  const b = <usize>(second * BLOCK_BARS) << 3;
  let peak = pairAt(close, a, b);
  let lowest = peak;
  let peakBar = f64x2.splat(0);
  let fall = f64x2.splat(0);
  let closestToPeak = f64x2.splat(0);
  for (let bar = 0; bar < bars; bar++) {
    const offset = <usize>bar << 3;
    const price = pairAt(close, a + offset, b + offset);
    const isPeak = f64x2.ge(price, peak);
    peak = f64x2.pmax(peak, price);
    peakBar = v128.bitselect(f64x2.splat(<f64>bar), peakBar, isPeak);
    // At a peak the fall is 0 and adds nothing.
    fall = f64x2.pmax(fall, f64x2.div(f64x2.sub(peak, price), peak));
    closestToPeak = v128.andnot(f64x2.pmax(closestToPeak, price), isPeak);
    lowest = f64x2.pmin(lowest, price);
  }
  const looksSame = f64x2.ge(closestToPeak, f64x2.mul(peak, f64x2.splat(SAME_CLOSE)));
  const stored = v128.bitselect(f64x2.splat(LOOK_INSIDE), f64x2.mul(fall, f64x2.splat(FALL_MARGIN)), looksSame);
  putPair(blockCloseMax, first, second, peak);
  putPair(blockCloseMin, first, second, lowest);
  putPair(blockFall, first, second, stored);
  store<u8>(blockBarsAfterMax + first, bars - 1 - <i32>f64x2.extract_lane(peakBar, 0));
  store<u8>(blockBarsAfterMax + second, bars - 1 - <i32>f64x2.extract_lane(peakBar, 1));
}

/** Highest high and lowest low of a block of `bars` bars. */
function describeRange(block: i32, bars: i32): void {
  const from = block * BLOCK_BARS;
  const wide = bars & ~1;
  let highest = f64x2.splat(at(high, from));
  let lowest = f64x2.splat(at(low, from));
  for (let bar = from; bar < from + wide; bar += 2) {
    highest = f64x2.pmax(highest, v128.load(high + (<usize>bar << 3)));
    lowest = f64x2.pmin(lowest, v128.load(low + (<usize>bar << 3)));
  }
  const last = from + bars - 1;
  highest = f64x2.pmax(highest, f64x2.splat(at(high, last)));
  lowest = f64x2.pmin(lowest, f64x2.splat(at(low, last)));
  put(blockHigh, block, larger(f64x2.extract_lane(highest, 0), f64x2.extract_lane(highest, 1)));
  put(blockLow, block, smaller(f64x2.extract_lane(lowest, 0), f64x2.extract_lane(lowest, 1)));
}

/** The values of a column at two byte offsets. */
@inline
function pairAt(column: usize, a: usize, b: usize): v128 {
  return f64x2.replace_lane(f64x2.splat(load<f64>(column + a)), 1, load<f64>(column + b));
}

@inline
function putPair(column: usize, first: i32, second: i32, values: v128): void {
  put(column, first, f64x2.extract_lane(values, 0));
  put(column, second, f64x2.extract_lane(values, 1));
}

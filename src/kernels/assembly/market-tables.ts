// Tables of one window of candles: prefix sums of bar returns, and extremes of blocks, two blocks side by side.
import {
  BLOCK_BARS,
  barCount,
  barSums,
  blockBarsAfterMax,
  blockCloseMax,
  blockCloseMin,
  blockFall,
  blockHigh,
  blockLow,
  close,
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
 * Fills the tables of the market that `setMarket` named; its prices are in place.
 * Causal:   the sums at bar i read bars 0..i; a block reads its own bars.
 * Warm-up:  none: the return of bar 0 is 0.
 * Bad data: prices are regular, the caller has checked them.
 * Numerics: the operations of the scalar twin in its order, two sums and two blocks to a register.
 * Cost:     no allocation; about 6 ns per bar, once per window.
 * Oracle:   src/kernels/scalar-market.ts, bit for bit (test/twins).
 */
export function fillTables(): void {
  sumReturns();
  const whole = barCount / BLOCK_BARS;
  let block = 0;
  for (; block + 1 < whole; block += 2) describeBlocks(block, block + 1, BLOCK_BARS);
  if (block < whole) describeBlocks(block, block, BLOCK_BARS);
  const rest = barCount - whole * BLOCK_BARS;
  if (rest > 0) describeBlocks(whole, whole, rest);
}

/** Prefix sums of r, r squared, min(r, 0) squared and max(r, 0), each carried in two doubles and stored rounded once. */
function sumReturns(): void {
  const none = f64x2.splat(0);
  let plainSum = none;
  let plainRest = none;
  let signedSum = none;
  let signedRest = none;
  let out = barSums;
  let previous = barCount > 0 ? load<f64>(close) : 1;
  for (let bar = 0; bar < barCount; bar++) {
    const price = load<f64>(close + (<usize>bar << 3));
    const r = f64x2.splat((price - previous) / previous);
    previous = price;
    const down = f64x2.pmin(none, r);
    const plain = i64x2.shuffle(r, f64x2.mul(r, r), 0, 2);
    const signed = i64x2.shuffle(f64x2.mul(down, down), f64x2.pmax(none, r), 0, 2);
    const plainAfter = f64x2.add(plainSum, plain);
    const signedAfter = f64x2.add(signedSum, signed);
    plainRest = f64x2.add(plainRest, lostBits(plainSum, plain, plainAfter));
    signedRest = f64x2.add(signedRest, lostBits(signedSum, signed, signedAfter));
    plainSum = plainAfter;
    signedSum = signedAfter;
    v128.store(out, f64x2.add(plainAfter, plainRest));
    v128.store(out, f64x2.add(signedAfter, signedRest), 16);
    out += 32;
  }
}

/** What rounding took from before + term = after. */
@inline
function lostBits(before: v128, term: v128, after: v128): v128 {
  const part = f64x2.sub(after, before);
  return f64x2.add(f64x2.sub(before, f64x2.sub(after, part)), f64x2.sub(term, part));
}

/** Describes two blocks of `bars` bars each; they may be the same one. */
function describeBlocks(first: i32, second: i32, bars: i32): void {
  const a = <usize>(first * BLOCK_BARS) << 3;
  const b = <usize>(second * BLOCK_BARS) << 3;
  let peak = pairAt(close, a, b);
  let lowest = peak;
  let highestHigh = pairAt(high, a, b);
  let lowestLow = pairAt(low, a, b);
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
    highestHigh = f64x2.pmax(highestHigh, pairAt(high, a + offset, b + offset));
    lowestLow = f64x2.pmin(lowestLow, pairAt(low, a + offset, b + offset));
  }
  const looksSame = f64x2.ge(closestToPeak, f64x2.mul(peak, f64x2.splat(SAME_CLOSE)));
  const stored = v128.bitselect(f64x2.splat(LOOK_INSIDE), f64x2.mul(fall, f64x2.splat(FALL_MARGIN)), looksSame);
  putPair(blockCloseMax, first, second, peak);
  putPair(blockCloseMin, first, second, lowest);
  putPair(blockFall, first, second, stored);
  putPair(blockHigh, first, second, highestHigh);
  putPair(blockLow, first, second, lowestLow);
  store<u8>(blockBarsAfterMax + first, bars - 1 - <i32>f64x2.extract_lane(peakBar, 0));
  store<u8>(blockBarsAfterMax + second, bars - 1 - <i32>f64x2.extract_lane(peakBar, 1));
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

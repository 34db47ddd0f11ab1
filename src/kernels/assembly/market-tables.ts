// Tables of one window of candles: prefix sums of bar returns, and extremes of blocks, two blocks side by side.
import {
  CARRY_BLOCK,
  CARRY_CLOSE,
  CARRY_STRETCH,
  CARRY_SUMS,
  NEEDS_CLOSES,
  NEEDS_RANGES,
  NEEDS_SUMS,
  SUM_BARS,
} from '../market-layout';
import { larger, smaller } from './select';
import {
  BLOCK_BARS,
  at,
  barCount,
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
    sumReturns(firstBar, firstBar + bars, firstBar + keepAt);
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
 * Prefix sums of r, r squared, min(r, 0) squared and max(r, 0) of bars [from, to) since the last multiple of SUM_BARS. The
 * bars of a block are added up by themselves and then to the sums at its first bar, so that blocks do not wait for each
 * other and few bars are added to a large sum.
 */
function sumReturns(from: i32, to: i32, keepAt: i32): void {
  const none = f64x2.splat(0);
  let plainSum = v128.load(carry, CARRY_SUMS * 8);
  let signedSum = v128.load(carry, CARRY_SUMS * 8 + 16);
  let previous = v128.load64_splat(carry, CARRY_CLOSE * 8);
  for (let start = from; start < to; start += BLOCK_BARS) {
    if (start === keepAt) {
      v128.store(carry, plainSum, CARRY_SUMS * 8);
      v128.store(carry, signedSum, CARRY_SUMS * 8 + 16);
    }
    if (start % SUM_BARS === 0) {
      noteLargest(CARRY_STRETCH, plainSum, signedSum);
      plainSum = none;
      signedSum = none;
    }
    const end = min(start + BLOCK_BARS, to);
    let plain = none;
    let signed = none;
    for (let bar = start; bar < end; bar += 2) {
      // Two divisions at a time; the second one of an odd last bar counts for nothing.
      const isPair = bar + 1 < end;
      const address = close + (<usize>bar << 3);
      const out = barSums + (<usize>bar << 5);
      const prices = isPair ? v128.load(address) : v128.load64_splat(address);
      const before = i64x2.shuffle(previous, prices, 1, 2);
      const r = f64x2.div(f64x2.sub(prices, before), before);
      const down = f64x2.pmin(none, r);
      const up = f64x2.pmax(none, r);
      const squares = f64x2.mul(r, r);
      const downSquares = f64x2.mul(down, down);
      previous = prices;
      plain = f64x2.add(plain, i64x2.shuffle(r, squares, 0, 2));
      signed = f64x2.add(signed, i64x2.shuffle(downSquares, up, 0, 2));
      v128.store(out, f64x2.add(plainSum, plain));
      v128.store(out, f64x2.add(signedSum, signed), 16);
      if (!isPair) break;
      plain = f64x2.add(plain, i64x2.shuffle(r, squares, 1, 3));
      signed = f64x2.add(signed, i64x2.shuffle(downSquares, up, 1, 3));
      v128.store(out, f64x2.add(plainSum, plain), 32);
      v128.store(out, f64x2.add(signedSum, signed), 48);
    }
    noteLargest(CARRY_BLOCK, plain, signed);
    plainSum = f64x2.add(plainSum, plain);
    signedSum = f64x2.add(signedSum, signed);
  }
  if (to === barCount) noteLargest(CARRY_STRETCH, plainSum, signedSum);
}

/** Compares the sums of a whole stretch or block with the largest so far; in place of the returns it is the losses. */
@inline
function noteLargest(cell: i32, plain: v128, signed: v128): void {
  const address = carry + (<usize>cell << 3);
  const losses = f64x2.sub(i64x2.shuffle(signed, signed, 1, 1), plain);
  const unsigned = i64x2.shuffle(losses, plain, 0, 3);
  v128.store(address, f64x2.pmax(v128.load(address), unsigned));
  v128.store(address, f64x2.pmax(v128.load(address, 16), signed), 16);
}

/** Extremes of the closes from each bar of [from, to) to the end of its block, and from the block's start to the bar. */
function runExtremes(from: i32, to: i32): void {
  for (let start = from; start < to; start += BLOCK_BARS) {
    const end = min(start + BLOCK_BARS, to);
    const wide = end & ~1;
    let extremes = f64x2.splat(-Infinity);
    for (let bar = start; bar < wide; bar += 2) {
      const prices = v128.load(close + (<usize>bar << 3));
      const out = barExtremes + (<usize>bar << 5);
      extremes = f64x2.pmax(extremes, bothSigns(prices, 0));
      v128.store(out, extremes, 16);
      extremes = f64x2.pmax(extremes, bothSigns(prices, 1));
      v128.store(out, extremes, 48);
    }
    let behind = f64x2.splat(-Infinity);
    if (wide < end) {
      const prices = v128.load64_splat(close + (<usize>wide << 3));
      const out = barExtremes + (<usize>wide << 5);
      behind = bothSigns(prices, 0);
      v128.store(out, behind);
      v128.store(out, f64x2.pmax(extremes, behind), 16);
    }
    for (let bar = wide - 2; bar >= start; bar -= 2) {
      const prices = v128.load(close + (<usize>bar << 3));
      const out = barExtremes + (<usize>bar << 5);
      behind = f64x2.pmax(behind, bothSigns(prices, 1));
      v128.store(out, behind, 32);
      behind = f64x2.pmax(behind, bothSigns(prices, 0));
      v128.store(out, behind);
    }
  }
}

/** One of two closes, and minus it. */
@inline
function bothSigns(prices: v128, lane: i32): v128 {
  const negative = f64x2.neg(prices);
  return lane === 0 ? i64x2.shuffle(prices, negative, 0, 2) : i64x2.shuffle(prices, negative, 1, 3);
}

/**
 * Describes the closes of two blocks of `bars` bars each; they may be the same one. No peak is below the first close: a
 * fall is at most the drop as a share of that.
 */
function describeCloses(first: i32, second: i32, bars: i32): void {
  const a = <usize>(first * BLOCK_BARS) << 3;
  const b = <usize>(second * BLOCK_BARS) << 3;
  let peak = pairAt(close, a, b);
  let lowest = peak;
  const one = f64x2.splat(1);
  let bar = f64x2.splat(0);
  let peakBar = bar;
  const opening = peak;
  let drop = f64x2.splat(0);
  let closestToPeak = f64x2.splat(0);
  const end = close + (<usize>bars << 3);
  for (let column = close; column < end; column += 8) {
    const price = pairAt(column, a, b);
    const isPeak = f64x2.ge(price, peak);
    peak = f64x2.pmax(peak, price);
    peakBar = f64x2.pmax(peakBar, v128.and(bar, isPeak));
    bar = f64x2.add(bar, one);
    // At a peak the drop is 0 and adds nothing.
    drop = f64x2.pmax(drop, f64x2.sub(peak, price));
    closestToPeak = v128.andnot(f64x2.pmax(closestToPeak, price), isPeak);
    lowest = f64x2.pmin(lowest, price);
  }
  const fall = f64x2.div(drop, opening);
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

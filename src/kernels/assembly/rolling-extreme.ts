// Highest and lowest of a moving window: the head of one block and the tail for the next in the lanes of one register.
import { clearBars } from './missing';
import { bothOf } from './pairs';

/** Bars that are looked over for what the fast loop cannot take, at a time. */
const LOOK_BARS = 2048;

/**
 * Largest value of `column` over the last `length` bars, the current one included. The method is that of the oracle:
 * blocks of `length` bars, a window being the tail of one and the head of the next. Until a bar is settled, `out` holds
 * the largest of its tail.
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a NaN spoils the `length` bars that contain it and no more.
 * Numerics: exact; 0 is larger than −0.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   src/indicators/rolling-extreme.ts, bit for bit.
 */
export function rollingHighest(out: usize, column: usize, bars: i32, length: i32): void {
  rollingExtreme(true, out, column, bars, length);
}

/** Smallest value of `column` over the last `length` bars: rollingHighest with the order reversed, bit for bit as there. */
export function rollingLowest(out: usize, column: usize, bars: i32, length: i32): void {
  rollingExtreme(false, out, column, bars, length);
}

@inline
function rollingExtreme(largest: bool, out: usize, column: usize, bars: i32, length: i32): void {
  if (bars < length) {
    clearBars(out, 0, bars);
    return;
  }
  let start = 0;
  while (start + 2 * length <= bars) {
    // Whole blocks, followed by a whole block; the tail of the first comes from the block before.
    const most = bars - 2 * length - start;
    const blocks = 1 + min(most, LOOK_BARS) / length;
    const plain = isPlain(column, max(0, start - length), start + blocks * length);
    for (let block = 0; block < blocks; block++) {
      if (plain) plainBlock(largest, out, column, length, start);
      else anyBlock(largest, out, column, bars, length, start);
      start += length;
    }
  }
  for (; start < bars; start += length) anyBlock(largest, out, column, bars, length, start);
  clearBars(out, 0, length - 1);
}

/** Neither NaN nor −0 on bars [from, to): then one machine instruction is the larger or smaller of two values. */
function isPlain(column: usize, from: i32, to: i32): bool {
  const negativeZero = i64x2.splat(i64.MIN_VALUE);
  let at = column + ((<usize>from) << 3);
  const end = column + ((<usize>to) << 3);
  let odd = i64x2.splat(0);
  for (; at + 32 <= end; at += 32) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    odd = v128.or(odd, v128.or(f64x2.ne(first, first), i64x2.eq(first, negativeZero)));
    odd = v128.or(odd, v128.or(f64x2.ne(second, second), i64x2.eq(second, negativeZero)));
  }
  for (; at < end; at += 8) {
    const value = v128.load64_splat(at);
    odd = v128.or(odd, v128.or(f64x2.ne(value, value), i64x2.eq(value, negativeZero)));
  }
  return !v128.any_true(odd);
}

@inline
function furtherPair(largest: bool, a: v128, b: v128): v128 {
  return largest ? f64x2.pmax(a, b) : f64x2.pmin(a, b);
}

@inline
function further(largest: bool, a: f64, b: f64): f64 {
  return largest ? max(a, b) : min(a, b);
}

/** The head of the block at `start` (lane 0), and the tail that it is for the block after it (lane 1). */
@inline
function plainBlock(largest: bool, out: usize, column: usize, length: i32, start: i32): void {
  const block = (<usize>length) << 3;
  let forward = column + ((<usize>start) << 3);
  let backward = forward + block - 8;
  let target = out + ((<usize>start) << 3);
  let tail = target + 2 * block - 16;
  let best = bothOf(forward, backward);
  for (let head = 1; head < length; head++) {
    best = furtherPair(largest, best, bothOf(forward, backward));
    v128.store64_lane(target, furtherPair(largest, best, v128.load64_zero(target)), 0);
    v128.store64_lane(tail, best, 1);
    forward += 8;
    backward -= 8;
    target += 8;
    tail -= 8;
  }
  v128.store64_lane(target, furtherPair(largest, best, v128.load64_zero(forward)), 0);
}

/** The same for any values, and for a block or a next block that ends early. */
function anyBlock(largest: bool, out: usize, column: usize, bars: i32, length: i32, start: i32): void {
  const first = column + ((<usize>start) << 3);
  const target = out + ((<usize>start) << 3);
  let best = load<f64>(first);
  for (let head = 1, end = min(length, bars - start); head <= end; head++) {
    const at = (<usize>(head - 1)) << 3;
    best = further(largest, best, load<f64>(first + at));
    store<f64>(target + at, head < length ? further(largest, best, load<f64>(target + at)) : best);
  }
  const after = start + length;
  if (after >= bars) return;
  best = load<f64>(first + ((<usize>(length - 1)) << 3));
  for (let count = 1; count < length; count++) {
    best = further(largest, best, load<f64>(first + ((<usize>(length - count)) << 3)));
    if (after + length - count - 1 < bars) store<f64>(target + ((<usize>(2 * length - count - 1)) << 3), best);
  }
}

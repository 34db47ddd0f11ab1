// The standard rolling mean, two stretches of the column side by side in the lanes of one register.
import { clearBars, firstMissing, isPresent, sixteenRepeats } from './missing';
import { bothOf, storeBoth } from './pairs';

/** Running sums start anew at every bar whose index is a multiple of this; a power of two. */
const REBUILD_BARS: i32 = 4096;

/**
 * Mean of `column` over the last `length` bars.
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) spoils the `length` bars that contain it and no more.
 * Numerics: running sum and its rounding errors, rebuilt after a missing bar and every 4096 bars. From one rebuild to
 *           the next no bar depends on what came before: such runs are independent, and two of them share a register.
 * Cost:     no allocation; about 1.3 ns per bar of prices, 1.5 where outweighsEach does not hold.
 * Oracle:   src/indicators/rolling-mean.ts, bit for bit.
 */
export function rollingMean(out: usize, column: usize, bars: i32, length: i32): void {
  if (length === 1) {
    presentValues(out, column, bars);
    return;
  }
  let heldStart = -1;
  let heldEnd = 0;
  // Bars [stretch, known) are present without a gap; bars before `next` are settled or belong to a run.
  let stretch = 0;
  let known = 0;
  let next = 0;
  while (next < bars) {
    const start = max(next, stretch + length - 1);
    if (start >= bars) {
      clearBars(out, next, bars);
      break;
    }
    const end = min(bars, (start | (REBUILD_BARS - 1)) + 1);
    const missing = firstMissing(column, known, end);
    if (missing <= start) {
      clearBars(out, next, missing + 1);
      next = known = stretch = missing + 1;
      continue;
    }
    clearBars(out, next, start);
    if (heldStart < 0) {
      heldStart = start;
      heldEnd = missing;
    } else {
      meanOfRuns(out, column, length, heldStart, heldEnd, start, missing);
      heldStart = -1;
    }
    next = known = missing;
    if (missing === end) continue;
    clearBars(out, missing, missing + 1);
    next = known = stretch = missing + 1;
  }
  if (heldStart >= 0) meanOfRuns(out, column, length, heldStart, heldEnd, heldStart, heldEnd);
}

/** The mean over one bar: the bar, unless it is missing. */
function presentValues(out: usize, column: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const value = load<f64>(column + ((<usize>i) << 3));
    store<f64>(out + ((<usize>i) << 3), isPresent(value) ? value : NaN);
  }
}

/**
 * Whether on bars [from, to) all values are so alike that a running sum is always larger than any one of them: then the
 * rounding error of an addition takes three operations less (Dekker's instead of Knuth's), and is the same number,
 * both being exact. Twice as large, as the sum itself is rounded.
 */
function outweighsEach(column: usize, from: i32, to: i32, length: i32): bool {
  let at = column + ((<usize>from) << 3);
  const end = column + ((<usize>to) << 3);
  let least = f64x2.splat(load<f64>(at));
  let most = least;
  for (; at + 32 <= end; at += 32) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    least = f64x2.pmin(least, f64x2.pmin(first, second));
    most = f64x2.pmax(most, f64x2.pmax(first, second));
  }
  for (; at < end; at += 8) {
    const value = v128.load64_splat(at);
    least = f64x2.pmin(least, value);
    most = f64x2.pmax(most, value);
  }
  const lowest = min(f64x2.extract_lane(least, 0), f64x2.extract_lane(least, 1));
  const highest = max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
  // Above the smallest normal number, and far from overflow.
  return lowest > 1e-290 && highest < 1e290 && <f64>(length - 1) * lowest >= 2 * highest;
}

/** Means of the runs [a, aEnd) and [b, bEnd), each rebuilt at its first bar: lane 0 and lane 1. A run may be given twice. */
function meanOfRuns(out: usize, column: usize, length: i32, a: i32, aEnd: i32, b: i32, bEnd: i32): void {
  const alike =
    outweighsEach(column, a - length + 1, aEnd, length) &&
    (a === b || outweighsEach(column, b - length + 1, bEnd, length));
  if (alike) rollRuns(true, out, column, length, a, aEnd, b, bEnd);
  else rollRuns(false, out, column, length, a, aEnd, b, bEnd);
  settleFlatWindows(out, column, length, a, aEnd);
  if (b !== a) settleFlatWindows(out, column, length, b, bEnd);
}

/** What rounding took from total = sum + value. */
@inline
function lostAdding(alike: bool, sum: v128, value: v128, total: v128): v128 {
  const part = f64x2.sub(total, sum);
  if (alike) return f64x2.sub(value, part);
  return f64x2.add(f64x2.sub(sum, f64x2.sub(total, part)), f64x2.sub(value, part));
}

/** What rounding took from total = sum − value. */
@inline
function lostTaking(alike: bool, sum: v128, value: v128, total: v128): v128 {
  if (alike) return f64x2.sub(f64x2.sub(sum, total), value);
  const part = f64x2.sub(total, sum);
  return f64x2.sub(f64x2.sub(sum, f64x2.sub(total, part)), f64x2.add(value, part));
}

@inline
function rollRuns(alike: bool, out: usize, column: usize, length: i32, a: i32, aEnd: i32, b: i32, bEnd: i32): void {
  const back = (<usize>length) << 3;
  const divisor = f64x2.splat(<f64>length);
  let inA = column + ((<usize>(a + 1)) << 3) - back;
  let inB = column + ((<usize>(b + 1)) << 3) - back;
  let outA = out + ((<usize>a) << 3);
  let outB = out + ((<usize>b) << 3);
  let sum = f64x2.splat(0);
  let error = f64x2.splat(0);
  for (let count = 0; count < length; count++) {
    const entering = bothOf(inA, inB);
    const total = f64x2.add(sum, entering);
    // The first sums of a window do not yet outweigh what is added.
    error = f64x2.add(error, lostAdding(false, sum, entering, total));
    sum = total;
    inA += 8;
    inB += 8;
  }
  storeBoth(outA, outB, f64x2.div(f64x2.add(sum, error), divisor));
  let leftA = aEnd - a - 1;
  let leftB = bEnd - b - 1;
  while (leftA + leftB > 0) {
    const shorter = min(leftA, leftB);
    for (let turn = 0; turn < shorter; turn++) {
      const leaving = bothOf(inA - back, inB - back);
      const without = f64x2.sub(sum, leaving);
      error = f64x2.add(error, lostTaking(alike, sum, leaving, without));
      const entering = bothOf(inA, inB);
      sum = f64x2.add(without, entering);
      error = f64x2.add(error, lostAdding(alike, without, entering, sum));
      outA += 8;
      outB += 8;
      storeBoth(outA, outB, f64x2.div(f64x2.add(sum, error), divisor));
      inA += 8;
      inB += 8;
    }
    leftA -= shorter;
    leftB -= shorter;
    // What is left of the longer run goes on in both lanes.
    if (leftA > 0) {
      sum = f64x2.splat(f64x2.extract_lane(sum, 0));
      error = f64x2.splat(f64x2.extract_lane(error, 0));
      inB = inA;
      outB = outA;
      leftB = leftA;
    } else if (leftB > 0) {
      sum = f64x2.splat(f64x2.extract_lane(sum, 1));
      error = f64x2.splat(f64x2.extract_lane(error, 1));
      inA = inB;
      outA = outB;
      leftA = leftB;
    }
  }
}

/** Where all bars of a window are equal its mean is that value: done apart, as most groups of bars have no such window. */
function settleFlatWindows(out: usize, column: usize, length: i32, start: i32, end: i32): void {
  const repeats = length - 1;
  // Bars in a row that equal the one before them.
  let row = 0;
  let bar = start - repeats + 1;
  for (; bar + 16 <= end; bar += 16) {
    const mask = sixteenRepeats(column + ((<usize>bar) << 3));
    if (mask === 0) {
      row = 0;
      continue;
    }
    const continued = row + <i32>ctz<u32>(~mask);
    if (continued >= repeats || (repeats < 16 && hasRow(mask, repeats))) {
      for (let k = 0; k < 16; k++) {
        row = (mask >>> k) & 1 ? row + 1 : 0;
        if (row >= repeats) settleBar(out, column, bar + k);
      }
    } else {
      row = mask === 0xffff ? row + 16 : <i32>clz<u32>(~(mask << 16));
    }
  }
  for (; bar < end; bar++) {
    const at = column + ((<usize>bar) << 3);
    row = load<f64>(at) === load<f64>(at - 8) ? row + 1 : 0;
    if (row >= repeats) settleBar(out, column, bar);
  }
}

@inline
function settleBar(out: usize, column: usize, bar: i32): void {
  const at = (<usize>bar) << 3;
  store<f64>(out + at, load<f64>(column + at));
}

/** Whether `count` ones stand in a row. */
@inline
function hasRow(mask: u32, count: i32): bool {
  let ends = mask;
  let left = count;
  while (left > 1) {
    const step = left >> 1;
    ends &= ends >>> step;
    left -= step;
  }
  return ends !== 0;
}

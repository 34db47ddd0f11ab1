// The standard rolling mean, two stretches of the column side by side in the lanes of one register.
import { clearBars, firstMissing, isPresent, sixteenRepeats } from './missing';

/** Running sums start anew at every bar whose index is a multiple of this; a power of two. */
export const REBUILD_BARS: i32 = 4096;

/**
 * Mean of `column` over the last `length` bars.
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) spoils the `length` bars that contain it and no more.
 * Numerics: running sum and its rounding errors, rebuilt after a missing bar and every 4096 bars. From one rebuild to
 *           the next no bar depends on what came before: such runs are independent, and two of them share a register.
 * Cost:     no allocation; about 1.2 ns per bar.
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

/** The values at two addresses in the lanes of one register. */
@inline
function bothOf(first: usize, second: usize): v128 {
  return v128.load64_lane(second, v128.load64_zero(first), 1);
}

/** Means of the runs [a, aEnd) and [b, bEnd), each rebuilt at its first bar: lane 0 and lane 1. A run may be given twice. */
function meanOfRuns(out: usize, column: usize, length: i32, a: i32, aEnd: i32, b: i32, bEnd: i32): void {
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
    const part = f64x2.sub(total, sum);
    error = f64x2.add(error, f64x2.add(f64x2.sub(sum, f64x2.sub(total, part)), f64x2.sub(entering, part)));
    sum = total;
    inA += 8;
    inB += 8;
  }
  let mean = f64x2.div(f64x2.add(sum, error), divisor);
  v128.store64_lane(outA, mean, 0);
  v128.store64_lane(outB, mean, 1);
  let leftA = aEnd - a - 1;
  let leftB = bEnd - b - 1;
  while (leftA + leftB > 0) {
    const shorter = min(leftA, leftB);
    for (let turn = 0; turn < shorter; turn++) {
      const leaving = bothOf(inA - back, inB - back);
      let total = f64x2.sub(sum, leaving);
      let part = f64x2.sub(total, sum);
      error = f64x2.add(error, f64x2.sub(f64x2.sub(sum, f64x2.sub(total, part)), f64x2.add(leaving, part)));
      sum = total;
      const entering = bothOf(inA, inB);
      total = f64x2.add(sum, entering);
      part = f64x2.sub(total, sum);
      error = f64x2.add(error, f64x2.add(f64x2.sub(sum, f64x2.sub(total, part)), f64x2.sub(entering, part)));
      sum = total;
      mean = f64x2.div(f64x2.add(sum, error), divisor);
      outA += 8;
      outB += 8;
      v128.store64_lane(outA, mean, 0);
      v128.store64_lane(outB, mean, 1);
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
  settleFlatWindows(out, column, length, a, aEnd);
  if (b !== a) settleFlatWindows(out, column, length, b, bEnd);
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

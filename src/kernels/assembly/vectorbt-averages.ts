// Averages and deviations in vectorbt's order of operations, with a second set of running sums `length` bars behind.

/** NaN alone counts as missing here: an infinity spoils the rest, as it does in vectorbt. */
@inline
function isGap(value: f64): bool {
  return value !== value;
}

/**
 * Rolling mean as the difference of two running sums from bar 0.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: NaN is left out of the sums and of the count; a window with a NaN has no value.
 * Numerics: the sum up to the bar before the window is run a second time instead of being kept: the same additions in
 *           the same order.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   vectorbtMean of src/indicators/vectorbt-averages.ts, bit for bit.
 */
export function vectorbtMean(out: usize, column: usize, bars: i32, length: i32): void {
  const divisor = <f64>length;
  let sum: f64 = 0;
  let gaps = 0;
  let i = 0;
  for (const seeds = min(bars, length); i < seeds; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    if (isGap(value)) gaps++;
    else sum += value;
    store<f64>(out + at, i + 1 - gaps >= length ? sum / divisor : NaN);
  }
  const back = (<usize>length) << 3;
  let before: f64 = 0;
  let gapsBefore = 0;
  for (; i < bars; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    if (isGap(value)) gaps++;
    else sum += value;
    const old = load<f64>(column + at - back);
    if (isGap(old)) gapsBefore++;
    else before += old;
    store<f64>(out + at, gaps === gapsBefore ? (sum - before) / divisor : NaN);
  }
}

/**
 * Rolling population deviation from running sums of the values and of their squares.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: as vectorbtMean.
 * Numerics: sqrt(|squares − 2·sum·mean + length·mean²| / length), in this order.
 * Cost:     no allocation; about 2 ns per bar.
 * Oracle:   vectorbtDeviation of src/indicators/vectorbt-averages.ts, bit for bit.
 */
export function vectorbtDeviation(out: usize, column: usize, bars: i32, length: i32): void {
  const back = (<usize>length) << 3;
  // Lane 0: sum of values, lane 1: sum of squares.
  let sums = f64x2.splat(0);
  let before = f64x2.splat(0);
  let gaps = 0;
  let gapsBefore = 0;
  let i = 0;
  for (const seeds = min(bars, length); i < seeds; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    if (isGap(value)) gaps++;
    else sums = f64x2.add(sums, withSquare(value));
    const one = gaps === 0 && i === length - 1 ? f64x2.extract_lane(deviations(sums, sums, length), 0) : NaN;
    store<f64>(out + at, one);
  }
  // Two bars at a time, for the divisions and the root are what takes time.
  for (; i + 2 <= bars; i += 2) {
    const at = (<usize>i) << 3;
    const values = v128.load(column + at);
    const olds = v128.load(column + at - back);
    const value = f64x2.extract_lane(values, 0);
    const next = f64x2.extract_lane(values, 1);
    const old = f64x2.extract_lane(olds, 0);
    const nextOld = f64x2.extract_lane(olds, 1);
    if (isGap(value)) gaps++;
    else sums = f64x2.add(sums, withSquare(value));
    if (isGap(old)) gapsBefore++;
    else before = f64x2.add(before, withSquare(old));
    const first = f64x2.sub(sums, before);
    const whole = gaps === gapsBefore;
    if (isGap(next)) gaps++;
    else sums = f64x2.add(sums, withSquare(next));
    if (isGap(nextOld)) gapsBefore++;
    else before = f64x2.add(before, withSquare(nextOld));
    const both = deviations(first, f64x2.sub(sums, before), length);
    v128.store(out + at, both);
    if (!whole) store<f64>(out + at, NaN);
    if (gaps !== gapsBefore) store<f64>(out + at + 8, NaN);
  }
  if (i === bars) return;
  const at = (<usize>i) << 3;
  const value = load<f64>(column + at);
  if (isGap(value)) gaps++;
  else sums = f64x2.add(sums, withSquare(value));
  const old = load<f64>(column + at - back);
  if (isGap(old)) gapsBefore++;
  else before = f64x2.add(before, withSquare(old));
  const last = f64x2.sub(sums, before);
  store<f64>(out + at, gaps === gapsBefore ? f64x2.extract_lane(deviations(last, last, length), 0) : NaN);
}

@inline
function withSquare(value: f64): v128 {
  const both = f64x2.splat(value);
  return f64x2.mul(both, f64x2.replace_lane(both, 0, 1));
}

/** Deviations of two windows, each given as its sum and its sum of squares. */
@inline
function deviations(first: v128, second: v128, length: i32): v128 {
  const divisor = f64x2.splat(<f64>length);
  const sum = v128.shuffle<f64>(first, second, 0, 2);
  const squares = v128.shuffle<f64>(first, second, 1, 3);
  const mean = f64x2.div(sum, divisor);
  const twice = f64x2.mul(f64x2.mul(f64x2.splat(2), sum), mean);
  const spread = f64x2.add(f64x2.sub(squares, twice), f64x2.mul(divisor, f64x2.mul(mean, mean)));
  return f64x2.sqrt(f64x2.div(f64x2.abs(spread), divisor));
}

/**
 * Exponential mean that starts at the first value and is silent until `length` values were seen. `out` may be `column`.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a NaN repeats the mean, and the past then counts 1 − weight times as much at the next value.
 * Numerics: (past·mean + weight·value) / (past + weight). Without a gap the divisor is fade + weight, which is exactly 1:
 *           1 − weight is exact from 1/2 on, and below it is off by so little that the sum rounds back. That division
 *           changes nothing and is left out.
 * Cost:     no allocation; about 1.4 ns per bar.
 * Oracle:   vectorbtExponentialMean of src/indicators/vectorbt-averages.ts, bit for bit.
 */
export function vectorbtExponentialMean(out: usize, column: usize, bars: i32, length: i32, weight: f64): void {
  const fade: f64 = 1 - weight;
  let mean: f64 = NaN;
  let past: f64 = 1;
  let seen = 0;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    const missing = isGap(value);
    if (!missing) seen++;
    if (isGap(mean)) {
      mean = value;
    } else if (missing) {
      past *= fade;
    } else if (past === 1) {
      if (mean !== value) mean = fade * mean + weight * value;
    } else {
      past *= fade;
      if (mean !== value) mean = (past * mean + weight * value) / (past + weight);
      past = 1;
    }
    store<f64>(out + at, seen >= length ? mean : NaN);
  }
}

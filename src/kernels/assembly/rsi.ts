// Relative strength index: rises and falls are averaged as they are met, in the lanes of one register.
import { isPresent } from './missing';
import { storeBoth } from './pairs';

/** Rise in lane 0 and fall in lane 1 of a finite change, both at least 0. */
@inline
function riseAndFall(change: f64): v128 {
  const zero = f64x2.splat(0);
  // change < 0 ? 0 : change, and change > 0 ? 0 : |change|.
  const rise = f64x2.pmax(f64x2.splat(change), zero);
  const fall = f64x2.abs(f64x2.pmin(f64x2.splat(change), zero));
  return v128.shuffle<f64>(rise, fall, 0, 2);
}

/**
 * 100 × average rise / (average rise + average fall), with recursive averages that move by `weight`.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-1] = NaN, as the first bar has no change.
 * Bad data: a missing bar, or a change too large for a double, ends the averages; the next `length` changes seed them.
 * Numerics: as smooth of the rises and of the falls; 0/0 gives NaN.
 * Cost:     no allocation; about 2 ns per bar.
 * Oracle:   rsi of src/indicators/rsi.ts in the standard arithmetic, bit for bit.
 */
export function rsi(out: usize, column: usize, bars: i32, length: i32, weight: f64): void {
  if (bars === 0) return;
  store<f64>(out, NaN);
  const weights = f64x2.splat(weight);
  const end = column + ((<usize>bars) << 3);
  const shift = out - column;
  let previous = load<f64>(column);
  let at = column + 8;
  while (at < end) {
    let first = f64x2.splat(0);
    let excess = f64x2.splat(0);
    let averages = f64x2.splat(0);
    let present = 0;
    for (; at < end && present < length; at += 8) {
      const value = load<f64>(at);
      const change = value - previous;
      if (!isPresent(change)) break;
      previous = value;
      const both = riseAndFall(change);
      if (present === 0) first = both;
      present++;
      excess = f64x2.add(excess, f64x2.sub(both, first));
      if (present === length) averages = f64x2.add(first, f64x2.div(excess, f64x2.splat(<f64>length)));
      store<f64>(at + shift, present === length ? share(averages) : NaN);
    }
    for (; at < end && present === length; at += 8) {
      const value = load<f64>(at);
      const change = value - previous;
      if (!isPresent(change)) break;
      previous = value;
      averages = f64x2.add(averages, f64x2.mul(weights, f64x2.sub(riseAndFall(change), averages)));
      store<f64>(at + shift, share(averages));
    }
    if (at < end) {
      previous = load<f64>(at);
      store<f64>(at + shift, NaN);
      at += 8;
    }
  }
}

@inline
function share(averages: v128): f64 {
  const rise = f64x2.extract_lane(averages, 0);
  return 100 * (rise / (rise + f64x2.extract_lane(averages, 1)));
}

/**
 * 100 − 100 / (1 + rise / fall) of rolling means in vectorbt's order of operations.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-1] = NaN, as the first bar has no change.
 * Bad data: a missing bar has no change; a window with such a bar has no value.
 * Numerics: as vectorbtMean of the rises and of the falls.
 * Cost:     no allocation; about 3 ns per bar.
 * Oracle:   rsi of src/indicators/rsi.ts in the vectorbt arithmetic, bit for bit.
 */
export function vectorbtRsi(out: usize, column: usize, bars: i32, length: i32): void {
  const back = (<usize>length) << 3;
  const divisor = f64x2.splat(<f64>length);
  let sums = f64x2.splat(0);
  let before = f64x2.splat(0);
  let gaps = 0;
  let gapsBefore = 0;
  let previous: f64 = NaN;
  let old: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    const change = value - previous;
    previous = value;
    if (isPresent(change)) sums = f64x2.add(sums, riseAndFall(change));
    else gaps++;
    if (i >= length) {
      const left = load<f64>(column + at - back);
      const oldChange = left - old;
      old = left;
      if (isPresent(oldChange)) before = f64x2.add(before, riseAndFall(oldChange));
      else gapsBefore++;
    }
    const whole = i >= length && gaps === gapsBefore;
    store<f64>(out + at, whole ? inverseRatio(f64x2.div(f64x2.sub(sums, before), divisor)) : NaN);
  }
}

@inline
function inverseRatio(averages: v128): f64 {
  return 100 - 100 / (1 + f64x2.extract_lane(averages, 0) / f64x2.extract_lane(averages, 1));
}

/**
 * Upward and downward changes, both at least 0; NaN at bar 0 and beside a missing bar.
 * Causal:   out[i] reads column[i-1..i].
 * Warm-up:  bar 0.
 * Bad data: a missing bar, or a change too large for a double, has no change.
 * Numerics: exact up to the subtraction.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   src/indicators/rsi.ts, bit for bit.
 */
export function changes(rises: usize, falls: usize, column: usize, bars: i32): void {
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    const change = value - previous;
    previous = value;
    const both = isPresent(change) ? riseAndFall(change) : f64x2.splat(NaN);
    storeBoth(rises + at, falls + at, both);
  }
}

/** 100 − 100 / (1 + rise / fall), bar by bar. `out` may be an input. */
export function inverseRatios(out: usize, rises: usize, falls: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, 100 - 100 / (1 + load<f64>(rises + at) / load<f64>(falls + at)));
  }
}

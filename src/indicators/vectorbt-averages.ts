// Averages and deviations in vectorbt 0.25's order of operations, over the whole window of candles.
import { assertLength, emptyColumn } from './definition.ts';

/**
 * Rolling mean as the difference of two running sums from bar 0. On flat stretches it carries rounding noise, which
 * makes crossings that exact arithmetic would not: that is the point of it.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: NaN is left out of the sums and of the count; a window with a NaN has no value. An infinity spoils the rest.
 * Numerics: sum from bar 0 minus sum up to the bar before the window, never rebuilt; drifts on long columns.
 * Cost:     O(bars); two working columns.
 * Oracle:   signal hashes of the sma_cross, rsi and macd sweeps (test/oracle/vectorbt-signals.test.ts), bit for bit.
 */
export function vectorbtMean(column: Float64Array, length: number): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  const sums = new Float64Array(bars);
  const gaps = new Float64Array(bars);
  let sum = 0;
  let gap = 0;
  for (let i = 0; i < bars; i++) {
    const value = column[i];
    if (Number.isNaN(value)) gap++;
    else sum += value;
    sums[i] = sum;
    gaps[i] = gap;
    if (i < length) {
      if (i + 1 - gap >= length) out[i] = sum / length;
    } else if (gap === gaps[i - length]) {
      out[i] = (sum - sums[i - length]) / length;
    }
  }
  return out;
}

/**
 * Rolling population deviation from running sums of the values and of their squares.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: as vectorbtMean.
 * Numerics: sqrt(|squares − 2·sum·mean + length·mean²| / length): cancels badly, and is not 0 in a flat market.
 * Cost:     O(bars); three working columns.
 * Oracle:   signal hashes of the bb_breakout sweep (test/oracle/vectorbt-signals.test.ts), bit for bit.
 */
export function vectorbtDeviation(column: Float64Array, length: number): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  const sums = new Float64Array(bars);
  const squares = new Float64Array(bars);
  const gaps = new Float64Array(bars);
  let sum = 0;
  let square = 0;
  let gap = 0;
  for (let i = 0; i < bars; i++) {
    const value = column[i];
    if (Number.isNaN(value)) {
      gap++;
    } else {
      sum += value;
      square += value * value;
    }
    sums[i] = sum;
    squares[i] = square;
    gaps[i] = gap;
    const before = i - length;
    if (before < -1 || gap !== (before < 0 ? 0 : gaps[before])) continue;
    const windowSum = before < 0 ? sum : sum - sums[before];
    const windowSquare = before < 0 ? square : square - squares[before];
    const mean = windowSum / length;
    out[i] = Math.sqrt(Math.abs(windowSquare - 2 * windowSum * mean + length * (mean * mean)) / length);
  }
  return out;
}

/**
 * Exponential mean that starts at the first value and is silent until `length` values were seen.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a NaN repeats the mean, and the past then counts 1 − weight times as much at the next value.
 * Numerics: weight 1 / (1 + (length − 1) / 2); (past·mean + weight·value) / (past + weight); a value equal to the mean
 *           leaves it untouched.
 * Cost:     O(bars); one output column, nothing per bar.
 * Oracle:   signal hashes of the ema_cross, rsi and macd sweeps (test/oracle/vectorbt-signals.test.ts), bit for bit.
 */
export function vectorbtExponentialMean(column: Float64Array, length: number): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  const weight = 1 / (1 + (length - 1) / 2);
  const fade = 1 - weight;
  let mean = Number.NaN;
  let past = 1;
  let seen = 0;
  for (let i = 0; i < bars; i++) {
    const value = column[i];
    const missing = Number.isNaN(value);
    if (!missing) seen++;
    if (Number.isNaN(mean)) {
      mean = value;
    } else {
      past *= fade;
      if (!missing) {
        if (mean !== value) mean = (past * mean + weight * value) / (past + weight);
        past = 1;
      }
    }
    if (seen >= length) out[i] = mean;
  }
  return out;
}

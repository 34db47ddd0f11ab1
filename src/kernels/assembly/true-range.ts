// True range, and its average.
import { isPresent } from './missing';
import { larger } from './select';

/** The largest of |high − previous|, |low − previous| and range, or NaN where one is missing or infinite. */
@inline
export function widest(high: f64, low: f64, previous: f64, range: f64): f64 {
  const up = abs<f64>(high - previous);
  const down = abs<f64>(low - previous);
  // A range below −largest happens with a high below the low; the distances are then what counts.
  return isPresent(up) && isPresent(down) && range <= f64.MAX_VALUE ? larger(larger(up, down), range) : NaN;
}

/**
 * Average of the true range that moves by `weight`.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  out[0..length-1] = NaN, as the first bar has no previous close.
 * Bad data: a missing bar ends the average; the next `length` true ranges seed it again.
 * Numerics: as smooth of trueRange.
 * Cost:     no allocation; about 2 ns per bar.
 * Oracle:   atr of src/indicators/atr.ts in the standard arithmetic, bit for bit.
 */
export function averageTrueRange(
  out: usize,
  high: usize,
  low: usize,
  close: usize,
  bars: i32,
  length: i32,
  weight: f64,
): void {
  let previous: f64 = NaN;
  let present = 0;
  let first: f64 = 0;
  let excess: f64 = 0;
  let average: f64 = 0;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const top = load<f64>(high + at);
    const bottom = load<f64>(low + at);
    const range = top - bottom;
    const value = widest(top, bottom, previous, range);
    previous = isPresent(range) ? load<f64>(close + at) : NaN;
    if (value !== value) {
      present = 0;
      store<f64>(out + at, NaN);
      continue;
    }
    if (present === length) {
      average += weight * (value - average);
      store<f64>(out + at, average);
      continue;
    }
    if (present === 0) {
      first = value;
      excess = 0;
    }
    present++;
    excess += value - first;
    if (present === length) average = first + excess / <f64>length;
    store<f64>(out + at, present === length ? average : NaN);
  }
}

/**
 * True range as vectorbt takes it: a previous close that is NaN is left out.
 * Causal:   out[i] reads bar i and close[i-1].
 * Warm-up:  none.
 * Bad data: NaN where the high or the low is NaN.
 * Numerics: differences of prices; the larger of 0 and −0 is 0.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   trueRange of src/indicators/true-range.ts in the vectorbt arithmetic, bit for bit.
 */
export function vectorbtTrueRange(out: usize, high: usize, low: usize, close: usize, bars: i32): void {
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const top = load<f64>(high + at);
    const bottom = load<f64>(low + at);
    const range = top - bottom;
    const up = abs<f64>(top - previous);
    const down = abs<f64>(bottom - previous);
    const known = range === range && up === up && down === down;
    store<f64>(out + at, previous !== previous ? range : known ? larger(larger(up, down), range) : NaN);
    previous = load<f64>(close + at);
  }
}

// True range and its averages, and the movement that the directional index is made of.
import { isPresent } from './missing';
import { larger } from './select';

/** The largest of |high − previous|, |low − previous| and range, or NaN where one is missing or infinite. */
@inline
function widest(high: f64, low: f64, previous: f64, range: f64): f64 {
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
    const widestRange = max(range, max(abs<f64>(top - previous), abs<f64>(bottom - previous)));
    store<f64>(out + at, previous !== previous ? range : widestRange);
    previous = load<f64>(close + at);
  }
}

/**
 * What the directional index averages: upward and downward movement and the standard true range.
 * Causal:   out[i] reads bars i-1 and i.
 * Warm-up:  out[0] = NaN in all three.
 * Bad data: a missing bar spoils itself and the next one.
 * Numerics: differences of prices. A true range that is infinite is NaN here: either ends the average.
 * Cost:     no allocation; about 2 ns per bar.
 * Oracle:   adx of src/indicators/adx.ts, bit for bit.
 */
export function directionalMovement(
  up: usize,
  down: usize,
  trueRange: usize,
  high: usize,
  low: usize,
  close: usize,
  bars: i32,
): void {
  let highBefore: f64 = NaN;
  let lowBefore: f64 = NaN;
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const top = load<f64>(high + at);
    const bottom = load<f64>(low + at);
    const rise = top - highBefore;
    const fall = lowBefore - bottom;
    const known = isPresent(rise) && isPresent(fall);
    store<f64>(up + at, known ? (rise > fall && rise > 0 ? rise : 0) : NaN);
    store<f64>(down + at, known ? (fall > rise && fall > 0 ? fall : 0) : NaN);
    const range = top - bottom;
    store<f64>(trueRange + at, widest(top, bottom, previous, range));
    previous = isPresent(range) ? load<f64>(close + at) : NaN;
    highBefore = top;
    lowBefore = bottom;
  }
}

@inline
function percentOf(part: f64, whole: f64): f64 {
  return whole === 0 ? 0 : 100 * (part / whole);
}

/**
 * Directional indicators out of averaged movement and range, and how far they lean one way: 100 × |plus − minus| /
 * (plus + minus). Outputs may be inputs. `wanted`: bit 0 for `lean`, 1 for `plus`, 2 for `minus`; the others are not written.
 * Causal:   out[i] reads bar i.
 * Warm-up:  none.
 * Bad data: NaN gives NaN.
 * Numerics: 0 for 0/0 in all three.
 * Cost:     no allocation; about 2 ns per bar.
 * Oracle:   adx of src/indicators/adx.ts, bit for bit.
 */
export function directionalIndicators(
  lean: usize,
  plus: usize,
  minus: usize,
  wanted: i32,
  up: usize,
  down: usize,
  range: usize,
  bars: i32,
): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const whole = load<f64>(range + at);
    const upward = percentOf(load<f64>(up + at), whole);
    const downward = percentOf(load<f64>(down + at), whole);
    if (wanted & 2) store<f64>(plus + at, upward);
    if (wanted & 4) store<f64>(minus + at, downward);
    if (wanted & 1) store<f64>(lean + at, percentOf(abs<f64>(upward - downward), upward + downward));
  }
}

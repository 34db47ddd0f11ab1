// Average directional index: four averages that run side by side.
import { isPresent } from './missing';
import { positivePart } from './select';
import { widest } from './true-range';

/** whole === 0 ? 0 : 100 × part / whole. */
@inline
function percentOf(part: f64, whole: f64): f64 {
  return whole === 0 ? 0 : 100 * (part / whole);
}

/** x > y ? positive part of x : 0, without a branch: which movement is the larger one is hard to foresee. */
@inline
function largerMovement(x: f64, y: f64): f64 {
  const only = v128.and(f64x2.splat(x), f64x2.gt(f64x2.splat(x), f64x2.splat(y)));
  return positivePart(f64x2.extract_lane(only, 0));
}

/**
 * plusDI and minusDI: averages of upward and downward movement, as % of that of the true range; adx: the average of 100 ×
 * |plusDI − minusDI| / (plusDI + minusDI). All move by `weight`. `wanted`: bit 0 for `adx`, 1 for `plus`, 2 for `minus`;
 * the others are not written.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  adx: 2 × length − 1 bars; plus and minus: length bars.
 * Bad data: a missing bar ends the averages; they are seeded again from the bars after it.
 * Numerics: as smooth of the movements (lanes 0 and 1), of trueRange and of the lean; 0 for 0/0.
 * Cost:     no allocation; about 7.7 ns per bar.
 * Oracle:   src/indicators/adx.ts, bit for bit.
 */
export function directionalIndex(
  adx: usize,
  plus: usize,
  minus: usize,
  wanted: i32,
  high: usize,
  low: usize,
  close: usize,
  bars: i32,
  length: i32,
  weight: f64,
): void {
  const weights = f64x2.splat(weight);
  const divisor = <f64>length;
  let highBefore: f64 = NaN;
  let lowBefore: f64 = NaN;
  let previous: f64 = NaN;
  let moves = 0;
  let firstMove = f64x2.splat(0);
  let moveExcess = f64x2.splat(0);
  let movement = f64x2.splat(NaN);
  let ranges = 0;
  let firstRange: f64 = 0;
  let rangeExcess: f64 = 0;
  let averageRange: f64 = NaN;
  let leans = 0;
  let firstLean: f64 = 0;
  let leanExcess: f64 = 0;
  let averageLean: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const top = load<f64>(high + at);
    const bottom = load<f64>(low + at);
    const rise = top - highBefore;
    const fall = lowBefore - bottom;
    highBefore = top;
    lowBefore = bottom;
    if (!isPresent(rise) || !isPresent(fall)) {
      moves = 0;
      movement = f64x2.splat(NaN);
    } else {
      const move = f64x2.replace_lane(f64x2.splat(largerMovement(rise, fall)), 1, largerMovement(fall, rise));
      if (moves === length) {
        movement = f64x2.add(movement, f64x2.mul(weights, f64x2.sub(move, movement)));
      } else {
        if (moves === 0) {
          firstMove = move;
          moveExcess = f64x2.splat(0);
        }
        moves++;
        moveExcess = f64x2.add(moveExcess, f64x2.sub(move, firstMove));
        if (moves === length) movement = f64x2.add(firstMove, f64x2.div(moveExcess, f64x2.splat(divisor)));
      }
    }
    const span = top - bottom;
    const range = widest(top, bottom, previous, span);
    previous = isPresent(span) ? load<f64>(close + at) : NaN;
    if (range !== range) {
      ranges = 0;
      averageRange = NaN;
    } else if (ranges === length) {
      averageRange += weight * (range - averageRange);
    } else {
      if (ranges === 0) {
        firstRange = range;
        rangeExcess = 0;
      }
      ranges++;
      rangeExcess += range - firstRange;
      if (ranges === length) averageRange = firstRange + rangeExcess / divisor;
    }
    const upward = percentOf(f64x2.extract_lane(movement, 0), averageRange);
    const downward = percentOf(f64x2.extract_lane(movement, 1), averageRange);
    if (wanted & 2) store<f64>(plus + at, upward);
    if (wanted & 4) store<f64>(minus + at, downward);
    if ((wanted & 1) === 0) continue;
    const lean = percentOf(abs<f64>(upward - downward), upward + downward);
    if (!isPresent(lean)) {
      leans = 0;
      averageLean = NaN;
    } else if (leans === length) {
      averageLean += weight * (lean - averageLean);
    } else {
      if (leans === 0) {
        firstLean = lean;
        leanExcess = 0;
      }
      leans++;
      leanExcess += lean - firstLean;
      if (leans === length) averageLean = firstLean + leanExcess / divisor;
    }
    store<f64>(adx + at, averageLean);
  }
}

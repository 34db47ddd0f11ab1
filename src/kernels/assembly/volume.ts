// Indicators of price and volume together: VWAP and on-balance volume.
import { isPresent } from './missing';
import { typical } from './typical-price';

/**
 * Sum of typical price × volume / sum of volume from bar 0.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none; NaN until some volume was traded.
 * Bad data: a missing bar has no value and adds nothing.
 * Numerics: moves the average by (price − average) × volume / total volume.
 * Cost:     no allocation; about 2.2 ns per bar.
 * Oracle:   src/indicators/vwap.ts, bit for bit.
 */
export function volumeWeightedPrice(
  out: usize,
  high: usize,
  low: usize,
  close: usize,
  volume: usize,
  bars: i32,
): void {
  let total: f64 = 0;
  let average: f64 = 0;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const price = typical(load<f64>(high + at), load<f64>(low + at), load<f64>(close + at));
    const traded = load<f64>(volume + at);
    let value: f64 = NaN;
    if (isPresent(price) && isPresent(traded)) {
      if (traded > 0) {
        total += traded;
        average += (price - average) * (traded / total);
      }
      if (total > 0) value = average;
    }
    store<f64>(out + at, value);
  }
}

/** The volume, negative where the mask `falls` is set: no branch, as rises and falls are hard to foresee. */
@inline
function signed(volume: f64, falls: v128): v128 {
  return v128.xor(f64x2.splat(volume), v128.and(falls, f64x2.splat(-0.0)));
}

/**
 * Running sum of volume: added on a higher close, taken off on a lower one, left alone on an equal one.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none.
 * Bad data: a bar without a close or volume has no value and adds nothing; the next change is counted from the last close.
 * Numerics: one running sum.
 * Cost:     no allocation; about 1.4 ns per bar.
 * Oracle:   src/indicators/obv.ts in the standard arithmetic, bit for bit.
 */
export function balanceVolume(out: usize, close: usize, volume: usize, bars: i32): void {
  let sum: f64 = 0;
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const price = load<f64>(close + at);
    const traded = load<f64>(volume + at);
    let value: f64 = NaN;
    if (isPresent(price) && isPresent(traded)) {
      const rises = f64x2.gt(f64x2.splat(price), f64x2.splat(previous));
      const falls = f64x2.lt(f64x2.splat(price), f64x2.splat(previous));
      const change = v128.and(signed(traded, falls), v128.or(rises, falls));
      // On an equal close 0 is added: the sum is never −0, so that changes nothing.
      sum += f64x2.extract_lane(change, 0);
      previous = price;
      value = sum;
    }
    store<f64>(out + at, value);
  }
}

/**
 * Running sum of volume by vectorbt's rules: the first bar and equal closes count as rises, and so does a bar beside a
 * missing close.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none.
 * Bad data: a bar without volume has no value and adds nothing.
 * Numerics: one running sum.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   src/indicators/obv.ts in the vectorbt arithmetic, bit for bit.
 */
export function vectorbtBalanceVolume(out: usize, close: usize, volume: usize, bars: i32): void {
  let sum: f64 = 0;
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const price = load<f64>(close + at);
    const traded = load<f64>(volume + at);
    const usable = isPresent(traded);
    if (usable) {
      const falls = f64x2.lt(f64x2.splat(price), f64x2.splat(previous));
      sum += f64x2.extract_lane(signed(traded, falls), 0);
    }
    store<f64>(out + at, usable ? sum : NaN);
    previous = price;
  }
}

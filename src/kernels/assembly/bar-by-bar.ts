// Indicators that carry a few numbers from bar to bar: volume sums, the supertrend, the commodity channel index.
import { isPresent } from './missing';

@inline
function typical(high: f64, low: f64, close: f64): f64 {
  return low + (high - low + (close - low)) / 3;
}

/**
 * Typical price: low + ((high − low) + (close − low)) / 3.
 * Causal:   out[i] reads bar i.
 * Warm-up:  none.
 * Bad data: a missing bar has no typical price.
 * Numerics: in the order written.
 * Cost:     no allocation; about 0.7 ns per bar.
 * Oracle:   src/indicators/typical-price.ts, bit for bit.
 */
export function typicalPrice(out: usize, high: usize, low: usize, close: usize, bars: i32): void {
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    store<f64>(out + at, typical(load<f64>(high + at), load<f64>(low + at), load<f64>(close + at)));
  }
}

/**
 * Sum of typical price × volume / sum of volume from bar 0.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none; NaN until some volume was traded.
 * Bad data: a missing bar has no value and adds nothing.
 * Numerics: moves the average by (price − average) × volume / total volume.
 * Cost:     no allocation; about 2.5 ns per bar.
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

/**
 * Running sum of volume: added on a higher close, taken off on a lower one, left alone on an equal one.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none.
 * Bad data: a bar without a close or volume has no value and adds nothing; the next change is counted from the last close.
 * Numerics: one running sum.
 * Cost:     no allocation; about 1 ns per bar, and more where rises and falls are hard to foresee.
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
      // Adding −0 changes nothing, adding 0 would make 0 of −0.
      sum += price < previous ? -traded : price > previous ? traded : -0;
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
    if (usable) sum += price < previous ? -traded : traded;
    store<f64>(out + at, usable ? sum : NaN);
    previous = price;
  }
}

/**
 * Band that follows the trend, and the trend: +1 up, −1 down. `line` or `direction` may be `range`, the average true
 * range. `wanted`: bit 0 for `line`, 1 for `direction`; the other is not written.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  NaN where `range` is NaN.
 * Bad data: a missing range ends bands and trend; both start anew once it is back.
 * Numerics: middle ± multiplier × range.
 * Cost:     no allocation; about 3 ns per bar.
 * Oracle:   src/indicators/supertrend.ts, bit for bit.
 */
export function supertrend(
  line: usize,
  direction: usize,
  wanted: i32,
  range: usize,
  high: usize,
  low: usize,
  close: usize,
  bars: i32,
  multiplier: f64,
): void {
  let running = false;
  let rising = false;
  let upper: f64 = 0;
  let lower: f64 = 0;
  let previous: f64 = NaN;
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const width = load<f64>(range + at);
    const price = load<f64>(close + at);
    let acting: f64 = NaN;
    let trend: f64 = NaN;
    if (width !== width) {
      running = false;
    } else {
      const middle = (load<f64>(high + at) + load<f64>(low + at)) / 2;
      const reach = multiplier * width;
      const top = middle + reach;
      const bottom = middle - reach;
      if (!running) {
        running = true;
        rising = price >= middle;
        upper = top;
        lower = bottom;
      } else {
        if (top < upper || previous > upper) upper = top;
        if (bottom > lower || previous < lower) lower = bottom;
      }
      rising = price > (rising ? lower : upper);
      acting = rising ? lower : upper;
      trend = rising ? 1 : -1;
    }
    previous = price;
    if (wanted & 1) store<f64>(line + at, acting);
    if (wanted & 2) store<f64>(direction + at, trend);
  }
}

// The standard recursive average behind EMA, RSI, ATR, ADX and MACD.
import { isPresent } from './missing';

/**
 * Recursive average: the plain mean of the first `length` bars, then moved towards each new bar by `weight`.
 * `out` may be `column`.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) ends the average; the next `length` bars seed it again.
 * Numerics: previous + weight × (value − previous); the seed is summed left to right relative to its first bar.
 * Cost:     no allocation; about 1.9 ns per bar: the latency of three operations, each waiting for the one before.
 * Oracle:   src/indicators/smoothing.ts, bit for bit.
 */
export function smooth(out: usize, column: usize, bars: i32, length: i32, weight: f64): void {
  const end = column + ((<usize>bars) << 3);
  const shift = out - column;
  let at = column;
  while (at < end) {
    // Seeds: no value until `length` bars in a row were present.
    const first = load<f64>(at);
    let excess: f64 = 0;
    let present = 0;
    let average: f64 = NaN;
    while (at < end) {
      const value = load<f64>(at);
      if (!isPresent(value)) break;
      present++;
      excess += value - first;
      if (present === length) {
        average = first + excess / <f64>length;
        store<f64>(at + shift, average);
        at += 8;
        break;
      }
      store<f64>(at + shift, NaN);
      at += 8;
    }
    if (present === length) {
      while (at < end) {
        const value = load<f64>(at);
        if (!isPresent(value)) break;
        average += weight * (value - average);
        store<f64>(at + shift, average);
        at += 8;
      }
    }
    if (at < end) {
      store<f64>(at + shift, NaN);
      at += 8;
    }
  }
}

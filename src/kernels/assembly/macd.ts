// Moving average convergence/divergence of the standard arithmetic: three averages that run side by side.
import { isPresent } from './missing';

/**
 * macd = fast average − slow average; signal = average of macd; histogram = macd − signal. `wanted`: bit 0 for `line`,
 * 1 for `signal`, 2 for `histogram`; the others are not written.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  line: max(fast, slow) − 1 bars; signal and histogram: signalLength − 1 bars more.
 * Bad data: a missing bar ends the averages; the bars after it seed them again.
 * Numerics: as smooth with the weights given; the seeds of both averages are sums of the same differences.
 * Cost:     no allocation; about 2.3 ns per bar for all three.
 * Oracle:   src/indicators/macd.ts in the standard arithmetic, bit for bit.
 */
export function macd(
  line: usize,
  signal: usize,
  histogram: usize,
  wanted: i32,
  column: usize,
  bars: i32,
  fast: i32,
  slow: i32,
  signalLength: i32,
  fastWeight: f64,
  slowWeight: f64,
  signalWeight: f64,
): void {
  let present = 0;
  let first: f64 = 0;
  let excess: f64 = 0;
  let fastAverage: f64 = 0;
  let slowAverage: f64 = 0;
  let lines = 0;
  let firstLine: f64 = 0;
  let lineExcess: f64 = 0;
  let signalAverage: f64 = 0;
  const longer = max(fast, slow);
  for (let i = 0; i < bars; i++) {
    const at = (<usize>i) << 3;
    const value = load<f64>(column + at);
    let difference: f64 = NaN;
    if (!isPresent(value)) {
      present = 0;
    } else if (present === longer) {
      fastAverage += fastWeight * (value - fastAverage);
      slowAverage += slowWeight * (value - slowAverage);
      difference = fastAverage - slowAverage;
    } else {
      if (present === 0) {
        first = value;
        excess = 0;
      }
      present++;
      excess += value - first;
      if (present > fast) fastAverage += fastWeight * (value - fastAverage);
      else if (present === fast) fastAverage = first + excess / <f64>fast;
      if (present > slow) slowAverage += slowWeight * (value - slowAverage);
      else if (present === slow) slowAverage = first + excess / <f64>slow;
      if (present === longer) difference = fastAverage - slowAverage;
    }
    let average: f64 = NaN;
    if (!isPresent(difference)) {
      lines = 0;
    } else if (lines === signalLength) {
      signalAverage += signalWeight * (difference - signalAverage);
      average = signalAverage;
    } else {
      if (lines === 0) {
        firstLine = difference;
        lineExcess = 0;
      }
      lines++;
      lineExcess += difference - firstLine;
      if (lines === signalLength) {
        signalAverage = firstLine + lineExcess / <f64>signalLength;
        average = signalAverage;
      }
    }
    if (wanted & 1) store<f64>(line + at, difference);
    if (wanted & 2) store<f64>(signal + at, average);
    if (wanted & 4) store<f64>(histogram + at, difference - average);
  }
}

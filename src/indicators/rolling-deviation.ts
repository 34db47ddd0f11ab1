// The standard rolling deviation: blocks that are only ever added, so nothing cancels and nothing drifts.
import { assertLength, emptyColumn } from './definition.ts';

/**
 * Population standard deviation (divisor `length`) of `column` over the last `length` bars.
 *
 * The column is cut into blocks of `length` bars from bar 0. A window is then the tail of one block and the head of the
 * next; the (mean, sum of squared deviations) of both are joined by Chan's formula.
 *
 *        block b−1                 block b
 *   ┌───────┬───────────┐   ┌───────────┬───────┐
 *   │       │   tail    │   │   head    │       │      tail + head = length bars
 *   └───────┴───────────┘   └───────────┴───────┘
 *
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) spoils the `length` bars that contain it and no more.
 * Numerics: Welford within a block, on differences to the first bar of block b; no subtraction of sums, no drift;
 *           exactly 0 in a flat market.
 * Cost:     O(bars); four working columns of `length` values, nothing per bar.
 * Oracle:   two-pass deviation of each window (rolling-deviation.test.ts), 1e-10; oracle tables stdev.csv, bb.csv, 1e-11.
 */
export function rollingDeviation(column: Float64Array, length: number): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  if (bars < length) return out;
  // By the number of bars in the head: the tail's mean and squared deviations, 1 / head, and Chan's weight.
  const tailMean = new Float64Array(length);
  const tailSquares = new Float64Array(length);
  const share = new Float64Array(length + 1);
  const joint = new Float64Array(length + 1);
  for (let head = 1; head <= length; head++) {
    share[head] = 1 / head;
    joint[head] = (head * (length - head)) / length;
  }
  for (let start = 0; start < bars; start += length) {
    const base = column[start];
    if (start > 0) fillTails(column, start, base, share, tailMean, tailSquares);
    const end = Math.min(start + length, bars);
    let mean = 0;
    let squares = 0;
    for (let i = start; i < end; i++) {
      const head = i - start + 1;
      const value = column[i] - base;
      const distance = value - mean;
      mean += distance * share[head];
      squares += distance * (value - mean);
      if (head === length) {
        out[i] = Math.sqrt(squares / length);
      } else if (start > 0) {
        const apart = mean - tailMean[head];
        out[i] = Math.sqrt((squares + tailSquares[head] + apart * apart * joint[head]) / length);
      }
    }
  }
  return out;
}

/** Mean and squared deviations, relative to `base`, of the last length − head bars before `start`, for each head ≥ 1. */
function fillTails(
  column: Float64Array,
  start: number,
  base: number,
  share: Float64Array,
  tailMean: Float64Array,
  tailSquares: Float64Array,
): void {
  const length = tailMean.length;
  let mean = 0;
  let squares = 0;
  for (let count = 1; count < length; count++) {
    const value = column[start - count] - base;
    const distance = value - mean;
    mean += distance * share[count];
    squares += distance * (value - mean);
    tailMean[length - count] = mean;
    tailSquares[length - count] = squares;
  }
}

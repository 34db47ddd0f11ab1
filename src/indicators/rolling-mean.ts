// The standard rolling mean: a running sum that keeps its own rounding errors.
import { assertLength, emptyColumn } from './definition.ts';

/** Running sums start anew at every bar whose index is a multiple of this. */
export const REBUILD_BARS = 4096;

/**
 * Mean of `column` over the last `length` bars.
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) spoils the `length` bars that contain it and no more.
 * Numerics: running sum plus the running sum of its rounding errors (Knuth's two-sum), rebuilt left to right after a
 *           missing bar and every 4096 bars counted from bar 0 of the column. The mean of prices is the correctly
 *           rounded one, whatever came before the window; a window of equal values gives exactly that value. After a
 *           window whose sum exceeds the largest double there is no value until the next rebuild.
 * Cost:     O(bars); one output column, nothing per bar.
 * Oracle:   exact sums of whole ticks (rolling-mean.test.ts); oracle table sma.csv, 1e-11.
 */
export function rollingMean(column: Float64Array, length: number): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  let sum = 0;
  let error = 0;
  let present = 0;
  let equal = 0;
  let previous = Number.NaN;
  for (let i = 0; i < bars; i++) {
    const value = column[i];
    if (!Number.isFinite(value)) {
      present = 0;
      previous = Number.NaN;
      continue;
    }
    present++;
    equal = value === previous ? equal + 1 : 1;
    previous = value;
    if (present < length) continue;
    const rebuild = present === length || i % REBUILD_BARS === 0;
    if (rebuild) {
      sum = 0;
      error = 0;
    } else {
      const leaving = -column[i - length];
      const total = sum + leaving;
      const part = total - sum;
      error += sum - (total - part) + (leaving - part);
      sum = total;
    }
    for (let j = rebuild ? i - length + 1 : i; j <= i; j++) {
      const entering = column[j];
      const total = sum + entering;
      const part = total - sum;
      error += sum - (total - part) + (entering - part);
      sum = total;
    }
    out[i] = equal >= length ? value : (sum + error) / length;
  }
  return out;
}

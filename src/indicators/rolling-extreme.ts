// Highest and lowest of a moving window, by van Herk's two passes.
import { assertLength, emptyColumn } from './definition.ts';

/**
 * Largest (`sign` +1) or smallest (`sign` −1) value of `column` over the last `length` bars, the current one included.
 * Causal:   out[i] reads column[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a NaN spoils the `length` bars that contain it and no more.
 * Numerics: exact.
 * Cost:     O(bars), about three comparisons per bar whatever the length; one working column of `length` values.
 * Oracle:   the largest of each window by search (textbook.test.ts), exact; oracle table donchian.csv.
 */
export function rollingExtreme(column: Float64Array, length: number, sign: 1 | -1): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  if (bars < length) return out;
  // Blocks of `length` bars: a window is the tail of one block and the head of the next. Indexed by bars in the head.
  const tail = new Float64Array(length);
  for (let start = 0; start < bars; start += length) {
    if (start > 0) {
      let best = Number.NEGATIVE_INFINITY;
      for (let count = 1; count < length; count++) {
        best = Math.max(best, sign * column[start - count]);
        tail[length - count] = best;
      }
    }
    const end = Math.min(start + length, bars);
    let best = Number.NEGATIVE_INFINITY;
    for (let i = start; i < end; i++) {
      const head = i - start + 1;
      best = Math.max(best, sign * column[i]);
      if (head === length) out[i] = sign * best;
      else if (start > 0) out[i] = sign * Math.max(best, tail[head]);
    }
  }
  return out;
}

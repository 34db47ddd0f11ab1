// The standard recursive average behind EMA, RSI, ATR and ADX.
import { assertLength, emptyColumn } from './definition.ts';

/** Weight of the newest bar in an exponential average of `length` bars. */
export const exponentialWeight = (length: number): number => 2 / (length + 1);

/** Weight of the newest bar in Wilder's average of `length` bars. */
export const wilderWeight = (length: number): number => 1 / length;

/**
 * Recursive average: the plain mean of the first `length` bars, then moved towards each new bar by `weight`.
 * Causal:   out[i] reads column[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) ends the average; it is seeded again from the next `length` bars, as if the
 *           column began after the missing bar.
 * Numerics: previous + weight × (value − previous), so a flat market stays exactly flat; the seed is summed left to
 *           right relative to its first bar.
 * Cost:     O(bars); one output column, nothing per bar.
 * Oracle:   oracle tables ema.csv, rsi.csv, atr.csv, adx.csv, 1e-11.
 */
export function smooth(column: Float64Array, length: number, weight: number): Float64Array {
  assertLength(length);
  const bars = column.length;
  const out = emptyColumn(bars);
  let present = 0;
  let first = 0;
  let excess = 0;
  let average = 0;
  for (let i = 0; i < bars; i++) {
    const value = column[i];
    if (!Number.isFinite(value)) {
      present = 0;
      continue;
    }
    present++;
    if (present > length) {
      average += weight * (value - average);
      out[i] = average;
      continue;
    }
    if (present === 1) {
      first = value;
      excess = 0;
    }
    excess += value - first;
    if (present === length) {
      average = first + excess / length;
      out[i] = average;
    }
  }
  return out;
}

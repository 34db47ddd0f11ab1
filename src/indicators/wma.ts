// Linearly weighted moving average.
import type { IndicatorDefinition } from './definition.ts';
import { assertLength, emptyColumn, lengthParam } from './definition.ts';

/**
 * Mean of the last `length` bars with weights 1 (oldest) to `length` (newest). Both arithmetics.
 * The window is the tail of one block of `length` bars and the head of the next, counted from bar 0.
 * Causal:   out[i] reads source[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar (NaN or infinite) spoils the `length` bars that contain it and no more.
 * Numerics: sums of differences to the first bar of the head's block, rebuilt with every block: no drift, and a flat
 *           market gives exactly its price.
 * Cost:     O(bars); one working column of `length` values.
 * Oracle:   oracle table wma.csv, 1e-11.
 */
export function wma(source: Float64Array, length: number): Float64Array {
  assertLength(length);
  const bars = source.length;
  const out = emptyColumn(bars);
  if (bars < length) return out;
  const weights = (length * (length + 1)) / 2;
  // Weighted sum of the tail, by the number of bars in the head.
  const tail = new Float64Array(length);
  for (let start = 0; start < bars; start += length) {
    const base = source[start];
    let sum = 0;
    let weighted = 0;
    for (let count = 1; count < length && start > 0; count++) {
      // One more bar at the old end: every bar of the tail moves up by one weight.
      sum += source[start - count] - base;
      weighted += sum;
      tail[length - count] = weighted;
    }
    const end = Math.min(start + length, bars);
    sum = 0;
    weighted = 0;
    for (let i = start; i < end; i++) {
      const head = i - start + 1;
      const value = source[i] - base;
      sum += value;
      weighted += head * value;
      if (head === length) out[i] = base + weighted / weights;
      else if (start > 0) out[i] = base + (tail[head] + ((length - head) * sum + weighted)) / weights;
    }
  }
  return out;
}

export const wmaDefinition: IndicatorDefinition = {
  name: 'wma',
  label: 'Weighted moving average',
  inputs: ['source'],
  params: [lengthParam(1)],
  outputs: ['wma'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length]) => [wma(source, length)],
};

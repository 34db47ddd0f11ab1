// Lowest value of a moving window.
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { rollingExtreme } from './rolling-extreme.ts';

/**
 * Smallest of the last `length` bars of `source`, the current one included. Both arithmetics.
 * Causal:   out[i] reads source[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a NaN spoils the `length` bars that contain it and no more.
 * Numerics: exact.
 * Cost:     O(bars), see rollingExtreme.
 * Oracle:   search of each window (textbook.test.ts), exact.
 */
export function lowest(source: Float64Array, length: number): Float64Array {
  return rollingExtreme(source, length, -1);
}

export const lowestDefinition: IndicatorDefinition = {
  name: 'lowest',
  label: 'Lowest value',
  inputs: ['source'],
  params: [lengthParam(1)],
  outputs: ['lowest'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length]) => [lowest(source, length)],
};

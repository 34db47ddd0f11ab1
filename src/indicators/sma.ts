// Simple moving average.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { rollingMean } from './rolling-mean.ts';
import { vectorbtMean } from './vectorbt-averages.ts';

/**
 * Plain mean of `source` over the last `length` bars.
 * Causal:   out[i] reads source[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar spoils the `length` bars that contain it and no more.
 * Numerics: rollingMean (exact sums); vectorbt: vectorbtMean (difference of running sums).
 * Cost:     O(bars); one output column.
 * Oracle:   oracle table sma.csv, 1e-11; vectorbt: signal hashes of three sma_cross sweeps.
 */
export function sma(source: Float64Array, length: number, arithmetic: Arithmetic): Float64Array {
  return arithmetic === 'vectorbt' ? vectorbtMean(source, length) : rollingMean(source, length);
}

export const smaDefinition: IndicatorDefinition = {
  name: 'sma',
  label: 'Simple moving average',
  inputs: ['source'],
  params: [lengthParam(1)],
  outputs: ['sma'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length], arithmetic) => [sma(source, length, arithmetic)],
};

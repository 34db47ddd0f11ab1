// Exponential moving average.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { exponentialWeight, smooth } from './smoothing.ts';
import { vectorbtExponentialMean } from './vectorbt-averages.ts';

/**
 * Exponential average with weight 2 / (length + 1) for the newest bar.
 * Causal:   out[i] reads source[0..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar ends the average; the next `length` bars seed it again. vectorbt: a NaN repeats the mean.
 * Numerics: seeded with the plain mean of the first `length` bars; vectorbt: starts at the first value.
 * Cost:     O(bars); one output column.
 * Oracle:   oracle table ema.csv, 1e-11; vectorbt: signal hashes of the ema_cross sweep.
 */
export function ema(source: Float64Array, length: number, arithmetic: Arithmetic): Float64Array {
  return arithmetic === 'vectorbt'
    ? vectorbtExponentialMean(source, length)
    : smooth(source, length, exponentialWeight(length));
}

export const emaDefinition: IndicatorDefinition = {
  name: 'ema',
  label: 'Exponential moving average',
  inputs: ['source'],
  params: [lengthParam(1)],
  outputs: ['ema'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length], arithmetic) => [ema(source, length, arithmetic)],
};

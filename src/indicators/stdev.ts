// Rolling standard deviation.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { rollingDeviation } from './rolling-deviation.ts';
import { vectorbtDeviation } from './vectorbt-averages.ts';

/**
 * Population standard deviation (divisor `length`) of `source` over the last `length` bars.
 * Causal:   out[i] reads source[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar spoils the `length` bars that contain it and no more.
 * Numerics: rollingDeviation, exactly 0 in a flat market; vectorbt: vectorbtDeviation, which is not.
 * Cost:     O(bars); one output column.
 * Oracle:   oracle table stdev.csv, 1e-11; vectorbt: signal hashes of the bb_breakout sweep.
 */
export function stdev(source: Float64Array, length: number, arithmetic: Arithmetic): Float64Array {
  return arithmetic === 'vectorbt' ? vectorbtDeviation(source, length) : rollingDeviation(source, length);
}

export const stdevDefinition: IndicatorDefinition = {
  name: 'stdev',
  label: 'Standard deviation',
  inputs: ['source'],
  params: [lengthParam(2)],
  outputs: ['stdev'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length], arithmetic) => [stdev(source, length, arithmetic)],
};

// Distance from the moving average in standard deviations.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { sma } from './sma.ts';
import { stdev } from './stdev.ts';

/**
 * (source − mean) / standard deviation over the last `length` bars.
 * Causal:   out[i] reads source[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar spoils the `length` bars that contain it and no more.
 * Numerics: sma and stdev of the same arithmetic; a flat window is 0/0 and gives NaN (no signal).
 * Cost:     O(bars); three columns.
 * Oracle:   column zScore of oracle tables stdev.csv and bb.csv, 1e-11.
 */
export function zscore(source: Float64Array, length: number, arithmetic: Arithmetic): Float64Array {
  const mean = sma(source, length, arithmetic);
  const deviation = stdev(source, length, arithmetic);
  const out = new Float64Array(source.length);
  for (let i = 0; i < out.length; i++) out[i] = (source[i] - mean[i]) / deviation[i];
  return out;
}

export const zscoreDefinition: IndicatorDefinition = {
  name: 'zscore',
  label: 'Z-score',
  inputs: ['source'],
  params: [lengthParam(2)],
  outputs: ['zscore'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length], arithmetic) => [zscore(source, length, arithmetic)],
};

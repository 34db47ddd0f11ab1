// Bollinger bands.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { sma } from './sma.ts';
import { stdev } from './stdev.ts';

export interface Bollinger {
  readonly middle: Float64Array;
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  /** Where the source lies: 0 at the lower band, 1 at the upper one. */
  readonly percentB: Float64Array;
  /** (upper − lower) / middle, a fraction. */
  readonly bandwidth: Float64Array;
}

/**
 * middle = simple average; upper and lower = middle ± `width` population standard deviations.
 * Causal:   out[i] reads source[i-length+1..i].
 * Warm-up:  out[0..length-2] = NaN, in all outputs.
 * Bad data: a missing bar spoils the `length` bars that contain it and no more.
 * Numerics: sma and stdev of the same arithmetic. In a flat window the bands meet: percentB is 0/0 and gives NaN (no
 *           signal), bandwidth is 0.
 * Cost:     O(bars); six columns.
 * Oracle:   oracle table bb.csv, 1e-11; vectorbt: signal hashes of the bb_breakout sweep.
 */
export function bollinger(source: Float64Array, length: number, width: number, arithmetic: Arithmetic): Bollinger {
  const bars = source.length;
  const middle = sma(source, length, arithmetic);
  const deviation = stdev(source, length, arithmetic);
  const upper = new Float64Array(bars);
  const lower = new Float64Array(bars);
  const percentB = new Float64Array(bars);
  const bandwidth = new Float64Array(bars);
  for (let i = 0; i < bars; i++) {
    const half = width * deviation[i];
    upper[i] = middle[i] + half;
    lower[i] = middle[i] - half;
    percentB[i] = (source[i] - lower[i]) / (upper[i] - lower[i]);
    bandwidth[i] = (upper[i] - lower[i]) / middle[i];
  }
  return { middle, upper, lower, percentB, bandwidth };
}

export const bollingerDefinition: IndicatorDefinition = {
  name: 'bollinger',
  label: 'Bollinger bands',
  inputs: ['source'],
  params: [lengthParam(2), { name: 'width', min: 0, integer: false }],
  outputs: ['middle', 'upper', 'lower', 'percentB', 'bandwidth'],
  warmUp: ([length]) => length - 1,
  compute: ([source], [length, width], arithmetic) => {
    const bands = bollinger(source, length, width, arithmetic);
    return [bands.middle, bands.upper, bands.lower, bands.percentB, bands.bandwidth];
  },
};

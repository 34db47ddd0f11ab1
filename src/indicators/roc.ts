// Rate of change.
import type { IndicatorDefinition } from './definition.ts';
import { assertLength, emptyColumn, lengthParam } from './definition.ts';

/**
 * Change of `source` against `length` bars ago, in % of the older value. Both arithmetics.
 * Causal:   out[i] reads source[i-length] and source[i].
 * Warm-up:  out[0..length-1] = NaN.
 * Bad data: a missing bar spoils its own bar and the one `length` bars later.
 * Numerics: 100 × ((new − old) / old); an older value of 0 gives NaN.
 * Cost:     O(bars); one output column.
 * Oracle:   oracle table roc.csv, 1e-11.
 */
export function roc(source: Float64Array, length: number): Float64Array {
  assertLength(length);
  const out = emptyColumn(source.length);
  for (let i = length; i < out.length; i++) {
    const old = source[i - length];
    if (old !== 0) out[i] = 100 * ((source[i] - old) / old);
  }
  return out;
}

export const rocDefinition: IndicatorDefinition = {
  name: 'roc',
  label: 'Rate of change',
  inputs: ['source'],
  params: [lengthParam(1)],
  outputs: ['roc'],
  warmUp: ([length]) => length,
  compute: ([source], [length]) => [roc(source, length)],
};

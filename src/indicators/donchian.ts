// Donchian channel.
import type { IndicatorDefinition } from './definition.ts';
import { assertSameBars, emptyColumn, lengthParam } from './definition.ts';
import { highest } from './highest.ts';
import { lowest } from './lowest.ts';

export interface Donchian {
  readonly upper: Float64Array;
  readonly lower: Float64Array;
  readonly middle: Float64Array;
}

/**
 * Highest high and lowest low of the `length` bars BEFORE the current one, and their middle, so that a close beyond the
 * channel is a breakout. Both arithmetics.
 * Causal:   out[i] reads bars i-length..i-1.
 * Warm-up:  out[0..length-1] = NaN, in all outputs.
 * Bad data: a NaN spoils the `length` bars whose window contains it and no more.
 * Numerics: exact; the middle is half the sum.
 * Cost:     O(bars); five columns.
 * Oracle:   oracle table donchian.csv, 1e-11.
 */
export function donchian(high: Float64Array, low: Float64Array, length: number): Donchian {
  assertSameBars(high, low);
  const upper = previousBar(highest(high, length));
  const lower = previousBar(lowest(low, length));
  const middle = new Float64Array(high.length);
  for (let i = 0; i < middle.length; i++) middle[i] = (upper[i] + lower[i]) / 2;
  return { upper, lower, middle };
}

function previousBar(column: Float64Array): Float64Array {
  const out = emptyColumn(column.length);
  if (column.length > 1) out.set(column.subarray(0, column.length - 1), 1);
  return out;
}

export const donchianDefinition: IndicatorDefinition = {
  name: 'donchian',
  label: 'Donchian channel',
  inputs: ['high', 'low'],
  params: [lengthParam(1)],
  outputs: ['upper', 'lower', 'middle'],
  warmUp: ([length]) => length,
  compute: ([high, low], [length]) => {
    const channel = donchian(high, low, length);
    return [channel.upper, channel.lower, channel.middle];
  },
};

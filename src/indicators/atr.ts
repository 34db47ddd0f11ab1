// Average true range.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { smooth, wilderWeight } from './smoothing.ts';
import { trueRange } from './true-range.ts';
import { vectorbtExponentialMean } from './vectorbt-averages.ts';

/**
 * Average of the true range over `length` bars, in price units.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  out[0..length-1] = NaN, as the first bar has no previous close; vectorbt: out[0..length-2].
 * Bad data: a missing bar ends the average; the next `length` true ranges seed it again. vectorbt: as its averages.
 * Numerics: Wilder's average seeded with the plain mean of the first `length` true ranges; vectorbt: exponential mean
 *           of `length` bars from bar 0, whose range is high − low.
 * Cost:     O(bars); two columns.
 * Oracle:   oracle table atr.csv, 1e-11.
 */
export function atr(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
  arithmetic: Arithmetic,
): Float64Array {
  const range = trueRange(high, low, close, arithmetic);
  return arithmetic === 'vectorbt'
    ? vectorbtExponentialMean(range, length)
    : smooth(range, length, wilderWeight(length));
}

export const atrDefinition: IndicatorDefinition = {
  name: 'atr',
  label: 'Average true range',
  inputs: ['high', 'low', 'close'],
  params: [lengthParam(1)],
  outputs: ['atr'],
  warmUp: ([length], arithmetic) => (arithmetic === 'vectorbt' ? length - 1 : length),
  compute: ([high, low, close], [length], arithmetic) => [atr(high, low, close, length, arithmetic)],
};

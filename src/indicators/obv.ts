// On-balance volume.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { assertSameBars, emptyColumn } from './definition.ts';

/**
 * Running sum of volume: added on a higher close, taken off on a lower one, left alone on an equal one. Starts at 0.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none.
 * Bad data: a bar without a close or volume has no value and adds nothing; the next change is counted from the last
 *           close known.
 * Numerics: one running sum; exact for whole volumes below 2^53. vectorbt: the first bar and equal closes count as
 *           rises, and so does a bar after a missing close.
 * Cost:     O(bars); one output column.
 * Oracle:   oracle table obv.csv, exact.
 */
export function obv(close: Float64Array, volume: Float64Array, arithmetic: Arithmetic): Float64Array {
  assertSameBars(close, volume);
  const out = emptyColumn(close.length);
  const equalRises = arithmetic === 'vectorbt';
  let sum = 0;
  let previous = Number.NaN;
  for (let i = 0; i < close.length; i++) {
    if (equalRises) previous = i === 0 ? Number.NaN : close[i - 1];
    const usable = Number.isFinite(volume[i]) && (equalRises || Number.isFinite(close[i]));
    if (!usable) continue;
    if (close[i] < previous) sum -= volume[i];
    else if (equalRises || close[i] > previous) sum += volume[i];
    previous = close[i];
    out[i] = sum;
  }
  return out;
}

export const obvDefinition: IndicatorDefinition = {
  name: 'obv',
  label: 'On-balance volume',
  inputs: ['close', 'volume'],
  params: [],
  outputs: ['obv'],
  warmUp: () => 0,
  compute: ([close, volume], _params, arithmetic) => [obv(close, volume, arithmetic)],
};

// Commodity channel index.
import type { IndicatorDefinition } from './definition.ts';
import { emptyColumn, lengthParam } from './definition.ts';
import { rollingMean } from './rolling-mean.ts';
import { typicalPrice } from './typical-price.ts';

/** Lambert's constant, chosen so that most values lie between −100 and 100. */
const LAMBERT = 0.015;

/**
 * (typical price − its mean) / (0.015 × mean absolute deviation) over the last `length` bars. Both arithmetics.
 * Causal:   out[i] reads bars i-length+1..i.
 * Warm-up:  out[0..length-2] = NaN.
 * Bad data: a missing bar spoils the `length` bars that contain it and no more.
 * Numerics: deviations summed left to right for each window; a flat window is 0/0 and gives NaN (no signal).
 * Cost:     O(bars × length), the only one: the mean moves with every bar, and with it every absolute deviation.
 * Oracle:   oracle table cci.csv, 1e-11.
 */
export function cci(high: Float64Array, low: Float64Array, close: Float64Array, length: number): Float64Array {
  const price = typicalPrice(high, low, close);
  const means = rollingMean(price, length);
  const out = emptyColumn(price.length);
  for (let i = length - 1; i < price.length; i++) {
    const mean = means[i];
    if (Number.isNaN(mean)) continue;
    let deviations = 0;
    for (let j = i - length + 1; j <= i; j++) deviations += Math.abs(price[j] - mean);
    out[i] = (price[i] - mean) / (LAMBERT * (deviations / length));
  }
  return out;
}

export const cciDefinition: IndicatorDefinition = {
  name: 'cci',
  label: 'Commodity channel index',
  inputs: ['high', 'low', 'close'],
  params: [lengthParam(2)],
  outputs: ['cci'],
  warmUp: ([length]) => length - 1,
  compute: ([high, low, close], [length]) => [cci(high, low, close, length)],
};

// Volume-weighted average price from the first bar of the window on.
import type { IndicatorDefinition } from './definition.ts';
import { assertSameBars, emptyColumn } from './definition.ts';
import { typicalPrice } from './typical-price.ts';

/**
 * Sum of typical price × volume / sum of volume, both from bar 0 of the columns, in price units. Both arithmetics.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  none; NaN until some volume was traded.
 * Bad data: a missing bar has no value and adds nothing; later bars go on without it.
 * Numerics: moves the average by (price − average) × volume / total volume, so a flat market stays exactly flat.
 * Cost:     O(bars); two columns.
 * Oracle:   oracle table vwap.csv, 1e-11.
 */
export function vwap(high: Float64Array, low: Float64Array, close: Float64Array, volume: Float64Array): Float64Array {
  assertSameBars(high, volume);
  const price = typicalPrice(high, low, close);
  const out = emptyColumn(price.length);
  let total = 0;
  let average = 0;
  for (let i = 0; i < price.length; i++) {
    if (!Number.isFinite(price[i]) || !Number.isFinite(volume[i])) continue;
    if (volume[i] > 0) {
      total += volume[i];
      average += (price[i] - average) * (volume[i] / total);
    }
    if (total > 0) out[i] = average;
  }
  return out;
}

export const vwapDefinition: IndicatorDefinition = {
  name: 'vwap',
  label: 'Volume-weighted average price',
  inputs: ['high', 'low', 'close', 'volume'],
  params: [],
  outputs: ['vwap'],
  warmUp: () => 0,
  compute: ([high, low, close, volume]) => [vwap(high, low, close, volume)],
};

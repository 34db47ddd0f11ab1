// Typical price of a bar.
import { assertSameBars } from './definition.ts';

/**
 * (high + low + close) / 3, in price units.
 * Causal:   out[i] reads bar i.
 * Warm-up:  none.
 * Bad data: a missing bar has no typical price.
 * Numerics: low + ((high − low) + (close − low)) / 3, so that a flat bar gives exactly its price.
 * Cost:     O(bars); one output column.
 * Oracle:   through cci.csv and vwap.csv.
 */
export function typicalPrice(high: Float64Array, low: Float64Array, close: Float64Array): Float64Array {
  assertSameBars(high, low, close);
  const out = new Float64Array(high.length);
  for (let i = 0; i < out.length; i++) out[i] = low[i] + (high[i] - low[i] + (close[i] - low[i])) / 3;
  return out;
}

// True range: how far price travelled in a bar, the gap from the previous close included.
import type { Arithmetic } from './arithmetic.ts';
import { assertSameBars, emptyColumn } from './definition.ts';

/**
 * The largest of high − low, |high − previous close| and |low − previous close|, in price units.
 * Causal:   out[i] reads bar i and close[i-1].
 * Warm-up:  out[0] = NaN, as there is no previous close; vectorbt: out[0] = high − low.
 * Bad data: a bar with a missing price spoils itself and the next one; vectorbt: a NaN previous close is left out.
 * Numerics: differences of prices, exact for neighbouring prices.
 * Cost:     O(bars); one output column, nothing per bar.
 * Oracle:   column tr of oracle table atr.csv, 1e-11.
 */
export function trueRange(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  arithmetic: Arithmetic,
): Float64Array {
  assertSameBars(high, low, close);
  const bars = high.length;
  const out = emptyColumn(bars);
  const openEnded = arithmetic === 'vectorbt';
  let previous = Number.NaN;
  for (let i = 0; i < bars; i++) {
    const range = high[i] - low[i];
    out[i] =
      openEnded && Number.isNaN(previous)
        ? range
        : Math.max(range, Math.abs(high[i] - previous), Math.abs(low[i] - previous));
    previous = openEnded || Number.isFinite(range) ? close[i] : Number.NaN;
  }
  return out;
}

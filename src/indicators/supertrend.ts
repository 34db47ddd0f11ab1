// Supertrend: a trailing band that flips sides with the trend.
import { atr } from './atr.ts';
import type { IndicatorDefinition } from './definition.ts';
import { emptyColumn, lengthParam } from './definition.ts';

export interface Supertrend {
  /** The band that acts: below price in an uptrend, above it in a downtrend. In price units. */
  readonly line: Float64Array;
  /** +1 in an uptrend, −1 in a downtrend. */
  readonly direction: Float64Array;
}

/**
 * Bands at the bar's middle ± `multiplier` × average true range. The upper band may only fall and the lower one only
 * rise until the previous close broke it; a close at or beyond the acting band flips the trend. Both arithmetics.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  out[0..length-1] = NaN; the first trend is up when the close is at or above the bar's middle.
 * Bad data: a missing bar ends bands and trend; both start anew once the average true range is back.
 * Numerics: as atr in the standard arithmetic; in a flat market the bands meet and the trend is down.
 * Cost:     O(bars); four columns.
 * Oracle:   oracle table supertrend.csv, 1e-11, direction exact.
 */
export function supertrend(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
  multiplier: number,
): Supertrend {
  const range = atr(high, low, close, length, 'standard');
  const line = emptyColumn(close.length);
  const direction = emptyColumn(close.length);
  let running = false;
  let rising = false;
  let upper = 0;
  let lower = 0;
  for (let i = 0; i < close.length; i++) {
    if (Number.isNaN(range[i])) {
      running = false;
      continue;
    }
    const middle = (high[i] + low[i]) / 2;
    const reach = multiplier * range[i];
    if (!running) {
      running = true;
      rising = close[i] >= middle;
      upper = middle + reach;
      lower = middle - reach;
    } else {
      if (middle + reach < upper || close[i - 1] > upper) upper = middle + reach;
      if (middle - reach > lower || close[i - 1] < lower) lower = middle - reach;
    }
    rising = close[i] > (rising ? lower : upper);
    line[i] = rising ? lower : upper;
    direction[i] = rising ? 1 : -1;
  }
  return { line, direction };
}

export const supertrendDefinition: IndicatorDefinition = {
  name: 'supertrend',
  label: 'Supertrend',
  inputs: ['high', 'low', 'close'],
  params: [lengthParam(1), { name: 'multiplier', min: 0, integer: false }],
  outputs: ['line', 'direction'],
  warmUp: ([length]) => length,
  compute: ([high, low, close], [length, multiplier]) => {
    const trend = supertrend(high, low, close, length, multiplier);
    return [trend.line, trend.direction];
  },
};

// Keltner channel.
import { atr } from './atr.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { ema } from './ema.ts';

export interface Keltner {
  readonly upper: Float64Array;
  readonly middle: Float64Array;
  readonly lower: Float64Array;
}

/**
 * middle = exponential average of the close over `length` bars; upper and lower = middle ± `multiplier` × average true
 * range over `atrLength` bars. Both arithmetics.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  upper and lower: max(length − 1, atrLength) bars; middle: length − 1 bars.
 * Bad data: a missing bar ends the averages; they are seeded again from the bars after it.
 * Numerics: as ema and atr in the standard arithmetic; in a flat market the bands meet at the price.
 * Cost:     O(bars); five columns.
 * Oracle:   oracle table keltner.csv, 1e-11.
 */
export function keltner(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
  multiplier: number,
  atrLength: number,
): Keltner {
  const range = atr(high, low, close, atrLength, 'standard');
  const middle = ema(close, length, 'standard');
  const upper = new Float64Array(close.length);
  const lower = new Float64Array(close.length);
  for (let i = 0; i < close.length; i++) {
    const half = multiplier * range[i];
    upper[i] = middle[i] + half;
    lower[i] = middle[i] - half;
  }
  return { upper, middle, lower };
}

export const keltnerDefinition: IndicatorDefinition = {
  name: 'keltner',
  label: 'Keltner channel',
  inputs: ['high', 'low', 'close'],
  params: [lengthParam(1), { name: 'multiplier', min: 0, integer: false }, lengthParam(1, 'atrLength')],
  outputs: ['upper', 'middle', 'lower'],
  warmUp: ([length, , atrLength]) => Math.max(length - 1, atrLength),
  compute: ([high, low, close], [length, multiplier, atrLength]) => {
    const channel = keltner(high, low, close, length, multiplier, atrLength);
    return [channel.upper, channel.middle, channel.lower];
  },
};

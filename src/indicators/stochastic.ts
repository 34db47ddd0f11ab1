// Stochastic oscillator.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { assertSameBars, lengthParam } from './definition.ts';
import { highest } from './highest.ts';
import { lowest } from './lowest.ts';
import { sma } from './sma.ts';

export interface Stochastic {
  readonly k: Float64Array;
  readonly d: Float64Array;
}

/**
 * Where the close lies between the lowest low (0) and the highest high (100) of the last `length` bars, smoothed by a
 * simple average of `smoothK` bars (k), and again of `smoothD` bars (d). smoothK 1 is the fast stochastic.
 * Causal:   k[i] reads bars i-length-smoothK+2..i.
 * Warm-up:  k: length + smoothK − 2 bars; d: smoothD − 1 bars more.
 * Bad data: a missing bar spoils the bars whose windows contain it and no more.
 * Numerics: a flat window is 0/0 and gives NaN (no signal), also in the averages over it. vectorbt: 100 × distance /
 *           range in this order, and its rolling means.
 * Cost:     O(bars); five columns.
 * Oracle:   oracle table stoch.csv, 1e-11.
 */
export function stochastic(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  length: number,
  smoothK: number,
  smoothD: number,
  arithmetic: Arithmetic,
): Stochastic {
  assertSameBars(high, low, close);
  const top = highest(high, length);
  const bottom = lowest(low, length);
  const raw = new Float64Array(close.length);
  if (arithmetic === 'vectorbt') {
    for (let i = 0; i < raw.length; i++) raw[i] = (100 * (close[i] - bottom[i])) / (top[i] - bottom[i]);
  } else {
    for (let i = 0; i < raw.length; i++) raw[i] = 100 * ((close[i] - bottom[i]) / (top[i] - bottom[i]));
  }
  const k = smoothK === 1 ? raw : sma(raw, smoothK, arithmetic);
  return { k, d: sma(k, smoothD, arithmetic) };
}

export const stochasticDefinition: IndicatorDefinition = {
  name: 'stochastic',
  label: 'Stochastic oscillator',
  inputs: ['high', 'low', 'close'],
  params: [lengthParam(1), lengthParam(1, 'smoothK'), lengthParam(1, 'smoothD')],
  outputs: ['k', 'd'],
  warmUp: ([length, smoothK]) => length + smoothK - 2,
  compute: ([high, low, close], [length, smoothK, smoothD], arithmetic) => {
    const lines = stochastic(high, low, close, length, smoothK, smoothD, arithmetic);
    return [lines.k, lines.d];
  },
};

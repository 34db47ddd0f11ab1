// Moving average convergence/divergence.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { lengthParam } from './definition.ts';
import { ema } from './ema.ts';
import { sma } from './sma.ts';

export interface Macd {
  readonly macd: Float64Array;
  readonly signal: Float64Array;
  readonly histogram: Float64Array;
}

/**
 * macd = fast average − slow average; signal = average of macd; histogram = macd − signal. In price units.
 * `averages` 'usual' means exponential ones, and simple ones in the vectorbt arithmetic, as is its default;
 * 'exponential' means exponential ones in both.
 * Causal:   out[i] reads source[0..i].
 * Warm-up:  macd: max(fast, slow) − 1 bars; signal and histogram: signal − 1 bars more.
 * Bad data: as the averages; the signal is seeded again once macd has returned.
 * Numerics: as the averages; the signal is seeded with the plain mean of the first `signal` values of macd.
 * Cost:     O(bars); five columns.
 * Oracle:   oracle table macd.csv, 1e-11; vectorbt: signal hashes of the macd_cross sweep.
 */
export function macd(
  source: Float64Array,
  fast: number,
  slow: number,
  signal: number,
  arithmetic: Arithmetic,
  averages: 'usual' | 'exponential' = 'usual',
): Macd {
  const average = averages === 'usual' && arithmetic === 'vectorbt' ? sma : ema;
  const line = difference(average(source, fast, arithmetic), average(source, slow, arithmetic));
  const signalLine = average(line, signal, arithmetic);
  return { macd: line, signal: signalLine, histogram: difference(line, signalLine) };
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] - b[i];
  return out;
}

export const macdDefinition: IndicatorDefinition = {
  name: 'macd',
  label: 'MACD',
  inputs: ['source'],
  params: [lengthParam(1, 'fast'), lengthParam(1, 'slow'), lengthParam(1, 'signal')],
  outputs: ['macd', 'signal', 'histogram'],
  warmUp: ([fast, slow]) => Math.max(fast, slow) - 1,
  compute: ([source], [fast, slow, signal], arithmetic) => {
    const lines = macd(source, fast, slow, signal, arithmetic);
    return [lines.macd, lines.signal, lines.histogram];
  },
};

export const macdEwmDefinition: IndicatorDefinition = {
  ...macdDefinition,
  name: 'macdEwm',
  label: 'MACD with exponential averages',
  compute: ([source], [fast, slow, signal], arithmetic) => {
    const lines = macd(source, fast, slow, signal, arithmetic, 'exponential');
    return [lines.macd, lines.signal, lines.histogram];
  },
};

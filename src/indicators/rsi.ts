// Relative strength index, with Wilder's, plain or exponential averages.
import type { Arithmetic } from './arithmetic.ts';
import type { IndicatorDefinition } from './definition.ts';
import { emptyColumn, lengthParam } from './definition.ts';
import { ema } from './ema.ts';
import { smooth, wilderWeight } from './smoothing.ts';
import { vectorbtMean } from './vectorbt-averages.ts';

/**
 * 100 × average rise / (average rise + average fall) of the bar-to-bar changes, from 0 to 100.
 * `averages` 'usual' means Wilder's smoothing, and plain rolling means in the vectorbt arithmetic; 'exponential' means
 * exponential averages of `length` bars in both.
 * Causal:   out[i] reads source[0..i]; plain means: source[i-length..i].
 * Warm-up:  out[0..length-1] = NaN, as the first bar has no change.
 * Bad data: a missing bar ends the averages; the next `length` changes seed them again.
 * Numerics: 0/0, a market without any change so far, gives NaN (no signal); only rises give exactly 100, only falls 0.
 *           vectorbt: 100 − 100 / (1 + rise / fall).
 * Cost:     O(bars); four working columns.
 * Oracle:   oracle table rsi.csv, 1e-11; vectorbt: signal hashes of the rsi_level and rsi_cross sweeps.
 */
export function rsi(
  source: Float64Array,
  length: number,
  arithmetic: Arithmetic,
  averages: 'usual' | 'exponential' = 'usual',
): Float64Array {
  const [rises, falls] = changes(source);
  const average = (column: Float64Array): Float64Array => {
    if (averages === 'exponential') return ema(column, length, arithmetic);
    return arithmetic === 'vectorbt' ? vectorbtMean(column, length) : smooth(column, length, wilderWeight(length));
  };
  return arithmetic === 'vectorbt'
    ? inverseRatio(average(rises), average(falls))
    : share(average(rises), average(falls));
}

/** Upward and downward changes, both >= 0; NaN at bar 0 and beside a missing bar. */
function changes(source: Float64Array): [Float64Array, Float64Array] {
  const bars = source.length;
  const rises = emptyColumn(bars);
  const falls = emptyColumn(bars);
  for (let i = 1; i < bars; i++) {
    const change = source[i] - source[i - 1];
    if (!Number.isFinite(change)) continue;
    rises[i] = change < 0 ? 0 : change;
    falls[i] = change > 0 ? 0 : Math.abs(change);
  }
  return [rises, falls];
}

function share(rise: Float64Array, fall: Float64Array): Float64Array {
  const out = new Float64Array(rise.length);
  for (let i = 0; i < out.length; i++) out[i] = 100 * (rise[i] / (rise[i] + fall[i]));
  return out;
}

function inverseRatio(rise: Float64Array, fall: Float64Array): Float64Array {
  const out = new Float64Array(rise.length);
  for (let i = 0; i < out.length; i++) out[i] = 100 - 100 / (1 + rise[i] / fall[i]);
  return out;
}

export const rsiDefinition: IndicatorDefinition = {
  name: 'rsi',
  label: 'Relative strength index',
  inputs: ['source'],
  params: [lengthParam(1)],
  outputs: ['rsi'],
  warmUp: ([length]) => length,
  compute: ([source], [length], arithmetic) => [rsi(source, length, arithmetic)],
};

export const rsiEwmDefinition: IndicatorDefinition = {
  ...rsiDefinition,
  name: 'rsiEwm',
  label: 'Relative strength index with exponential averages',
  compute: ([source], [length], arithmetic) => [rsi(source, length, arithmetic, 'exponential')],
};

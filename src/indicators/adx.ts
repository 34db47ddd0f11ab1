// Average directional index with its two directional indicators.
import type { IndicatorDefinition } from './definition.ts';
import { assertSameBars, emptyColumn, lengthParam } from './definition.ts';
import { smooth, wilderWeight } from './smoothing.ts';
import { trueRange } from './true-range.ts';

export interface Adx {
  /** Strength of the trend either way, 0 to 100. */
  readonly adx: Float64Array;
  readonly plusDI: Float64Array;
  readonly minusDI: Float64Array;
}

/**
 * plusDI and minusDI: Wilder's average of upward and downward movement, as % of that of the true range. adx: Wilder's
 * average of 100 × |plusDI − minusDI| / (plusDI + minusDI). Both arithmetics.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  adx: 2 × length − 1 bars; plusDI and minusDI: length bars.
 * Bad data: a missing bar ends the averages; they are seeded again from the bars after it.
 * Numerics: a market that did not move has no direction: 0 for 0/0 in all three.
 * Cost:     O(bars); nine columns.
 * Oracle:   oracle table adx.csv, 1e-11.
 */
export function adx(high: Float64Array, low: Float64Array, close: Float64Array, length: number): Adx {
  assertSameBars(high, low, close);
  const bars = high.length;
  const up = emptyColumn(bars);
  const down = emptyColumn(bars);
  for (let i = 1; i < bars; i++) {
    const rise = high[i] - high[i - 1];
    const fall = low[i - 1] - low[i];
    if (!Number.isFinite(rise) || !Number.isFinite(fall)) continue;
    up[i] = rise > fall && rise > 0 ? rise : 0;
    down[i] = fall > rise && fall > 0 ? fall : 0;
  }
  const weight = wilderWeight(length);
  const range = smooth(trueRange(high, low, close, 'standard'), length, weight);
  const plusDI = percentOf(smooth(up, length, weight), range);
  const minusDI = percentOf(smooth(down, length, weight), range);
  const lean = new Float64Array(bars);
  for (let i = 0; i < bars; i++) {
    const total = plusDI[i] + minusDI[i];
    lean[i] = total === 0 ? 0 : 100 * (Math.abs(plusDI[i] - minusDI[i]) / total);
  }
  return { adx: smooth(lean, length, weight), plusDI, minusDI };
}

function percentOf(part: Float64Array, whole: Float64Array): Float64Array {
  const out = new Float64Array(part.length);
  for (let i = 0; i < out.length; i++) out[i] = whole[i] === 0 ? 0 : 100 * (part[i] / whole[i]);
  return out;
}

export const adxDefinition: IndicatorDefinition = {
  name: 'adx',
  label: 'Average directional index',
  inputs: ['high', 'low', 'close'],
  params: [lengthParam(1)],
  outputs: ['adx', 'plusDI', 'minusDI'],
  warmUp: ([length]) => 2 * length - 1,
  compute: ([high, low, close], [length]) => {
    const lines = adx(high, low, close, length);
    return [lines.adx, lines.plusDI, lines.minusDI];
  },
};

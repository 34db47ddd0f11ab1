// When one line crosses another: one rule for both arithmetics.
import { assertSameBars } from './definition.ts';

/**
 * 1 on each bar where `a` crosses above `b`, else 0. A bar with a < b arms the crossing and only a bar without a value
 * disarms it. While armed, the first bar with a > b after one without is the event. So lines that start out apart do
 * not cross, equal bars on the way do not matter, and a line that falls back to touch the other and rises again crosses
 * again.
 * Causal:   out[i] reads bars 0..i.
 * Warm-up:  no event before the first bar with a < b.
 * Bad data: NaN makes no event, and none follows until a < b again.
 * Numerics: plain comparisons.
 * Cost:     O(bars); one byte per bar.
 * Oracle:   signal hashes of the vectorbt sweeps (test/oracle/vectorbt-signals.test.ts), bit for bit.
 */
export function crossAbove(a: Float64Array, b: Float64Array): Uint8Array {
  assertSameBars(a, b);
  const out = new Uint8Array(a.length);
  let armed = false;
  let above = false;
  for (let i = 0; i < out.length; i++) {
    const left = a[i];
    const right = b[i];
    if (left > right) {
      if (armed && !above) out[i] = 1;
      above = true;
    } else {
      above = false;
      if (left < right) armed = true;
      else if (left !== right) armed = false;
    }
  }
  return out;
}

/** 1 on each bar where `a` crosses below `b`, else 0: crossAbove with the lines swapped. */
export function crossBelow(a: Float64Array, b: Float64Array): Uint8Array {
  return crossAbove(b, a);
}

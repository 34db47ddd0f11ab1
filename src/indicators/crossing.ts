// When one line crosses another: one rule for both arithmetics.
import { assertSameBars } from './definition.ts';

/**
 * 1 on each bar where `a` has risen above `b`, else 0. A bar with a < b arms the crossing, an equal bar keeps it armed,
 * a bar where either is NaN disarms it; the first armed bar with a > b is the event.
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
  for (let i = 0; i < out.length; i++) {
    const left = a[i];
    const right = b[i];
    if (left < right) {
      armed = true;
    } else if (left !== right) {
      // Above, or without a value.
      if (armed && left > right) out[i] = 1;
      armed = false;
    }
  }
  return out;
}

/** 1 on each bar where `a` has fallen below `b`, else 0: crossAbove with the lines swapped. */
export function crossBelow(a: Float64Array, b: Float64Array): Uint8Array {
  return crossAbove(b, a);
}

// Conditions as bitmaps, scalar: comparisons of columns, crossings, and word-wise logic.

/**
 * Writes a > b (or a >= b) per bar into `out`.
 * Causal:   bit i reads a[i] and b[i].
 * Warm-up:  none of its own: NaN gives 0.
 * Bad data: a NaN on either side gives 0 on its bar and no other.
 * Numerics: plain comparisons; bits beyond the last bar are 0.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   src/sweep/conditions.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function compareColumns(out: Uint32Array, orEqual: boolean, a: Float64Array, b: Float64Array): void {
  const bars = a.length;
  for (let word = 0; word < out.length; word++) {
    const from = word * 32;
    const to = Math.min(from + 32, bars);
    let bits = 0;
    if (orEqual) for (let i = from; i < to; i++) bits |= (a[i] >= b[i] ? 1 : 0) << (i & 31);
    else for (let i = from; i < to; i++) bits |= (a[i] > b[i] ? 1 : 0) << (i & 31);
    out[word] = bits;
  }
}

/**
 * Writes a > b into `greater` and a < b into `less` per bar.
 * Causal:   bit i reads a[i] and b[i].
 * Warm-up:  none of its own: NaN gives 0 in both.
 * Bad data: a NaN on either side gives 0 on its bar and no other.
 * Numerics: plain comparisons; bits beyond the last bar are 0.
 * Cost:     no allocation; about 1 ns per bar for both.
 * Oracle:   src/sweep/conditions.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function compareBoth(greater: Uint32Array, less: Uint32Array, a: Float64Array, b: Float64Array): void {
  const bars = a.length;
  for (let word = 0; word < greater.length; word++) {
    const from = word * 32;
    const to = Math.min(from + 32, bars);
    let above = 0;
    let below = 0;
    let i = from;
    // Columns stay on one side of each other for many bars: branches that repeat cost less than arithmetic on flags.
    for (let bit = 0; i + 4 <= to; i += 4, bit += 4) {
      const a0 = a[i];
      const b0 = b[i];
      const a1 = a[i + 1];
      const b1 = b[i + 1];
      const a2 = a[i + 2];
      const b2 = b[i + 2];
      const a3 = a[i + 3];
      const b3 = b[i + 3];
      if (a0 > b0) above |= 1 << bit;
      else if (a0 < b0) below |= 1 << bit;
      if (a1 > b1) above |= 2 << bit;
      else if (a1 < b1) below |= 2 << bit;
      if (a2 > b2) above |= 4 << bit;
      else if (a2 < b2) below |= 4 << bit;
      if (a3 > b3) above |= 8 << bit;
      else if (a3 < b3) below |= 8 << bit;
    }
    for (; i < to; i++) {
      if (a[i] > b[i]) above |= 1 << (i & 31);
      else if (a[i] < b[i]) below |= 1 << (i & 31);
    }
    greater[word] = above;
    less[word] = below;
  }
}

/**
 * Writes a > number, >=, < or <= by `operator` 0..3 per bar into `out`.
 * Causal:   bit i reads a[i].
 * Warm-up:  none of its own: NaN gives 0.
 * Bad data: a NaN gives 0 on its bar and no other.
 * Numerics: plain comparisons; bits beyond the last bar are 0.
 * Cost:     no allocation; about 1 ns per bar.
 * Oracle:   src/sweep/conditions.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function compareNumber(out: Uint32Array, operator: 0 | 1 | 2 | 3, a: Float64Array, number: number): void {
  const bars = a.length;
  for (let word = 0; word < out.length; word++) {
    const from = word * 32;
    const to = Math.min(from + 32, bars);
    let bits = 0;
    if (operator === 0) for (let i = from; i < to; i++) bits |= (a[i] > number ? 1 : 0) << (i & 31);
    else if (operator === 1) for (let i = from; i < to; i++) bits |= (a[i] >= number ? 1 : 0) << (i & 31);
    else if (operator === 2) for (let i = from; i < to; i++) bits |= (a[i] < number ? 1 : 0) << (i & 31);
    else for (let i = from; i < to; i++) bits |= (a[i] <= number ? 1 : 0) << (i & 31);
    out[word] = bits;
  }
}

/**
 * Writes 1 on each bar on which a line has crossed over another. A bar of `before` arms the crossing, a bar of neither
 * keeps it, a bar outside `valid` clears it; the event is a bar of `after`, armed, behind a bar not in `after`.
 * Causal:   bit i reads bits 0..i.
 * Warm-up:  no event before the first bar of `before`.
 * Bad data: a bar outside `valid` makes no event, and none follows until the next bar of `before`.
 * Numerics: bits only.
 * Cost:     no allocation; a few operations per 32 bars, per bar only in words with a bar outside `valid`.
 * Oracle:   src/indicators/crossing.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function crossing(out: Uint32Array, after: Uint32Array, before: Uint32Array, valid: Uint32Array): void {
  let armed = 0;
  let carry = 0;
  for (let word = 0; word < out.length; word++) {
    const above = after[word];
    const edges = above & ~((above << 1) | carry);
    carry = above >>> 31;
    const arming = before[word];
    if (valid[word] === 0xffffffff) {
      if (armed === 1) out[word] = edges;
      else {
        // Armed from the first bar of `before` on: its lowest bit and all below it are masked out.
        out[word] = arming === 0 ? 0 : edges & ~(arming ^ (arming - 1));
        if (arming !== 0) armed = 1;
      }
    } else {
      const present = valid[word];
      let events = 0;
      for (let bit = 0; bit < 32; bit++) {
        if (((edges >>> bit) & 1) === 1 && armed === 1) events |= 1 << bit;
        if (((arming >>> bit) & 1) === 1) armed = 1;
        else if (((present >>> bit) & 1) === 0) armed = 0;
      }
      out[word] = events;
    }
  }
}

/**
 * Writes the AND of two bitmaps into `out`.
 * Causal:   bit i reads bit i.
 * Warm-up:  none.
 * Bad data: none: every bit pattern is valid.
 * Numerics: bits only.
 * Cost:     no allocation; one operation per 32 bars.
 * Oracle:   src/sweep/conditions.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function and(out: Uint32Array, a: Uint32Array, b: Uint32Array): void {
  for (let word = 0; word < out.length; word++) out[word] = a[word] & b[word];
}

/**
 * Writes the OR of two bitmaps into `out`.
 * Causal:   bit i reads bit i.
 * Warm-up:  none.
 * Bad data: none: every bit pattern is valid.
 * Numerics: bits only.
 * Cost:     no allocation; one operation per 32 bars.
 * Oracle:   src/sweep/conditions.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function or(out: Uint32Array, a: Uint32Array, b: Uint32Array): void {
  for (let word = 0; word < out.length; word++) out[word] = a[word] | b[word];
}

/**
 * Writes a AND NOT b into `out`.
 * Causal:   bit i reads bit i.
 * Warm-up:  none.
 * Bad data: none: every bit pattern is valid.
 * Numerics: bits only.
 * Cost:     no allocation; two operations per 32 bars.
 * Oracle:   src/sweep/conditions.ts, equal (src/kernels/scalar-bitmaps.test.ts).
 */
export function andNot(out: Uint32Array, a: Uint32Array, b: Uint32Array): void {
  for (let word = 0; word < out.length; word++) out[word] = a[word] & ~b[word];
}

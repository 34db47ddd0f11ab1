// Comparisons of two values at a time, and their masks narrowed to one bit per bar.

/** The comparisons. A constant argument of an inlined function: the choice is made by the compiler. */
export const ABOVE = 0;
export const AT_OR_ABOVE = 1;
export const BELOW = 2;
export const AT_OR_BELOW = 3;

/** A lane of ones where the values compare true; NaN compares false. */
@inline
export function comparePair(operator: i32, a: v128, b: v128): v128 {
  if (operator === ABOVE) return f64x2.gt(a, b);
  if (operator === AT_OR_ABOVE) return f64x2.ge(a, b);
  if (operator === BELOW) return f64x2.lt(a, b);
  return f64x2.le(a, b);
}

@inline
export function compareValues(operator: i32, a: f64, b: f64): bool {
  if (operator === ABOVE) return a > b;
  if (operator === AT_OR_ABOVE) return a >= b;
  if (operator === BELOW) return a < b;
  return a <= b;
}

/**
 * Sixteen bits out of eight masks of two bars each. Narrowing by signed saturation keeps 0 and -1, so a 64-bit mask may
 * pass as two equal 32-bit masks, and the two equal 16-bit masks they become as one of 32 bits: one instruction serves
 * twice before bytes are reached, and no lane is ever shuffled.
 */
@inline
export function narrow(m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128, m6: v128, m7: v128): u32 {
  const low = i16x8.narrow_i32x4_s(i16x8.narrow_i32x4_s(m0, m1), i16x8.narrow_i32x4_s(m2, m3));
  const high = i16x8.narrow_i32x4_s(i16x8.narrow_i32x4_s(m4, m5), i16x8.narrow_i32x4_s(m6, m7));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** Bits of sixteen bars of two columns. */
@inline
export function columnsSixteen(operator: i32, a: usize, b: usize): u32 {
  return narrow(
    comparePair(operator, v128.load(a), v128.load(b)),
    comparePair(operator, v128.load(a, 16), v128.load(b, 16)),
    comparePair(operator, v128.load(a, 32), v128.load(b, 32)),
    comparePair(operator, v128.load(a, 48), v128.load(b, 48)),
    comparePair(operator, v128.load(a, 64), v128.load(b, 64)),
    comparePair(operator, v128.load(a, 80), v128.load(b, 80)),
    comparePair(operator, v128.load(a, 96), v128.load(b, 96)),
    comparePair(operator, v128.load(a, 112), v128.load(b, 112)),
  );
}

/** Bits of sixteen bars of a column against one number in both lanes. */
@inline
export function columnSixteen(operator: i32, a: usize, number: v128): u32 {
  return narrow(
    comparePair(operator, v128.load(a), number),
    comparePair(operator, v128.load(a, 16), number),
    comparePair(operator, v128.load(a, 32), number),
    comparePair(operator, v128.load(a, 48), number),
    comparePair(operator, v128.load(a, 64), number),
    comparePair(operator, v128.load(a, 80), number),
    comparePair(operator, v128.load(a, 96), number),
    comparePair(operator, v128.load(a, 112), number),
  );
}

/** Sixteen bars read once and compared both ways: bits of a > b below, bits of a < b in the upper half. */
@inline
export function bothWaysSixteen(a: usize, b: usize): u32 {
  // Four values of each column at a time, so that everything stays in registers.
  let a0 = v128.load(a);
  let b0 = v128.load(b);
  let a1 = v128.load(a, 16);
  let b1 = v128.load(b, 16);
  const above0 = i16x8.narrow_i32x4_s(f64x2.gt(a0, b0), f64x2.gt(a1, b1));
  const below0 = i16x8.narrow_i32x4_s(f64x2.lt(a0, b0), f64x2.lt(a1, b1));
  a0 = v128.load(a, 32);
  b0 = v128.load(b, 32);
  a1 = v128.load(a, 48);
  b1 = v128.load(b, 48);
  const above1 = i16x8.narrow_i32x4_s(above0, i16x8.narrow_i32x4_s(f64x2.gt(a0, b0), f64x2.gt(a1, b1)));
  const below1 = i16x8.narrow_i32x4_s(below0, i16x8.narrow_i32x4_s(f64x2.lt(a0, b0), f64x2.lt(a1, b1)));
  a0 = v128.load(a, 64);
  b0 = v128.load(b, 64);
  a1 = v128.load(a, 80);
  b1 = v128.load(b, 80);
  const above2 = i16x8.narrow_i32x4_s(f64x2.gt(a0, b0), f64x2.gt(a1, b1));
  const below2 = i16x8.narrow_i32x4_s(f64x2.lt(a0, b0), f64x2.lt(a1, b1));
  a0 = v128.load(a, 96);
  b0 = v128.load(b, 96);
  a1 = v128.load(a, 112);
  b1 = v128.load(b, 112);
  const above3 = i16x8.narrow_i32x4_s(above2, i16x8.narrow_i32x4_s(f64x2.gt(a0, b0), f64x2.gt(a1, b1)));
  const below3 = i16x8.narrow_i32x4_s(below2, i16x8.narrow_i32x4_s(f64x2.lt(a0, b0), f64x2.lt(a1, b1)));
  const above = i8x16.bitmask(i8x16.narrow_i16x8_s(above1, above3));
  const below = i8x16.bitmask(i8x16.narrow_i16x8_s(below1, below3));
  return above | (below << 16);
}

/**
 * Stores the bits of the last, partial group of sixteen bars where the full groups ended, and clears what is left of the
 * last word: a bitmap is whole words with zeros beyond the last bar.
 */
@inline
export function storeLast(out: usize, bars: i32, bits: u32): void {
  const rest = bars & 31;
  if (rest === 0) return;
  if (rest < 16) store<u32>(out, bits);
  else store<u16>(out, <u16>bits);
}

// Logic of bitmaps: four words of 32 bars at a time, the words that are left one by one.

const AND = 0;
const OR = 1;
const AND_NOT = 2;

/**
 * a AND b, a OR b, or a AND NOT b by the exported name, word by word. `out` may be one of the inputs.
 * Causal:   bit i reads bit i.
 * Warm-up:  none.
 * Bad data: none: bits are bits.
 * Numerics: integers.
 * Cost:     no allocation; about 0.004 ns per bar.
 * Oracle:   src/kernels/scalar-bitmaps.ts, bit for bit.
 */
@inline
function combine(operator: i32, out: usize, a: usize, b: usize, words: i32): void {
  let left = words;
  for (; left >= 4; left -= 4) {
    const x = v128.load(a);
    const y = v128.load(b);
    v128.store(out, operator === AND ? v128.and(x, y) : operator === OR ? v128.or(x, y) : v128.andnot(x, y));
    out += 16;
    a += 16;
    b += 16;
  }
  for (; left > 0; left--) {
    const x = load<u32>(a);
    const y = load<u32>(b);
    store<u32>(out, operator === AND ? x & y : operator === OR ? x | y : x & ~y);
    out += 4;
    a += 4;
    b += 4;
  }
}

export function andBits(out: usize, a: usize, b: usize, words: i32): void {
  combine(AND, out, a, b, words);
}

export function orBits(out: usize, a: usize, b: usize, words: i32): void {
  combine(OR, out, a, b, words);
}

export function andNotBits(out: usize, a: usize, b: usize, words: i32): void {
  combine(AND_NOT, out, a, b, words);
}

// Conditions as bitmaps: columns and numbers compared, one bit per bar.
import {
  ABOVE,
  AT_OR_ABOVE,
  AT_OR_BELOW,
  BELOW,
  bothWaysSixteen,
  columnSixteen,
  columnsSixteen,
  compareValues,
  storeLast,
} from './lanes';

/**
 * One bit per bar of `a`: a > b, >=, < or <= by the exported name.
 * Causal:   bit i reads bar i.
 * Warm-up:  none.
 * Bad data: NaN on either side gives 0.
 * Numerics: comparisons only; -0 equals 0.
 * Cost:     no allocation; about 0.14 ns per bar for two columns, 0.10 ns for a number.
 * Oracle:   src/kernels/scalar-bitmaps.ts, bit for bit.
 */
@inline
function compareColumns(operator: i32, out: usize, a: usize, b: usize, bars: i32): void {
  let left = bars;
  // Sixteen bars to a turn: with thirty-two, the code of Node 20 spills registers and takes half as long again.
  for (; left >= 16; left -= 16) {
    store<u16>(out, <u16>columnsSixteen(operator, a, b));
    out += 2;
    a += 128;
    b += 128;
  }
  let bits: u32 = 0;
  for (let bit = 0; bit < left; bit++) {
    const at = <usize>bit << 3;
    bits |= <u32>compareValues(operator, load<f64>(a + at), load<f64>(b + at)) << bit;
  }
  storeLast(out, bars, bits);
}

@inline
function compareNumber(operator: i32, out: usize, a: usize, number: f64, bars: i32): void {
  const both = f64x2.splat(number);
  let left = bars;
  for (; left >= 32; left -= 32) {
    store<u32>(out, columnSixteen(operator, a, both) | (columnSixteen(operator, a + 128, both) << 16));
    out += 4;
    a += 256;
  }
  if (left === 0) return;
  let bits: u32 = 0;
  for (let bit = 0; bit < left; bit++) {
    bits |= <u32>compareValues(operator, load<f64>(a + (<usize>bit << 3)), number) << bit;
  }
  store<u32>(out, bits);
}

/**
 * Two bitmaps with one reading of the columns: greater = a > b, less = a < b.
 * Causal:   bit i reads bar i.
 * Warm-up:  none.
 * Bad data: NaN on either side gives 0 in both.
 * Numerics: comparisons only; -0 equals 0.
 * Cost:     no allocation; about 0.27 ns per bar.
 * Oracle:   src/kernels/scalar-bitmaps.ts, bit for bit.
 */
export function columnsBothWays(greater: usize, less: usize, a: usize, b: usize, bars: i32): void {
  let left = bars;
  for (; left >= 16; left -= 16) {
    const both = bothWaysSixteen(a, b);
    store<u16>(greater, <u16>both);
    store<u16>(less, <u16>(both >>> 16));
    greater += 2;
    less += 2;
    a += 128;
    b += 128;
  }
  let isGreater: u32 = 0;
  let isLess: u32 = 0;
  for (let bit = 0; bit < left; bit++) {
    const x = load<f64>(a + (<usize>bit << 3));
    const y = load<f64>(b + (<usize>bit << 3));
    isGreater |= <u32>(x > y) << bit;
    isLess |= <u32>(x < y) << bit;
  }
  storeLast(greater, bars, isGreater);
  storeLast(less, bars, isLess);
}

export function columnsAbove(out: usize, a: usize, b: usize, bars: i32): void {
  compareColumns(ABOVE, out, a, b, bars);
}

export function columnsAtOrAbove(out: usize, a: usize, b: usize, bars: i32): void {
  compareColumns(AT_OR_ABOVE, out, a, b, bars);
}

export function columnAbove(out: usize, a: usize, number: f64, bars: i32): void {
  compareNumber(ABOVE, out, a, number, bars);
}

export function columnAtOrAbove(out: usize, a: usize, number: f64, bars: i32): void {
  compareNumber(AT_OR_ABOVE, out, a, number, bars);
}

export function columnBelow(out: usize, a: usize, number: f64, bars: i32): void {
  compareNumber(BELOW, out, a, number, bars);
}

export function columnAtOrBelow(out: usize, a: usize, number: f64, bars: i32): void {
  compareNumber(AT_OR_BELOW, out, a, number, bars);
}

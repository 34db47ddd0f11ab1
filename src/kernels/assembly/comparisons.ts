// Conditions as bitmaps: columns and numbers compared, one bit per bar.
import {
  ABOVE,
  AT_OR_ABOVE,
  AT_OR_BELOW,
  BELOW,
  columnSixteen,
  columnsSixteen,
  compareValues,
} from './lanes';

@inline
function compareColumns(operator: i32, out: usize, a: usize, b: usize, bars: i32): void {
  const full = bars & ~31;
  for (let bar = 0; bar < full; bar += 32) {
    store<u32>(out, columnsSixteen(operator, a, b) | (columnsSixteen(operator, a + 128, b + 128) << 16));
    out += 4;
    a += 256;
    b += 256;
  }
  if (full === bars) return;
  let word: u32 = 0;
  for (let bit = 0; bit < bars - full; bit++) {
    if (compareValues(operator, load<f64>(a), load<f64>(b))) word |= 1 << bit;
    a += 8;
    b += 8;
  }
  store<u32>(out, word);
}

@inline
function compareNumber(operator: i32, out: usize, a: usize, number: f64, bars: i32): void {
  const full = bars & ~31;
  const both = f64x2.splat(number);
  for (let bar = 0; bar < full; bar += 32) {
    store<u32>(out, columnSixteen(operator, a, both) | (columnSixteen(operator, a + 128, both) << 16));
    out += 4;
    a += 256;
  }
  if (full === bars) return;
  let word: u32 = 0;
  for (let bit = 0; bit < bars - full; bit++) {
    if (compareValues(operator, load<f64>(a), number)) word |= 1 << bit;
    a += 8;
  }
  store<u32>(out, word);
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

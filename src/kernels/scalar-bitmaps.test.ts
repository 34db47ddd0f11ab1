// Bitmap kernels against the byte-per-bar conditions of the normative engine, over columns with equal and missing values.
import { describe, expect, test } from 'vitest';
import { createPrng, type Prng } from '../core/prng.ts';
import { crossAbove, crossBelow } from '../indicators/crossing.ts';
import { and, andNot, compareBoth, compareColumns, compareNumber, crossing, or } from './scalar-bitmaps.ts';

const LENGTHS = [1, 31, 32, 33, 64, 95, 500];

/** Values that meet often, with NaN at the start and in between. */
function randomColumn(prng: Prng, bars: number): Float64Array {
  const warmUp = prng.nextBelow(bars + 1) * (prng.next() < 0.5 ? 0 : 1);
  const holes = prng.next() < 0.5 ? 0 : 0.05;
  return Float64Array.from({ length: bars }, (_, i) =>
    i < warmUp || prng.next() < holes ? Number.NaN : prng.nextBelow(4),
  );
}

const bitmap = (bars: number): Uint32Array => new Uint32Array(Math.ceil(bars / 32)).fill(0xdeadbeef);
const pack = (bytes: ArrayLike<number | boolean>): Uint32Array => {
  const out = new Uint32Array(Math.ceil(bytes.length / 32));
  for (let i = 0; i < bytes.length; i++) if (bytes[i]) out[i >>> 5] = out[i >>> 5]! | (1 << (i & 31));
  return out;
};

describe.each(LENGTHS)('over %d bars', (bars) => {
  test('comparisons equal those of numbers, with 0 for NaN and beyond the last bar', () => {
    const prng = createPrng(bars);
    for (let round = 0; round < 30; round++) {
      const a = randomColumn(prng, bars);
      const b = randomColumn(prng, bars);
      const out = bitmap(bars);
      const less = bitmap(bars);
      const each = (holds: (a: number, b: number) => boolean) => pack(Array.from(a, (value, i) => holds(value, b[i]!)));
      compareColumns(out, false, a, b);
      expect(out).toEqual(each((x, y) => x > y));
      compareColumns(out, true, a, b);
      expect(out).toEqual(each((x, y) => x >= y));
      compareBoth(out, less, a, b);
      expect(out).toEqual(each((x, y) => x > y));
      expect(less).toEqual(each((x, y) => x < y));
      const tests = [(x: number) => x > 2, (x: number) => x >= 2, (x: number) => x < 2, (x: number) => x <= 2];
      for (const [operator, holds] of tests.entries()) {
        compareNumber(out, operator as 0 | 1 | 2 | 3, a, 2);
        expect(out).toEqual(pack(Array.from(a, holds)));
      }
    }
  });

  test('crossings follow the rule of both arithmetics: equality keeps, NaN clears', () => {
    const prng = createPrng(1000 + bars);
    for (let round = 0; round < 60; round++) {
      const a = randomColumn(prng, bars);
      const b = randomColumn(prng, bars);
      const greater = bitmap(bars);
      const less = bitmap(bars);
      const out = bitmap(bars);
      compareBoth(greater, less, a, b);
      const valid = pack(Array.from(a, (value, i) => !Number.isNaN(value) && !Number.isNaN(b[i])));
      crossing(out, greater, less, valid);
      expect(out).toEqual(pack(crossAbove(a, b)));
      crossing(out, less, greater, valid);
      expect(out).toEqual(pack(crossBelow(a, b)));
    }
  });

  test('logic works word by word', () => {
    const prng = createPrng(2000 + bars);
    const words = Math.ceil(bars / 32);
    const a = Uint32Array.from({ length: words }, () => prng.nextUint32());
    const b = Uint32Array.from({ length: words }, () => prng.nextUint32());
    const out = bitmap(bars);
    and(out, a, b);
    expect(out).toEqual(a.map((word, i) => word & b[i]!));
    or(out, a, b);
    expect(out).toEqual(a.map((word, i) => word | b[i]!));
    andNot(out, a, b);
    expect(out).toEqual(a.map((word, i) => word & ~b[i]!));
  });
});

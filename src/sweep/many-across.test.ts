// The number of a variant across cells: against plain arithmetic, and with cells that have no value.
import { expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { acrossCells, acrossScore, acrossTie } from './many-across.ts';

const scores = (...values: number[]): Float64Array => Float64Array.from(values);

test('mean, median and worst are those of a textbook', () => {
  expect(acrossCells(scores(3, -1, 4))).toEqual({ mean: 2, median: 3, worst: -1 });
  expect(acrossCells(scores(3, -1, 4, 10))).toEqual({ mean: 4, median: 3.5, worst: -1 });
  expect(acrossCells(scores(7))).toEqual({ mean: 7, median: 7, worst: 7 });
});

test('a cell without a value leaves the variant without one', () => {
  const none = { mean: Number.NaN, median: Number.NaN, worst: Number.NaN };
  expect(acrossCells(scores(3, Number.NaN, 4))).toEqual(none);
  expect(acrossScore('worst', scores(1, Number.NaN), 1)).toBeNaN();
});

test('the share of profitable cells needs no value of the metric, its tie does', () => {
  expect(acrossScore('profitable', scores(3, Number.NaN, 4, 5), 3)).toBe(0.75);
  expect(acrossTie('profitable', scores(3, Number.NaN))).toBeNaN();
  expect(acrossTie('profitable', scores(3, 5))).toBe(4);
  expect(acrossTie('mean', scores(3, 5))).toBe(0);
});

test('the order of cells changes no bit', () => {
  const prng = createPrng(11);
  for (let round = 0; round < 200; round++) {
    const values = Array.from(
      { length: 2 + (round % 9) },
      () => (prng.nextUint32() / 2 ** 32 - 0.5) * 10 ** (round % 7),
    );
    const shuffled = values.toSorted((a, b) => Math.sin(a * 1e4) - Math.sin(b * 1e4));
    expect(acrossCells(scores(...shuffled))).toEqual(acrossCells(scores(...values)));
  }
});

test('a mean of numbers too large to add is none', () => {
  expect(acrossCells(scores(Number.MAX_VALUE, Number.MAX_VALUE)).mean).toBeNaN();
  expect(acrossCells(scores(Number.MAX_VALUE, Number.MAX_VALUE)).median).toBe(Number.MAX_VALUE);
});

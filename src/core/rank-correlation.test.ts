// Tests of the agreement of two orders, against values computed by hand and the formula for lists without ties.
import { expect, test } from 'vitest';
import { createPrng } from './prng.ts';
import { rankCorrelation } from './rank-correlation.ts';

test('the same order is 1, the reverse -1, whatever the values', () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 100, 1000, 1e9])).toBe(1);
  expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, -1])).toBe(-1);
});

test('equal values share their mean rank', () => {
  // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: 4.5 / sqrt(4.5 * 5).
  expect(rankCorrelation([1, 2, 2, 3], [1, 3, 2, 4])).toBeCloseTo(0.9486832980505138, 15);
});

test('without an order there is no agreement', () => {
  expect(rankCorrelation([], [])).toBeNull();
  expect(rankCorrelation([1], [2])).toBeNull();
  expect(rankCorrelation([5, 5, 5], [1, 2, 3])).toBeNull();
});

test('without ties it is 1 - 6 sum(d^2) / (n (n^2 - 1))', () => {
  const prng = createPrng(11);
  for (let round = 0; round < 50; round++) {
    const count = 2 + prng.nextBelow(60);
    const a = Array.from({ length: count }, () => prng.next());
    const b = Array.from({ length: count }, () => prng.next());
    const rank = (values: readonly number[]): number[] => values.map((value) => values.filter((v) => v < value).length);
    const [x, y] = [rank(a), rank(b)];
    const squares = x.reduce((sum, at, i) => sum + (at - y[i]!) ** 2, 0);
    expect(rankCorrelation(a, b)).toBeCloseTo(1 - (6 * squares) / (count * (count * count - 1)), 12);
  }
});

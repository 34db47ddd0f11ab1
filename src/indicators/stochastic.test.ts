// The stochastic oscillator by hand.
import { expect, test } from 'vitest';
import { firstBitDifference, walk } from './indicator.contract.ts';
import { stochastic } from './stochastic.ts';

test('places the close between the lowest low and the highest high', () => {
  const high = Float64Array.of(10, 12, 14, 14);
  const low = Float64Array.of(8, 9, 10, 13);
  const close = Float64Array.of(9, 11, 10, 14);
  const { k, d } = stochastic(high, low, close, 3, 1, 2, 'standard');
  expect([...k]).toEqual([Number.NaN, Number.NaN, 100 * (2 / 6), 100]);
  expect([...d]).toEqual([Number.NaN, Number.NaN, Number.NaN, (100 * (2 / 6) + 100) / 2]);
});

test('the fast stochastic of vectorbt is 100 × distance / range in this order, to the last bit', () => {
  const { high, low, close } = walk(300, 5);
  const expected = close.map((price, i) => {
    if (i < 13) return Number.NaN;
    const bottom = Math.min(...low.subarray(i - 13, i + 1));
    const top = Math.max(...high.subarray(i - 13, i + 1));
    return (100 * (price - bottom)) / (top - bottom);
  });
  expect(firstBitDifference(stochastic(high, low, close, 14, 1, 3, 'vectorbt').k, expected)).toBe(-1);
});

// Relative strength at its ends, by hand.
import { expect, test } from 'vitest';
import { rsi } from './rsi.ts';

const strength = (...prices: number[]): number[] => [...rsi(Float64Array.from(prices), 2, 'standard')].slice(2);

test('only rises give exactly 100, only falls exactly 0', () => {
  expect(strength(1, 1.1, 1.3, 1.3, 9)).toEqual([100, 100, 100]);
  expect(strength(9, 3, 1.3, 1.3, 1.1)).toEqual([0, 0, 0]);
});

test('a market without any change has no strength until it moves', () => {
  expect(strength(5, 5, 5, 5, 6)).toEqual([Number.NaN, Number.NaN, 100]);
});

test('averages are the plain mean of the first changes, then move by 1 / length', () => {
  // Rises 2, 0 then 1: averages 1, 1. Falls 0, 1 then 0: averages 0.5, 0.25.
  expect(strength(10, 12, 11, 12)).toEqual([100 * (1 / 1.5), 80]);
});

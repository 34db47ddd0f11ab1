// Volume-weighted prices by hand.
import { expect, test } from 'vitest';
import { vwap } from './vwap.ts';

const column = (...values: number[]): Float64Array => Float64Array.from(values);
const same = (prices: Float64Array, volume: Float64Array): number[] => [...vwap(prices, prices, prices, volume)];

test('weighs each price with its volume', () => {
  expect(same(column(10, 20, 40), column(1, 1, 2))).toEqual([10, 15, 27.5]);
});

test('has no value before the first trade and stands still without trades', () => {
  expect(same(column(10, 20, 40), column(0, 3, 0))).toEqual([Number.NaN, 20, 20]);
});

test('leaves a missing bar out', () => {
  expect(same(column(10, Number.NaN, 20), column(1, 5, 1))).toEqual([10, Number.NaN, 15]);
  expect(same(column(10, 30, 20), column(1, Number.NaN, 1))).toEqual([10, Number.NaN, 15]);
});

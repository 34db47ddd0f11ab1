// On-balance volume by hand.
import { expect, test } from 'vitest';
import { obv } from './obv.ts';

const column = (...values: number[]): Float64Array => Float64Array.from(values);
const close = column(10, 11, 11, 9, 12);
const volume = column(5, 1, 2, 4, 8);

test('adds volume on a rise, takes it off on a fall, ignores an equal close', () => {
  expect([...obv(close, volume, 'standard')]).toEqual([0, 1, 1, -3, 5]);
});

test('vectorbt counts the first bar and equal closes as rises', () => {
  expect([...obv(close, volume, 'vectorbt')]).toEqual([5, 6, 8, 4, 12]);
});

test('after a missing close the change is counted from the last one known', () => {
  const gappy = column(10, Number.NaN, 11, 9, 12);
  expect([...obv(gappy, volume, 'standard')]).toEqual([0, Number.NaN, 2, -2, 6]);
});

test('after a missing volume vectorbt still counts the change from the bar before', () => {
  const gappy = column(5, Number.NaN, 2);
  expect([...obv(column(10, 9, 9.5), gappy, 'vectorbt')]).toEqual([5, Number.NaN, 7]);
});

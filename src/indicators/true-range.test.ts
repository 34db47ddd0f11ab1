// True ranges by hand.
import { expect, test } from 'vitest';
import { trueRange } from './true-range.ts';

const column = (...values: number[]): Float64Array => Float64Array.from(values);
const NONE = Number.NaN;

// Bar by bar: the first; inside the range; a gap up (from 11 to 15); a gap down (from 14 to 8).
const high = column(12, 13, 15, 10);
const low = column(10, 10.5, 13, 8);
const close = column(11, 11, 14, 9);

test('is the widest of the range and the two gaps, with none on the first bar', () => {
  expect([...trueRange(high, low, close, 'standard')]).toEqual([NONE, 2.5, 4, 6]);
});

test('vectorbt takes the range of the first bar', () => {
  expect([...trueRange(high, low, close, 'vectorbt')]).toEqual([2, 2.5, 4, 6]);
});

test('a bar with one missing price spoils itself and the next', () => {
  expect([...trueRange(column(12, NONE, 15, 10), low, close, 'standard')]).toEqual([NONE, NONE, NONE, 6]);
  expect([...trueRange(high, low, column(11, NONE, 14, 9), 'standard')]).toEqual([NONE, 2.5, NONE, 6]);
});

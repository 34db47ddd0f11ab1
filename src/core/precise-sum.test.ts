// A precise sum keeps the small terms that a plain sum loses.
import { expect, test } from 'vitest';
import { addTo, preciseSum, totalOf } from './precise-sum.ts';

test('what cancels leaves the small term', () => {
  const sum = preciseSum();
  for (const term of [1e16, 1, -1e16, 0.5]) addTo(sum, term);
  expect(totalOf(sum)).toBe(1.5);
});

test('ten tenths are one', () => {
  const sum = preciseSum();
  for (let i = 0; i < 10; i++) addTo(sum, 0.1);
  expect(totalOf(sum)).toBe(1);
});

// Rates of change by hand.
import { expect, test } from 'vitest';
import { roc } from './roc.ts';

test('is the change in percent, and has no value against zero', () => {
  expect([...roc(Float64Array.of(100, 0, 150, 3, 75), 2)]).toEqual([Number.NaN, Number.NaN, 50, Number.NaN, -50]);
});

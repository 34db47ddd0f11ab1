// Tolerant arithmetic of the vectorbt rule book, at its edges.
import { expect, test } from 'vitest';
import { addSnapped, floorToStep, isClose, isCloseOrLess, isLess, snapToZero } from './vectorbt-tolerance.ts';

test('close means within 1e-9 of the larger magnitude or within 1e-12', () => {
  expect(isClose(1e9, 1e9 + 1)).toBe(true);
  expect(isClose(1e9, 1e9 + 2)).toBe(false);
  expect(isClose(0, 1e-12)).toBe(true);
  expect(isClose(0, 2e-12)).toBe(false);
});

test('nothing is close to NaN or to an infinity', () => {
  expect(isClose(Number.NaN, Number.NaN)).toBe(false);
  expect(isClose(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(false);
  expect(isCloseOrLess(1, Number.POSITIVE_INFINITY)).toBe(true);
});

test('less is strict beyond the tolerance', () => {
  expect(isLess(1, 1 + 1e-10)).toBe(false);
  expect(isCloseOrLess(1 + 1e-10, 1)).toBe(true);
  expect(isLess(1, 1.1)).toBe(true);
});

test('a sum that cancels up to rounding is exactly 0', () => {
  expect(addSnapped(0.1 + 0.2, -0.3)).toBe(0);
  expect(addSnapped(1e-13, 0)).toBe(0);
  expect(addSnapped(5, -3)).toBe(2);
  expect(snapToZero(-1e-13)).toBe(0);
});

test('sizes are floored to a step as floor division does', () => {
  expect(floorToStep(7.9, 2)).toBe(6);
  expect(floorToStep(6, 2)).toBe(6);
  // 33.5 holds 334.99... steps of 0.1 in binary; the remainder leaves a quotient just below 334, which counts as 334.
  expect(floorToStep(33.5, 0.1)).toBe(334 * 0.1);
  expect(floorToStep(Number.POSITIVE_INFINITY, 1)).toBeNaN();
});

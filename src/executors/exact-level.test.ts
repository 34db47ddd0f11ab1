// Levels compare with doubles as the exact decimals they stand for.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareDecimal, decimal, decimalOfDouble, decimalOfText } from '../core/decimal.ts';
import { doubleOfDecimal, levelOfDecimal, levelOfDouble, nextDown, nextUp } from './exact-level.ts';

test('a price printed like the level may lie on the wrong side of it', () => {
  // 0.1 as a double is above one tenth, 0.3 below three tenths.
  expect(levelOfDecimal(decimal('0.1'))).toEqual({ value: 0.1, atMost: nextDown(0.1), atLeast: 0.1 });
  expect(levelOfDecimal(decimal('0.3'))).toEqual({ value: 0.3, atMost: 0.3, atLeast: nextUp(0.3) });
  expect(levelOfDecimal(decimal('0.5'))).toEqual({ value: 0.5, atMost: 0.5, atLeast: 0.5 });
});

test('comparisons with the neighbours decide as exact arithmetic does', () => {
  const prices = fc.integer({ min: 1, max: 10_000_000 }).map((ticks) => ticks / 1000);
  fc.assert(
    fc.property(prices, prices, (text, x) => {
      const exact = decimalOfText(text);
      const order = compareDecimal(decimalOfDouble(x), exact);
      for (const level of [levelOfDecimal(exact), levelOfDouble(doubleOfDecimal(exact))]) {
        expect(x <= level.atMost).toBe(order <= 0);
        expect(x >= level.atLeast).toBe(order >= 0);
        expect(x > level.atMost).toBe(order > 0);
        expect(x < level.atLeast).toBe(order < 0);
      }
    }),
  );
});

test('neighbours of a double are one step away', () => {
  expect(nextUp(1) - 1).toBe(2 ** -52);
  expect(1 - nextDown(1)).toBe(2 ** -53);
  expect(nextUp(-1)).toBe(-1 + 2 ** -53);
  expect(nextUp(0)).toBe(Number.MIN_VALUE);
});

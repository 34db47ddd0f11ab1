// Axes of a grid: ranges, lists, and how the command line writes them.
import { describe, expect, test } from 'vitest';
import { choice, parseAxis, range } from './parameters.ts';

describe('range', () => {
  test('includes both ends and keeps decimals clean', () => {
    expect(range(0.1, 0.3, 0.1).values).toEqual([0.1, 0.2, 0.3]);
    expect(range(0.01, 0.05, 0.01).values).toEqual([0.01, 0.02, 0.03, 0.04, 0.05]);
    expect(range(1e-7, 3e-7, 1e-7).values).toEqual([1e-7, 2e-7, 3e-7]);
    expect(range(5, 5).values).toEqual([5]);
  });

  test('holds as many values as the limit allows', () => {
    expect(range(1, 1_000_000).values.at(-1)).toBe(1_000_000);
    expect(() => range(1, 1_000_001)).toThrow(/values on one axis/);
  });

  test('stops below the upper end when the step does not divide the span', () => {
    expect(range(5, 12, 5).values).toEqual([5, 10]);
  });

  test('refuses what is no range', () => {
    for (const bad of [() => range(3, 1), () => range(0, 1, 0), () => range(0.5, 1.5), () => range(0, Number.NaN, 1)]) {
      expect(bad).toThrow(/axis/);
    }
    expect(() => range(0, 1, 1e-9)).toThrow(/values on one axis/);
  });
});

describe('parseAxis', () => {
  test('reads ranges, steps and lists', () => {
    expect(parseAxis('1..3').values).toEqual([1, 2, 3]);
    expect(parseAxis('0.01..0.03:0.01').values).toEqual([0.01, 0.02, 0.03]);
    expect(parseAxis('5, 10,20').values).toEqual([5, 10, 20]);
    expect(parseAxis('-2..2:2').values).toEqual([-2, 0, 2]);
    expect(parseAxis('1e-3').values).toEqual([0.001]);
  });

  test('refuses anything else', () => {
    for (const text of [
      '',
      'a',
      '1..',
      '..3',
      '1..3:',
      '1,,2',
      '1,1',
      '1..x',
      'Infinity',
      '1,2abc',
      '5..50..5',
      '5..50:x',
    ]) {
      expect(() => parseAxis(text), text).toThrow(/axis/);
      expect(() => parseAxis(text), text).not.toThrow(/NaN/);
    }
  });
});

test('choice keeps the order given and normalises -0', () => {
  expect(choice(3, 1, -0).values).toEqual([3, 1, 0]);
});

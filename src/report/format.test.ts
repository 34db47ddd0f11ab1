// Numbers, times and durations as people read them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatMetric,
  formatMoney,
  formatNumber,
  formatParameter,
  formatPercent,
  formatPrice,
  formatSignedPercent,
  formatSize,
  formatTime,
  isDateOnly,
  plainText,
} from './format.ts';

describe('numbers', () => {
  test.each([
    [formatNumber(1234567.891, 2), '1,234,567.89'],
    [formatNumber(-999.995, 1), '-1,000.0'],
    [formatNumber(-0.001, 2), '0.00'],
    [formatNumber(null), '–'],
    [formatNumber(Number.POSITIVE_INFINITY), '–'],
    [formatPercent(0.12345), '12.35%'],
    [formatPercent(123.4567), '12,346%'],
    [formatSignedPercent(0.031), '+3.10%'],
    [formatSignedPercent(-0.031), '-3.10%'],
    [formatSignedPercent(0), '0.00%'],
    [formatMoney(9999.5), '9,999.50'],
    [formatMoney(0.01234), '0.0123'],
    [formatMoney(12_345_678.9), '12,345,679'],
    [formatPrice(34793.23), '34,793.23'],
    [formatPrice(1.08345), '1.08345'],
    [formatPrice(1.5), '1.50'],
    [formatPrice(0.00001234), '0.00001234'],
    [formatSize(0.2872686), '0.2872686'],
    [formatSize(3), '3'],
    [formatSize(1500.129), '1,500.13'],
    [formatCount(12480), '12,480'],
    [formatCount(60.88), '60.9'],
    [formatParameter(0.30000000000000004), '0.3'],
    [formatParameter(null), 'off'],
    [formatMetric(0.5, 'fraction'), '50.00%'],
    [formatMetric(null, 'ratio'), '–'],
  ])('%s reads %s', (found, wanted) => {
    expect(found).toBe(wanted);
  });

  test('grouping loses no digit', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.integer({ min: 0, max: 8 }),
        (value, digits) => {
          const back = Number(formatNumber(value, digits).replaceAll(',', ''));
          expect(back).toBe(Number(value.toFixed(digits)) + 0);
        },
      ),
    );
  });
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_990, '1 min'],
  [252_000, '4 min 12 s'],
  [3_599_900, '1 h'],
  [7_260_000, '2 h 1 min'],
  [86_399_999, '1 d'],
  [273_600_000, '3 d 4 h'],
])('%d ms last %s', (ms, wanted) => {
  expect(formatDuration(ms)).toBe(wanted);
});

test('times are UTC, and days need no clock', () => {
  expect(formatTime(Date.UTC(2024, 1, 29, 23, 5))).toBe('2024-02-29 23:05');
  expect(formatTime(Date.UTC(2024, 1, 29), isDateOnly('1d'))).toBe('2024-02-29');
  expect(isDateOnly('4h')).toBe(false);
});

test('names cannot steer a terminal or turn text around', () => {
  expect(plainText('a\u001b[31mb\nc\u202ed')).toBe('a\ufffd[31mb\ufffdc\ufffdd');
  expect(plainText('σ-fast 数')).toBe('σ-fast 数');
});

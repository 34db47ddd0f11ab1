// Unit tests of bars per year.
import { expect, test } from 'vitest';
import { parseTimeframe } from '../market/timeframe.ts';
import { periodsPerYear } from './annualisation.ts';

test.each([
  ['1m', 'continuous', 525_600],
  ['5m', 'continuous', 105_120],
  ['1h', 'continuous', 8_760],
  ['1d', 'continuous', 365],
  ['1w', 'continuous', 365 / 7],
  ['1m', 'equity-sessions', 252 * 390],
  ['5m', 'equity-sessions', 252 * 78],
  ['1h', 'equity-sessions', 252 * 6.5],
  ['8h', 'equity-sessions', 252],
  ['1d', 'equity-sessions', 252],
  ['2d', 'equity-sessions', 126],
  ['1w', 'equity-sessions', 52],
] as const)('%s candles of a %s year: %d', (timeframe, calendar, expected) => {
  expect(periodsPerYear(parseTimeframe(timeframe), calendar)).toBe(expected);
});

test('a year is continuous unless told otherwise', () => {
  expect(periodsPerYear(parseTimeframe('4h'))).toBe(2190);
});

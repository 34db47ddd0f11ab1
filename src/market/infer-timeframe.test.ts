// Unit tests of timeframe inference.
import { expect, test } from 'vitest';
import { inferTimeframe } from './infer-timeframe.ts';

const minutes = (...at: readonly number[]): Float64Array => Float64Array.from(at, (minute) => minute * 60_000);
const every = (step: number, count: number): Float64Array =>
  minutes(...Array.from({ length: count }, (_, i) => i * step));

test('regular steps name their timeframe in its usual spelling', () => {
  expect(inferTimeframe(every(1, 10))).toBe('1m');
  expect(inferTimeframe(every(60, 10))).toBe('1h');
  expect(inferTimeframe(every(1440, 10))).toBe('1d');
  expect(inferTimeframe(every(7 * 1440, 10))).toBe('1w');
  expect(inferTimeframe(every(90, 2))).toBe('90m');
});

test('gaps do not hide the timeframe, even when most candles are missing', () => {
  expect(inferTimeframe(minutes(0, 1, 2, 9, 10, 11, 400))).toBe('1m');
  expect(inferTimeframe(minutes(0, 1, 5, 6, 12, 14, 17, 21, 26, 37))).toBe('1m');
});

test('disorder and copies do not hide it', () => {
  expect(inferTimeframe(minutes(0, 5, 10, 10, 15, 5, 10, 15, 20))).toBe('5m');
});

test('newest-first candles have the timeframe they have in order', () => {
  expect(inferTimeframe(every(5, 20).toReversed())).toBe('5m');
  expect(inferTimeframe(minutes(400, 11, 10, 9, 2, 1, 0))).toBe('1m');
});

test('it is null when nothing is clear', () => {
  expect(inferTimeframe(minutes())).toBeNull();
  expect(inferTimeframe(minutes(7))).toBeNull();
  expect(inferTimeframe(minutes(7, 7, 7))).toBeNull();
  expect(inferTimeframe(minutes(0, 2, 5, 10, 17, 28))).toBeNull();
  expect(inferTimeframe(Float64Array.of(0, 1.5, 3))).toBeNull();
  expect(inferTimeframe(Float64Array.of(Number.NaN, Number.NaN))).toBeNull();
});

test('of two equally common steps the shorter wins only when it divides the longer', () => {
  expect(inferTimeframe(minutes(0, 2, 6, 8, 12))).toBe('2m');
  expect(inferTimeframe(minutes(0, 2, 5, 7, 10))).toBeNull();
});

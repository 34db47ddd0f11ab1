// The quirks of the peer's averages, to the last bit.
import { expect, test } from 'vitest';
import { vectorbtDeviation, vectorbtExponentialMean, vectorbtMean } from './vectorbt-averages.ts';

const NONE = Number.NaN;

test('the mean is the difference of two running sums, rounding noise included', () => {
  // 0.1 + 0.2 + 0.3 = 0.6000000000000001 in doubles, so the last two do not average to 0.25.
  expect([...vectorbtMean(Float64Array.of(0.1, 0.2, 0.3), 2)]).toEqual([
    NONE,
    (0.1 + 0.2) / 2,
    (0.1 + 0.2 + 0.3 - 0.1) / 2,
  ]);
});

test('a window with a NaN has no mean, and the next whole window has', () => {
  expect([...vectorbtMean(Float64Array.of(1, NONE, 3, 5), 2)]).toEqual([NONE, NONE, NONE, 4]);
  expect([...vectorbtDeviation(Float64Array.of(1, NONE, 3, 5), 2)]).toEqual([NONE, NONE, NONE, 1]);
});

test('the deviation comes from running sums of values and squares', () => {
  const [a, b, c] = [1.1, 2.3, 3.7];
  const sum = a + b + c - a;
  const squares = a * a + b * b + c * c - a * a;
  const mean = sum / 2;
  const expected = Math.sqrt(Math.abs(squares - 2 * sum * mean + 2 * (mean * mean)) / 2);
  expect(vectorbtDeviation(Float64Array.of(a, b, c), 2)[2]).toBe(expected);
});

test('the exponential mean of equal values is that value', () => {
  for (const length of [2, 3, 7, 13, 26, 99]) {
    const means = vectorbtExponentialMean(new Float64Array(500).fill(0.0813), length);
    expect(new Set(means.subarray(length - 1))).toEqual(new Set([0.0813]));
  }
});

test('a NaN repeats the exponential mean and weakens the past at the next value', () => {
  // Length 3: weight 1/2. After 4 and a missing bar the past counts 1/4 against 1/2 for the 10.
  expect([...vectorbtExponentialMean(Float64Array.of(4, 4, 4, NONE, 10), 3)]).toEqual([NONE, NONE, 4, 4, 8]);
});

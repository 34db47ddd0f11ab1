// The rolling deviation against the two-pass formula of each window, where the naive formula fails.
import { expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { rollingDeviation } from './rolling-deviation.ts';

const SEED = 72;
const BARS = 6000;

/** Mean first, then deviations from it, both relative to the first bar of the window. */
function twoPass(window: Float64Array): number {
  const shifted = window.map((value) => value - window[0]);
  const mean = shifted.reduce((sum, value) => sum + value, 0) / shifted.length;
  return Math.sqrt(shifted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / shifted.length);
}

const prng = createPrng(SEED);
const noise = Float64Array.from({ length: BARS }, () => prng.nextNormal());
const COLUMNS: readonly (readonly [name: string, column: Float64Array])[] = [
  ['noise around 0', noise],
  ['a hundredth of noise on a price of 100,000', noise.map((value) => 100_000 + 0.01 * value)],
  ['tiny prices', noise.map((value) => 1e-8 * (1 + 0.001 * value))],
  ['a steady trend', noise.map((value, i) => 50 + i + 0.001 * value)],
  ['outliers a million times larger', noise.map((value, i) => (i % 97 === 40 ? 1e6 : 100) + 0.01 * value)],
];

test.each(COLUMNS)('agrees with two passes to 1e-10 on %s', (_name, column) => {
  for (const length of [2, 3, 20, 250]) {
    const actual = rollingDeviation(column, length);
    let worst = 0;
    for (let i = length - 1; i < BARS; i++) {
      const expected = twoPass(column.subarray(i - length + 1, i + 1));
      worst = Math.max(worst, Math.abs(actual[i] / expected - 1));
    }
    expect(worst, `length ${length}, seed ${SEED}`).toBeLessThan(1e-10);
  }
});

test('is exactly 0 on a flat stretch, whatever came before', () => {
  const column = noise.map((value, i) => (i < 1000 ? 1e6 * value : 0.1));
  expect(new Set(rollingDeviation(column, 20).subarray(1019))).toEqual(new Set([0]));
});

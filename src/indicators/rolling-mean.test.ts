// The rolling mean against exact integer arithmetic, over several rebuilds and past outliers.
import { expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { firstBitDifference } from './indicator.contract.ts';
import { REBUILD_BARS, rollingMean } from './rolling-mean.ts';

const SEED = 71;
/** A tick that is a power of two, so that prices and their sums are whole multiples of it without rounding. */
const TICK = 2 ** -20;

/** Prices of a random walk in whole ticks, with an outlier a million times larger every 997 bars. */
function ticks(bars: number): number[] {
  const prng = createPrng(SEED);
  let price = 10_000_000;
  return Array.from({ length: bars }, (_, i) => {
    price += prng.nextBelow(2001) - 1000;
    return i % 997 === 500 ? price * 1_000_000 : price;
  });
}

test.each([1, 2, 20, 999, 5000])('the mean over %i bars is the correctly rounded one on every bar', (length) => {
  const counts = ticks(3 * REBUILD_BARS);
  const actual = rollingMean(
    Float64Array.from(counts, (count) => count * TICK),
    length,
  );
  let sum = 0n;
  const expected = counts.map((count, i) => {
    sum += BigInt(count) - (i >= length ? BigInt(counts[i - length]) : 0n);
    return i < length - 1 ? Number.NaN : (Number(sum) * TICK) / length;
  });
  expect(firstBitDifference(actual, Float64Array.from(expected)), `seed ${SEED}`).toBe(-1);
});

test('means are the same bits wherever the column begins', () => {
  const column = Float64Array.from(ticks(9000), (count) => count / 128);
  const whole = rollingMean(column, 50);
  for (const start of [1, 777, 4095, 4096, 5001]) {
    const alone = rollingMean(column.subarray(start), 50);
    expect(firstBitDifference(alone.subarray(49), whole.subarray(start + 49))).toBe(-1);
  }
});

test('two averages that lie on a flat stretch are equal, so that they do not cross', () => {
  const prng = createPrng(SEED);
  const column = Float64Array.from({ length: 6000 }, (_, i) => (i < 5000 ? 0.08 + 0.01 * prng.next() : 0.0813));
  const fast = rollingMean(column, 7);
  const slow = rollingMean(column, 30);
  expect(new Set([...fast.subarray(5030), ...slow.subarray(5030)])).toEqual(new Set([0.0813]));
});

test('a sum too large for a double is forgotten at the next multiple of 4096 bars, counted from bar 0', () => {
  const column = new Float64Array(5000).fill(1).map((value, i) => (i === 10 || i === 11 ? 1.7e308 : value + (i % 2)));
  const means = rollingMean(column, 4);
  expect(means.subarray(11, REBUILD_BARS).every(Number.isNaN)).toBe(true);
  expect(means.subarray(REBUILD_BARS).every((mean) => mean === 1.5)).toBe(true);
});

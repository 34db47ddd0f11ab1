// The seeded generator: fixed streams, ranges and spread.
import { describe, expect, test } from 'vitest';
import { createPrng } from './prng.ts';

describe('createPrng', () => {
  test('gives the same stream for a seed on every machine', () => {
    const prng = createPrng(42);
    expect([prng.nextUint32(), prng.nextUint32(), prng.nextUint32()]).toEqual([2837322924, 544945897, 479756282]);
  });

  test('gives different streams for different seeds, also beyond 32 bits', () => {
    const first = (seed: number): number => createPrng(seed).nextUint32();
    expect(new Set([0, 1, 2, 2 ** 32, 2 ** 33].map(first)).size).toBe(5);
  });

  test('draws uniformly below a bound', () => {
    const prng = createPrng(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[prng.nextBelow(10)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('draws normal deviates of mean 0 and variance 1', () => {
    const prng = createPrng(11);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 100_000; i++) {
      const x = prng.nextNormal();
      sum += x;
      squares += x * x;
    }
    expect(Math.abs(sum / 100_000)).toBeLessThan(0.02);
    expect(Math.abs(squares / 100_000 - 1)).toBeLessThan(0.02);
  });
});

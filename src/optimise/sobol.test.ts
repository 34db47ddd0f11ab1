// Tests of Sobol points: published first points, values and discrepancies computed by scipy 1.17, nets kept by scrambling.
import { expect, test } from 'vitest';
import { createSobol, SOBOL_DIMENSIONS_MAX } from './sobol.ts';

test('begins as published', () => {
  const sobol = createSobol(5);
  const first = Array.from({ length: 8 }, (_, n) => [...sobol(n)]);
  expect(first).toEqual([
    [0, 0, 0, 0, 0],
    [0.5, 0.5, 0.5, 0.5, 0.5],
    [0.75, 0.25, 0.25, 0.25, 0.75],
    [0.25, 0.75, 0.75, 0.75, 0.25],
    [0.375, 0.375, 0.625, 0.875, 0.375],
    [0.875, 0.875, 0.125, 0.375, 0.875],
    [0.625, 0.125, 0.875, 0.625, 0.625],
    [0.125, 0.625, 0.375, 0.125, 0.125],
  ]);
});

test('has the points of scipy in all 40 dimensions', () => {
  const sobol = createSobol(SOBOL_DIMENSIONS_MAX);
  const at = (n: number, dimensions: readonly number[]) => dimensions.map((d) => sobol(n)[d]);
  expect(at(777, [0, 1, 2, 9, 20, 31, 39])).toEqual([
    0.6923828125, 0.9365234375, 0.1630859375, 0.3232421875, 0.2373046875, 0.8994140625, 0.3583984375,
  ]);
  expect(at(1023, [1, 7, 17, 27, 37])).toEqual([0.7529296875, 0.6181640625, 0.8759765625, 0.7607421875, 0.9873046875]);
});

/** Centred L2 discrepancy, squared (Hickernell, 1998). */
function discrepancy(points: readonly Float64Array[]): number {
  const [count, dimensions] = [points.length, points[0]!.length];
  let one = 0;
  let two = 0;
  for (const x of points) {
    let product = 1;
    for (const value of x) product *= 1 + Math.abs(value - 0.5) / 2 - (value - 0.5) ** 2 / 2;
    one += product;
    for (const y of points) {
      let pair = 1;
      for (let d = 0; d < dimensions; d++) {
        const [a, b] = [x[d]!, y[d]!];
        pair *= 1 + Math.abs(a - 0.5) / 2 + Math.abs(b - 0.5) / 2 - Math.abs(a - b) / 2;
      }
      two += pair;
    }
  }
  return (13 / 12) ** dimensions - (2 / count) * one + two / count ** 2;
}

test.each([
  [2, 256, 1.663160380993567e-5],
  [6, 512, 0.0001839229465272485],
])('%d dimensions, %d points: the discrepancy that scipy computes', (dimensions, count, expected) => {
  const sobol = createSobol(dimensions);
  expect(discrepancy(Array.from({ length: count }, (_, n) => sobol(n)))).toBeCloseTo(expected, 12);
});

test('scrambling moves points, keeps one in each of 2^k equal parts of every axis, and stays far below random', () => {
  const [a, b] = [createSobol(12, 1), createSobol(12, 2)];
  expect([...a(5)]).not.toEqual([...b(5)]);
  expect([...a(5)]).toEqual([...createSobol(12, 1)(5)]);
  for (const start of [0, 256, 1024]) {
    for (let d = 0; d < 12; d++) {
      const parts = new Set(Array.from({ length: 256 }, (_, i) => Math.floor(a(start + i)[d]! * 256)));
      expect(parts.size).toBe(256);
    }
  }
  // Two axes at once: the first 64 points fill the 8 by 8 squares of the first two dimensions evenly.
  const squares = new Set(
    Array.from({ length: 64 }, (_, i) => [...a(i).subarray(0, 2)].map((x) => Math.floor(x * 8)).join()),
  );
  expect(squares.size).toBe(64);
  // Random points come to (5/4)^d - (13/12)^d over their number on average: 0.0015 for 256 in two dimensions.
  const scrambledTwo = createSobol(2, 9);
  expect(discrepancy(Array.from({ length: 256 }, (_, n) => scrambledTwo(n)))).toBeLessThan(1e-4);
});

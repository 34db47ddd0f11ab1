// Fewer points, the same extremes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregateCandles, extremeIndexes } from './downsample.ts';

const curve = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 400 });

test('keeps the first, the last, and the extremes of every step', () => {
  fc.assert(
    fc.property(curve, fc.integer({ min: 1, max: 40 }), (values, steps) => {
      const keep = extremeIndexes([values], steps);
      expect(keep).toEqual([...new Set(keep)].sort((a, b) => a - b));
      expect(keep.length).toBeLessThanOrEqual(Math.max(steps, 2 * steps + 2));
      expect([keep[0], keep.at(-1)]).toEqual([0, values.length - 1]);
      for (let step = 0; step < steps; step++) {
        const [from, to] = [
          Math.floor((step * values.length) / steps),
          Math.floor(((step + 1) * values.length) / steps),
        ];
        if (to === from) continue;
        const kept = keep.filter((i) => i >= from && i < to).map((i) => values[i]!);
        const all = values.slice(from, to);
        expect([Math.min(...kept), Math.max(...kept)]).toEqual([Math.min(...all), Math.max(...all)]);
      }
    }),
  );
});

test('short curves are kept whole and NaN is never an extreme', () => {
  expect(extremeIndexes([[3, 1, 2]], 3)).toEqual([0, 1, 2]);
  expect(extremeIndexes([[]], 3)).toEqual([]);
  expect(extremeIndexes([[1, Number.NaN, 5, Number.NaN, 0, 2]], 1)).toEqual([0, 2, 4, 5]);
});

test('aggregated candles hold the first open, the extremes and the last close, also in a short last one', () => {
  const candles = {
    time: [0, 60, 120, 180, 240],
    open: [10, 11, 12, 13, 14],
    high: [15, 20, 13, 14, 15],
    low: [9, 10, 5, 12, 13],
    close: [11, 12, 13, 14, 15],
  };
  expect(aggregateCandles(candles, 3)).toEqual({
    time: [0, 180],
    open: [10, 13],
    high: [20, 15],
    low: [5, 12],
    close: [13, 15],
  });
  expect(aggregateCandles(candles, 1, 2, 4).time).toEqual([120, 180]);
});

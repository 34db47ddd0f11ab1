// Tests of what similar runs tell: which are similar, and the range of actual by predicted.
import { expect, test } from 'vitest';
import type { CostRecord } from '../store/cost-log.ts';
import { nearestRuns } from './sweep-costs.ts';

const run = (change: Partial<CostRecord>): CostRecord => ({
  atMs: 0,
  engineVersion: '0.0.0',
  strategyKind: 'signals',
  engine: 'fast',
  bars: 1000,
  workers: 2,
  variantsPredicted: 100,
  variantsActual: 100,
  bytesPredicted: 100,
  bytesActual: 100,
  secondsPredicted: 10,
  secondsActual: 10,
  ...change,
});
const asked = { strategyKind: 'signals', bars: 1000, variants: 100 };

test('without runs of the kind nothing is known', () => {
  const nothing = {
    known: 0,
    nearest: 0,
    variants: null,
    bytes: null,
    seconds: null,
    variantsPerSecond: null,
    from: [],
  };
  expect(nearestRuns(asked, [])).toEqual(nothing);
  expect(nearestRuns(asked, [run({ strategyKind: 'bars' })])).toEqual(nothing);
});

test('the range is that of actual by predicted, over those that were measured', () => {
  const records = [
    run({ bytesActual: 50, secondsActual: 40 }),
    run({ bytesActual: null, secondsPredicted: null, secondsActual: 1 }),
    run({ bytesActual: 80, secondsActual: 5 }),
    run({ bytesActual: 200, secondsActual: 20 }),
  ];
  expect(nearestRuns(asked, records)).toMatchObject({
    known: 4,
    nearest: 4,
    variants: { runs: 4, median: 1, low: 1, high: 1 },
    bytes: { runs: 3, median: 0.8, low: 0.5, high: 2 },
    seconds: { runs: 3, median: 2, low: 0.5, high: 4 },
    variantsPerSecond: { runs: 4, median: (5 + 20) / 2, low: 2.5, high: 100 },
  });
});

test('the nearest in bars and variants count, the newer of equally near ones first', () => {
  const far = Array.from({ length: 30 }, (_, i) => run({ bars: 1e6, bytesActual: 900, atMs: i }));
  const near = Array.from({ length: 15 }, (_, i) => run({ bars: 1100, variantsActual: 90, atMs: i }));
  const found = nearestRuns(asked, [...far, ...near]);
  expect(found).toMatchObject({ known: 45, nearest: 20, bytes: { median: 1, low: 1, high: 9 } });
  // The last of them is far, and the fifth newest of those.
  expect(found.from.map(({ bars, atMs }) => [bars, atMs])).toEqual([
    [1100, 14],
    [1e6, 25],
  ]);
});

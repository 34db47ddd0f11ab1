// Tests of two results side by side: which order is the better one, over what it is compared, and which settings differ.
import { expect, test } from 'vitest';
import { METRIC_NAMES, type MetricName } from '../metrics/metrics.ts';
import { compareResults } from './compare-results.ts';
import type { ResultRecord } from './result-record.ts';
import type { SavedResult } from './saved-results.ts';

const none = Object.fromEntries(METRIC_NAMES.map((name) => [name, null]));

interface Made {
  readonly rankedBy?: MetricName;
  readonly also?: readonly MetricName[];
  /** Ranked rows by `fast`, each with its score. */
  readonly rows: readonly (readonly [fast: number, score: number | null])[];
  /** Scored variants kept for the heatmap. */
  readonly scored?: readonly (readonly [fast: number, score: number | null])[];
  readonly change?: object;
}

function made({ rankedBy = 'sharpe', also = [], rows, scored, change = {} }: Made): SavedResult {
  const record = {
    kind: 'gridmill-sweep',
    engineVersion: '0.0.0',
    resultHash: 'a'.repeat(64),
    createdAt: '2024-01-01T00:00:00.000Z',
    strategy: { name: 'made-up', hash: 'h' },
    dataHash: 'd',
    profile: 'close',
    execution: { profile: 'close', costs: { feeRate: 0 }, closeAtEnd: true },
    data: {
      label: 'made',
      timeframe: '1m',
      policies: {},
      coldStart: false,
      firstBar: 'f',
      lastBar: 'l',
      barsBefore: 0,
    },
    grid: {
      parameterNames: ['fast'],
      parameters: { fast: [1, 2, 3, 4, 5, 6, 7] },
      risk: {},
      sample: null,
      seed: 1,
      where: [],
    },
    ...{ rankedBy, alsoRankedBy: also, preselect: 0, bars: 9, variants: 9, scored: 9, partial: null, elapsedMs: 1 },
    top: rows.map(([fast, score], i) => ({
      rank: i + 1,
      variantKey: `made-up|${fast}`,
      params: { fast },
      risk: fast === 4 ? { stopLoss: 0.1 } : {},
      metrics: { ...none, [rankedBy]: score },
    })),
    ...(scored === undefined
      ? {}
      : {
          heatmap: {
            paramNames: ['fast'],
            params: [scored.map(([fast]) => fast)],
            metrics: { [rankedBy]: scored.map(([, score]) => score) },
          },
        }),
    ...change,
  } as unknown as ResultRecord;
  return { id: 'a'.repeat(16), record };
}

const spearman = (a: Made, b: Made) => compareResults(made(a), made(b), 3).correlation;

test('the better comes first in both, whichever way their metrics go', () => {
  const drawdown: Made = {
    rankedBy: 'maxDrawdown',
    rows: [
      [1, 0.1],
      [2, 0.2],
      [3, 0.3],
    ],
  };
  const sharpe: Made = {
    rows: [
      [1, 3],
      [2, 2],
      [3, 1],
    ],
  };
  expect(spearman(drawdown, sharpe)).toEqual({ over: 'ranked rows', variants: 3, spearman: 1 });
  expect(
    spearman(
      {
        ...sharpe,
        rows: [
          [3, 3],
          [2, 2],
          [1, 1],
        ],
      },
      drawdown,
    ).spearman,
  ).toBe(-1);
});

test('rows of several objectives are compared by their rank', () => {
  const front: Made = {
    also: ['trades'],
    rows: [
      [1, 1],
      [2, 5],
      [3, 2],
    ],
  };
  expect(
    spearman(front, {
      rows: [
        [1, 9],
        [2, 8],
        [3, 7],
      ],
    }).spearman,
  ).toBe(1);
});

test('all that was scored counts where both keep it, without what has no score', () => {
  const rows = [
    [1, 9],
    [2, 8],
  ] as const;
  const a: Made = {
    rows,
    scored: [
      [1, 9],
      [2, 8],
      [3, 7],
      [5, 6],
      [6, null],
    ],
  };
  const b: Made = {
    rows,
    scored: [
      [1, 9],
      [2, 8],
      [3, 6],
      [5, 7],
      [6, 1],
    ],
  };
  expect(spearman(a, b)).toEqual({ over: 'scored variants', variants: 4, spearman: expect.closeTo(0.8, 12) });
  expect(spearman({ rows }, b)).toEqual({ over: 'ranked rows', variants: 2, spearman: 1 });
});

test('a variant is the same under the same barriers only, and rows show where each stands in both', () => {
  const a = made({
    rows: [
      [1, 9],
      [4, 8],
      [2, 7],
    ],
  });
  const b = made({
    rows: [
      [2, 9],
      [1, 8],
    ],
  });
  const { ranked, rows } = compareResults(a, b, 1);
  expect(ranked).toEqual({ common: 2, onlyA: 1, onlyB: 0, equal: 0 });
  expect(rows).toEqual([
    { params: { fast: 1 }, risk: {}, a: { rank: 1, score: 9 }, b: { rank: 2, score: 8 } },
    { params: { fast: 2 }, risk: {}, a: { rank: 3, score: 7 }, b: { rank: 1, score: 9 } },
  ]);
  expect(compareResults(a, made({ rows: [] }), 3)).toMatchObject({
    correlation: { variants: 0, spearman: null },
    b: { best: null },
  });
});

test('every setting that differs is named, also one that only one of them has', () => {
  const rows = [[1, 1]] as const;
  const long = Array.from({ length: 9 }, (_, i) => i);
  const grid = { parameterNames: ['fast'], risk: { stopLoss: [0.1] }, sample: 5, seed: 2, where: [] };
  const a = made({ rows, change: { grid: { ...grid, parameters: { fast: long } } } });
  const b = made({
    rows,
    change: {
      grid: { ...grid, parameters: { fast: [...long.slice(0, 4), 4.5, ...long.slice(5)] }, sample: null },
      engineVersion: '1',
    },
  });
  const { differences } = compareResults(a, b, 1);
  expect(differences.map(({ setting, a: x, b: y }) => [setting, x !== y, y === null])).toEqual([
    ['engine version', true, false],
    ['axis fast', true, false],
    ['sample', true, true],
    ['seed', true, true],
  ]);
  expect(compareResults(a, a, 1)).toMatchObject({ sameHash: true, differences: [], ranked: { common: 1, equal: 1 } });
});

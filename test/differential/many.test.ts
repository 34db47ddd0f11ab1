// A sweep over many cells against brute force: single sweeps of every cell, joined by variant and sorted in full.
import { describe, expect, test } from 'vitest';
import { NEVER_STOP } from '../../src/core/cancel.ts';
import { METRICS, type MetricName } from '../../src/metrics/metrics.ts';
import { createPoolScorer } from '../../src/pool/pool-scorer.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import { ACROSS, type Across } from '../../src/sweep/many-across.ts';
import { manyResultHash } from '../../src/sweep/many-hash.ts';
import { cellMetricNames, type ManyCell, type ManyRequest } from '../../src/sweep/many-request.ts';
import { type ManyHost, sweepMany } from '../../src/sweep/many-sweep.ts';
import { meetsConditions } from '../../src/sweep/metric-condition.ts';
import type { ScoredRow } from '../../src/sweep/request.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { runVariant } from '../../src/sweep/run-variant.ts';
import type { ScoringContext } from '../../src/sweep/score.ts';
import { manyHost, manyRequest, testCells } from '../synthetic-cells.ts';
import { testClock } from '../synthetic-request.ts';

const parameters = { fast: range(3, 8), slow: range(6, 20, 2) };
const risk = { stopLoss: choice(0, 0.005, 0.01), takeProfit: choice(0, 0.01) };
const cells = testCells(3);

/** Every row of each cell, by variant key, from sweeps of one cell each. */
async function singleSweeps(request: ManyRequest, bases?: readonly number[]): Promise<Map<string, ScoredRow[]>> {
  const byKey = new Map<string, ScoredRow[]>();
  for (const { window } of cells) {
    await runSweep(
      { ...request, where: undefined, preselect: 0 },
      {
        stop: NEVER_STOP,
        clock: testClock,
        window,
        ...(bases === undefined ? {} : { part: { stage: 'B' as const, bases } }),
        onRow: (row) => void byKey.set(row.variantKey, [...(byKey.get(row.variantKey) ?? []), row]),
      },
    );
  }
  return byKey;
}

const numberOf = (row: ScoredRow, metric: MetricName): number => row.metrics[metric] ?? Number.NaN;

/** Plain statistics over one variant's cells; higher is better. */
function plainScore(rows: readonly ScoredRow[], rank: MetricName, across: Across): readonly [number, number] {
  const sign = METRICS[rank].better === 'higher' ? 1 : -1;
  const sorted = rows.map((row) => numberOf(row, rank) * sign).sort((a, b) => a - b);
  const undefinedCell = sorted.some(Number.isNaN);
  const mean = undefinedCell ? Number.NaN : sorted.reduce((a, b) => a + b, 0) / sorted.length;
  const half = sorted.length / 2;
  const median = (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
  if (across === 'profitable')
    return [rows.filter((row) => numberOf(row, 'totalReturn') > 0).length / rows.length, mean];
  if (undefinedCell) return [Number.NaN, 0];
  return [across === 'mean' ? mean : across === 'median' ? median : sorted[0]!, 0];
}

function bruteForce(byKey: ReadonlyMap<string, ScoredRow[]>, request: ManyRequest): string[] {
  const last = (a: number, b: number): number =>
    Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : b - a;
  const passes = (row: ScoredRow): boolean => {
    const values = Float64Array.from(Object.values(row.metrics), (value) => value ?? Number.NaN);
    return meetsConditions(request.where ?? [], values, 0);
  };
  return [...byKey]
    .filter(([, rows]) => rows.every(passes))
    .map(([key, rows]) => ({ key, score: plainScore(rows, request.rank, request.across) }))
    .sort((a, b) => last(a.score[0], b.score[0]) || last(a.score[1], b.score[1]) || (a.key < b.key ? -1 : 1))
    .map(({ key }) => key);
}

const keysOf = (rows: readonly { readonly variantKey: string }[]): string[] => rows.map((row) => row.variantKey);

describe('the ranking across cells equals brute force', () => {
  const metrics: MetricName[] = ['totalReturn', 'sharpe', 'maxDrawdown', 'profitFactor'];
  test.each(ACROSS.flatMap((across) => metrics.map((rank) => [across, rank] as const)))(
    '%s of %s',
    async (across, rank) => {
      const request = manyRequest({ parameters, rank, across, top: 100 });
      const byKey = await singleSweeps(request);
      const outcome = await sweepMany(request, cells, manyHost());
      expect(keysOf(outcome.top)).toEqual(bruteForce(byKey, request));
      expect(outcome.variants).toBe(byKey.size);
      expect(outcome.scored).toBe(byKey.size);
      // Each cell of each row is the cell's own sweep, bit for bit.
      for (const row of outcome.top) {
        const singles = byKey.get(row.variantKey)!;
        for (const [i, cell] of row.cells.entries()) {
          for (const name of cellMetricNames(rank)) expect(cell[name]).toBe(singles[i]!.metrics[name]);
        }
        const [score] = plainScore(singles, rank, across);
        const sign = across === 'profitable' || METRICS[rank].better === 'higher' ? 1 : -1;
        expect(row.score).toBe(Number.isNaN(score) ? null : score * sign + 0);
      }
    },
  );

  test('under conditions, which must hold in every cell', async () => {
    const where = [{ metric: 'trades', operator: '>=', value: 30 } as const];
    const request = manyRequest({ parameters, where, top: 100 });
    const byKey = await singleSweeps(request);
    const expected = bruteForce(byKey, request);
    const outcome = await sweepMany(request, cells, manyHost());
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(byKey.size);
    expect(keysOf(outcome.top)).toEqual(expected);
    expect(outcome.excluded).toBe(byKey.size - expected.length);
    for (const row of outcome.top) expect(row.fewestTrades).toBeGreaterThanOrEqual(30);
  });

  test('per market and per cell, over their own cells alone', async () => {
    const request = manyRequest({ parameters, top: 5, topPerMarket: 4 });
    const byKey = await singleSweeps(request);
    const only = (own: readonly number[]) => new Map([...byKey].map(([key, rows]) => [key, own.map((i) => rows[i]!)]));
    const outcome = await sweepMany(request, cells, manyHost());
    expect(outcome.markets.map(({ market, cells: own }) => [market, own])).toEqual([
      ['M0', [0, 1]],
      ['M1', [2, 3]],
      ['M2', [4, 5]],
    ]);
    for (const { cells: own, top } of outcome.markets) {
      expect(keysOf(top)).toEqual(bruteForce(only(own), request).slice(0, 4));
    }
    outcome.bestOfCell.forEach((row, i) => {
      expect(row!.variantKey).toBe(bruteForce(only([i]), request)[0]);
    });
  });

  test('with barriers: the shortlist is the best across all cells, and stage B tries it in each of them', async () => {
    const base = await sweepMany(manyRequest({ parameters, top: 6 }), cells, manyHost());
    const request = manyRequest({ parameters, risk, preselect: 6, top: 100 });
    const outcome = await sweepMany(request, cells, manyHost());
    expect(new Set(outcome.top.map((row) => row.indicatorVariantKey))).toEqual(
      new Set(base.top.map((row) => row.indicatorVariantKey)),
    );
    expect(outcome.top).toHaveLength(6 * 6);
    expect(outcome.scored).toBe(base.scored + 36);
    expect(outcome.variants).toBe(base.variants * 6);
    const byKey = await singleSweeps(manyRequest({ parameters, risk }));
    const expected = bruteForce(byKey, request).filter((key) => keysOf(outcome.top).includes(key));
    expect(keysOf(outcome.top)).toEqual(expected);
  });

  test('without a shortlist every combination is tried', async () => {
    const request = manyRequest({ parameters, risk, preselect: 0, top: 400 });
    const outcome = await sweepMany(request, cells, manyHost({ partVariants: 50 }));
    expect(keysOf(outcome.top)).toEqual(bruteForce(await singleSweeps(request), request));
  });
});

describe('what must not change a result does not', () => {
  const request = manyRequest({ parameters, risk, preselect: 7, rank: 'sharpe' });
  const hashOf = async (over: readonly ManyCell[], host: Partial<ManyHost> = {}): Promise<string> =>
    manyResultHash('test', request, over, await sweepMany(request, over, manyHost(host)));

  test('order and names of cells, parts, batches and threads leave the hash alone', async () => {
    const expected = await hashOf(cells);
    expect(await hashOf([...cells].reverse())).toBe(expected);
    expect(await hashOf([3, 0, 5, 1, 4, 2].map((i) => cells[i]!))).toBe(expected);
    expect(await hashOf(cells.map(({ market, window }) => ({ market: `other ${market}`, window })))).toBe(expected);
    for (const partVariants of [1, 7, 1_000_000]) expect(await hashOf(cells, { partVariants })).toBe(expected);
    expect(await hashOf(cells, { batchSize: 3 })).toBe(expected);
  });

  test('the engine that scores, a cell, the rule across and the grouping into markets are part of the hash', async () => {
    const expected = await hashOf(cells);
    expect(await hashOf(cells, { engine: 'normative' })).not.toBe(expected);
    expect(await hashOf(cells.slice(1))).not.toBe(expected);
    expect(await hashOf(cells.map(({ window }, i) => ({ market: `${i}`, window })))).not.toBe(expected);
    const other = { ...request, across: 'worst' as const };
    expect(manyResultHash('test', other, cells, await sweepMany(other, cells, manyHost()))).not.toBe(expected);
  });

  test('the ranking is the same in any order of cells', async () => {
    const one = await sweepMany(request, cells, manyHost());
    const reversed = await sweepMany(request, [...cells].reverse(), manyHost());
    const view = (top: typeof one.top) =>
      top.map(({ rank, variantKey, score, mean, worst }) => ({ rank, variantKey, score, mean, worst }));
    expect(view(reversed.top)).toEqual(view(one.top));
    expect(reversed.top[0]!.cells).toEqual([...one.top[0]!.cells].reverse());
  });

  test('a sample is the same in every cell, and parts of a grid are parts of the whole', async () => {
    const whole = await sweepMany(manyRequest({ parameters, top: 100 }), cells, manyHost());
    const byKey = new Map(whole.top.map((row) => [row.variantKey, row]));
    const drawn = await sweepMany(manyRequest({ parameters, sample: 9, seed: 4, top: 100 }), cells, manyHost());
    expect(drawn.top).toHaveLength(9);
    for (const { rank: _, ...row } of drawn.top) expect(byKey.get(row.variantKey)).toMatchObject(row);
    const first = await sweepMany(manyRequest({ parameters, limit: 20, top: 100 }), cells, manyHost());
    const rest = await sweepMany(manyRequest({ parameters, offset: 20, top: 100 }), cells, manyHost());
    expect(new Set([...keysOf(first.top), ...keysOf(rest.top)])).toEqual(new Set(byKey.keys()));
    expect(first.top.length + rest.top.length).toBe(byKey.size);
  });
});

test('running a row on one cell gives that cell exactly, on the engine that judges', async () => {
  const request = manyRequest({ parameters, risk, direction: 'both', rank: 'sortino' });
  const outcome = await sweepMany(request, cells, manyHost({ engine: 'normative' }));
  for (const row of outcome.top) {
    for (const [i, { window }] of cells.entries()) {
      const { metrics } = runVariant(request, window, row.params, row.risk);
      for (const name of cellMetricNames('sortino')) expect(row.cells[i]![name]).toBe(metrics[name]);
    }
  }
});

test('threads give the same hash', async () => {
  const request = manyRequest({ parameters: { fast: range(2, 20), slow: range(20, 60, 2) }, rank: 'sharpe' });
  const hashOf = async (workers: number): Promise<string> => {
    const pool = createPoolScorer({ workers, strategyRef: { builtIn: 'sma-cross' }, onNote: () => undefined });
    // So short a sweep would be granted one thread.
    const createScorer = (context: ScoringContext) => pool({ ...context, workers });
    return manyResultHash('test', request, cells, await sweepMany(request, cells, manyHost({ createScorer })));
  };
  expect(await hashOf(3)).toBe(await hashOf(1));
});

// The runner: stages, ranking against a full sort, early stops, limits.
import { describe, expect, test } from 'vitest';
import { testCandles, testClock, testHost, testRequest } from '../../test/synthetic-request.ts';
import { createStopSource } from '../core/cancel.ts';
import { compareRanked } from '../core/top-k.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/metrics.ts';
import { choice, range } from '../strategy/parameters.ts';
import { metricsAgree } from './fast-tolerance.ts';
import type { ScoredRow, SweepProgress } from './request.ts';
import { resultHash } from './result-hash.ts';
import { runSweep } from './run-sweep.ts';
import { runVariant } from './run-variant.ts';

const candles = testCandles(2000);
const parameters = { fast: range(3, 8), slow: range(6, 20, 2) };
const risk = { stopLoss: choice(0, 0.005, 0.01), takeProfit: choice(0, 0.01) };

function sortedKeys(rows: readonly ScoredRow[], rank: MetricName, k: number): string[] {
  const sign = METRICS[rank].better === 'higher' ? 1 : -1;
  return rows
    .map((row) => ({ key: row.variantKey, score: (row.metrics[rank] ?? Number.NaN) * sign }))
    .sort(compareRanked)
    .slice(0, k)
    .map((row) => row.key);
}

describe('runSweep', () => {
  test.each<MetricName>(['totalReturn', 'sharpe', 'maxDrawdown', 'trades', 'openTrades', 'profitFactor'])(
    'ranks by %s as a full sort of all rows would',
    async (rank) => {
      const rows: ScoredRow[] = [];
      const request = testRequest('sma-cross', { parameters, rank, top: 7 });
      const outcome = await runSweep(request, testHost(candles, { onRow: (row) => void rows.push(row) }));
      expect(outcome.variants).toBe(rows.length);
      expect(outcome.scored).toBe(rows.length);
      expect(outcome.top.map((row) => row.variantKey)).toEqual(sortedKeys(rows, rank, 7));
      expect(outcome.top.map((row) => row.rank)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    },
  );

  test('stage B expands the shortlist of stage A by the whole risk grid', async () => {
    const base = await runSweep(testRequest('sma-cross', { parameters, top: 5 }), testHost(candles));
    const rows: ScoredRow[] = [];
    const request = testRequest('sma-cross', { parameters, risk, preselect: 5 });
    const outcome = await runSweep(request, testHost(candles, { onRow: (row) => void rows.push(row) }));
    expect(new Set(rows.map((row) => row.indicatorVariantKey))).toEqual(
      new Set(base.top.map((row) => row.indicatorVariantKey)),
    );
    expect(rows).toHaveLength(5 * 6);
    expect(outcome.scored).toBe(base.scored + 30);
    expect(outcome.variants).toBe(base.variants * 6);
    expect(outcome.top.map((row) => row.variantKey)).toEqual(sortedKeys(rows, 'totalReturn', 10));
  });

  test('preselect 0 prunes nothing', async () => {
    const rows: ScoredRow[] = [];
    const request = testRequest('sma-cross', { parameters, risk, preselect: 0 });
    const outcome = await runSweep(request, testHost(candles, { onRow: (row) => void rows.push(row) }));
    expect(rows).toHaveLength(outcome.variants);
    expect(outcome.top.map((row) => row.variantKey)).toEqual(sortedKeys(rows, 'totalReturn', 10));
  });

  test('each ranked row is reproduced by a single run: exactly on the normative engine, closely on the fast one', async () => {
    const request = testRequest('sma-cross', { parameters, risk, direction: 'both' });
    const exact = testHost(candles, { engine: 'normative' });
    const single = (row: ScoredRow) => runVariant(request, exact.window, row.params, row.risk).metrics;
    for (const row of (await runSweep(request, exact)).top) expect(single(row)).toEqual(row.metrics);
    const { top, engine } = await runSweep(request, testHost(candles));
    expect(engine.name).toBe('fast');
    for (const row of top) {
      const apart = METRIC_NAMES.filter((name) => !metricsAgree(name, single(row), row.metrics, 525_600));
      expect(apart).toEqual([]);
    }
  });

  test('random search draws as many variants as asked, without repeats, fixed by the seed', async () => {
    const draw = async (seed: number) => {
      const keys: string[] = [];
      const request = testRequest('sma-cross', { parameters, sample: 12, seed });
      await runSweep(request, testHost(candles, { onRow: (row) => void keys.push(row.variantKey) }));
      return keys;
    };
    const first = await draw(1);
    expect(new Set(first).size).toBe(12);
    expect(await draw(1)).toEqual(first);
    expect(await draw(2)).not.toEqual(first);
  });

  test('reports progress that ends at the total', async () => {
    const seen: SweepProgress[] = [];
    const request = testRequest('sma-cross', { parameters, risk });
    await runSweep(request, testHost(candles, { onProgress: (progress) => void seen.push(progress) }));
    for (const stage of ['A', 'B'] as const) {
      const last = seen.filter((progress) => progress.stage === stage).at(-1)!;
      expect(last.scored).toBe(last.total);
    }
  });
});

describe('an early stop', () => {
  const stopAfter = async (rows: number) => {
    const stop = createStopSource(testClock);
    let seen = 0;
    const host = testHost(candles, { stop, batchSize: 1, onRow: () => void (++seen === rows && stop.cancel()) });
    const request = testRequest('sma-cross', { parameters });
    const outcome = await runSweep(request, host);
    return { outcome, hash: resultHash('test', request, host.window, outcome) };
  };

  test('ranks what was scored, says so, and hashes that', async () => {
    const partial = await stopAfter(9);
    expect(partial.outcome.stopped).toBe('cancelled');
    expect(partial.outcome.scored).toBe(9);
    expect(partial.outcome.top).toHaveLength(9);
    expect((await stopAfter(9)).hash).toBe(partial.hash);
    expect((await stopAfter(10)).hash).not.toBe(partial.hash);
  });

  test('at the deadline before anything was scored yields an empty ranking', async () => {
    const stop = createStopSource(testClock, 0);
    const outcome = await runSweep(testRequest('sma-cross', { parameters }), testHost(candles, { stop }));
    expect(outcome).toMatchObject({ stopped: 'deadline', scored: 0, top: [] });
  });
});

describe('what cannot run is refused before anything is computed', () => {
  const run = (overrides: Parameters<typeof testRequest>[1], bars = 2000, budgetBytes?: number) => {
    const rows: ScoredRow[] = [];
    const host = testHost(testCandles(bars), { budgetBytes, onRow: (row) => void rows.push(row) });
    return runSweep(testRequest('sma-cross', overrides), host).finally(() => expect(rows).toEqual([]));
  };

  test.each([
    ['a grid without a variant', { parameters: { fast: choice(50), slow: choice(20) } }, /none of which satisfies/],
    ['a length of 0', { parameters: { fast: range(0, 5) } }, /at least 1\. Found: 0/],
    ['a fraction of a bar', { parameters: { fast: choice(2.5) } }, /whole number/],
    ['top 0', { top: 0 }, /--top/],
    ['a negative preselect', { preselect: -1 }, /--preselect/],
    ['a sample of 0', { sample: 0 }, /--sample/],
  ])('%s', async (_, overrides, message) => {
    await expect(run(overrides)).rejects.toThrow(message);
  });

  test('too few candles for even the shortest warm-up', async () => {
    await expect(run({ parameters }, 5)).rejects.toThrow(/5 candles; sma-cross has its first value after 6/);
    await expect(runSweep(testRequest('sma-cross', { parameters }), testHost(testCandles(6)))).resolves.toBeDefined();
  });

  test('a budget that cannot hold one variant, with the smallest one that can', async () => {
    const error = await run({ parameters }, 2000, 50 * 2 ** 20).catch((e: Error) => e);
    const wanted = /--memory (\d+)MB/.exec((error as Error).message)![1];
    await expect(
      runSweep(testRequest('sma-cross', { parameters }), testHost(candles, { budgetBytes: Number(wanted) * 2 ** 20 })),
    ).resolves.toMatchObject({ stopped: undefined });
  });
});

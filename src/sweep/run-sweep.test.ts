// The runner: stages, ranking against a full sort, early stops, limits.
import { describe, expect, test } from 'vitest';
import { testCandles, testClock, testHost, testRequest } from '../../test/synthetic-request.ts';
import { createStopSource } from '../core/cancel.ts';
import { dominates } from '../core/pareto-front.ts';
import { compareRanked } from '../core/top-k.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/metrics.ts';
import { choice, range } from '../strategy/parameters.ts';
import type { CheckpointPort } from './checkpoint.ts';
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

  test('a part of a grid of 10^9 points is swept without a list of it, and without room for all of its columns', async () => {
    const large = { fast: range(1, 10_000), slow: range(1, 100_000) };
    const request = testRequest('sma-cross', { parameters: large, offset: 300_000, limit: 200 });
    const outcome = await runSweep(request, testHost(candles));
    // The part begins at fast = 4, and four of its points have a slow average that is not longer.
    expect(outcome.scored).toBe(196);
    expect(outcome.variants).toBe(1e9);
    const sampled = await runSweep(testRequest('sma-cross', { parameters: large, sample: 50 }), testHost(candles));
    expect(sampled.scored).toBe(50);
  });

  test('parts of a grid, each swept alone, hold the rows of the whole', async () => {
    const keysOf = async (part: object) => {
      const keys: string[] = [];
      const request = testRequest('sma-cross', { parameters, ...part });
      await runSweep(request, testHost(candles, { onRow: (row) => void keys.push(row.variantKey) }));
      return keys;
    };
    const parts = [{ limit: 10 }, { offset: 10, limit: 17 }, { offset: 27 }];
    expect((await Promise.all(parts.map(keysOf))).flat()).toEqual(await keysOf({}));
  });

  test('rows that fail a condition are scored and streamed, and not ranked', async () => {
    const rows: ScoredRow[] = [];
    const where = [
      { metric: 'trades', operator: '>=', value: 60 },
      { metric: 'maxDrawdown', operator: '<', value: 0.3 },
    ] as const;
    const request = testRequest('sma-cross', { parameters, where, top: 100 });
    const outcome = await runSweep(request, testHost(candles, { onRow: (row) => void rows.push(row) }));
    const passing = rows.filter(({ metrics }) => metrics.trades! >= 60 && metrics.maxDrawdown! < 0.3);
    expect(passing.length).toBeGreaterThan(3);
    expect(passing.length).toBeLessThan(rows.length - 3);
    expect(outcome.scored).toBe(rows.length);
    expect(outcome.top.map((row) => row.variantKey)).toEqual(sortedKeys(passing, 'totalReturn', 100));
  });

  test('several objectives keep their Pareto front, best in the first objective first', async () => {
    const rows: ScoredRow[] = [];
    const request = testRequest('sma-cross', {
      parameters,
      risk,
      rank: 'totalReturn',
      alsoRank: ['maxDrawdown'],
      preselect: 0,
      top: 50,
    });
    const outcome = await runSweep(request, testHost(candles, { onRow: (row) => void rows.push(row) }));
    const scores = ({ metrics }: { metrics: ScoredRow['metrics'] }) => [metrics.totalReturn!, -metrics.maxDrawdown!];
    const front = rows.filter((row) => !rows.some((other) => dominates(scores(other), scores(row))));
    expect(front.length).toBeGreaterThan(1);
    expect(new Set(outcome.top.map((row) => row.variantKey))).toEqual(new Set(front.map((row) => row.variantKey)));
    const returns = outcome.top.map((row) => row.metrics.totalReturn!);
    expect(returns).toEqual([...returns].sort((a, b) => b - a));
    const single = await runSweep({ ...request, alsoRank: [] }, testHost(candles));
    expect(resultHash('t', request, testHost(candles).window, outcome)).not.toBe(
      resultHash('t', request, testHost(candles).window, single),
    );
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

describe('a checkpoint', () => {
  const memoryPort = () => {
    let saved: string | undefined;
    const port: CheckpointPort = {
      load: () => (saved === undefined ? undefined : JSON.parse(saved)),
      save: (checkpoint) => void (saved = JSON.stringify(checkpoint)),
      clear: () => void (saved = undefined),
    };
    return { engineVersion: 'test', port };
  };

  test.each([
    ['stage A alone', {}],
    ['two stages', { risk, preselect: 7 }],
    ['stage B alone', { risk, preselect: 0 }],
    ['a Pareto front', { risk, preselect: 7, alsoRank: ['sharpe', 'maxDrawdown'] }],
    ['a random search', { sample: 20 }],
  ] as const)('lets a sweep that is stopped again and again end in the same hash: %s', async (_, overrides) => {
    const request = testRequest('sma-cross', { parameters, ...overrides });
    const host = testHost(candles);
    const whole = await runSweep(request, host);
    const checkpoint = memoryPort();
    let scoredTwice = 0;
    let attempts = 0;
    for (;;) {
      // Dies after three more batches: what was taken is kept, the batch in flight is lost.
      const stop = createStopSource(testClock);
      let batches = 0;
      const dying = {
        ...host,
        checkpoint,
        stop,
        batchSize: 3,
        onProgress: () => void (++batches === 3 && stop.cancel()),
      };
      const outcome = await runSweep(request, dying);
      attempts++;
      scoredTwice = outcome.scored - whole.scored;
      if (outcome.stopped !== undefined) continue;
      expect(resultHash('t', request, host.window, outcome)).toBe(resultHash('t', request, host.window, whole));
      break;
    }
    expect(attempts).toBeGreaterThan(2);
    expect(scoredTwice).toBe(0);
    expect(checkpoint.port.load()).toBeUndefined();
  });

  test('of another sweep is refused', async () => {
    const checkpoint = memoryPort();
    const stop = createStopSource(testClock);
    const host = testHost(candles, { checkpoint, stop, batchSize: 2, onProgress: () => stop.cancel() });
    await runSweep(testRequest('sma-cross', { parameters }), host);
    expect(checkpoint.port.load()).toBeDefined();
    const other = testRequest('sma-cross', { parameters, rank: 'sharpe' });
    await expect(runSweep(other, testHost(candles, { checkpoint }))).rejects.toThrow(/another sweep/);
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
    ['a barrier the profile does not have', { profile: 'vectorbt', risk: { timeLimit: choice(0, 10) } }, /time limit/i],
    ['top 0', { top: 0 }, /--top/],
    ['a negative preselect', { preselect: -1 }, /--preselect/],
    ['an objective named twice', { rank: 'sharpe', alsoRank: ['sharpe'] }, /named once/],
    ['a sample and a range', { sample: 5, limit: 5 }, /not both/],
    ['a sample of 0', { sample: 0 }, /--sample/],
  ] as const)('%s', async (_, overrides, message) => {
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

test('a run under a peer profile carries the peer metrics, and the standard ones agree with them', () => {
  const run = (profile: 'close' | 'vectorbt' | 'backtesting.py') =>
    runVariant(
      testRequest('sma-cross', { profile, initialCash: 1e6 }),
      testHost(candles).window,
      { fast: 5, slow: 20 },
      {},
    );
  expect(run('close').profileMetrics).toBeUndefined();
  const { metrics, profileMetrics } = run('vectorbt');
  expect(profileMetrics!['totalReturn']).toBe(metrics.totalReturn);
  expect(profileMetrics!['tradesClosed']).toBe(metrics.trades);
  expect(profileMetrics!['sharpe']).toBeCloseTo(metrics.sharpe!, 9);
  const peer = run('backtesting.py');
  expect(peer.profileMetrics!['equityFinal']).toBe(peer.metrics.finalEquity);
});

// One result, however columns are shared: slots, order of variants, batches, detail, twins, interruptions, completion.
import { describe, expect, test } from 'vitest';
import { createStopSource } from '../../src/core/cancel.ts';
import { createPrng } from '../../src/core/prng.ts';
import { SCALAR_PROVIDER } from '../../src/kernels/scalar-kernels.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import type { CheckpointPort } from '../../src/sweep/checkpoint.ts';
import { createVariantScorer } from '../../src/sweep/engines.ts';
import type { ScoredRow, SweepRequest } from '../../src/sweep/request.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep, type SweepHost } from '../../src/sweep/run-sweep.ts';
import type { ScoreBatches, ScoringContext } from '../../src/sweep/score.ts';
import { testCandles, testClock, testHost, testRequest } from '../synthetic-request.ts';

const candles = testCandles(1500, 9);
const requests: Readonly<Record<string, SweepRequest>> = {
  'two averages': testRequest('sma-cross', { parameters: { fast: range(3, 14), slow: range(10, 40, 2) } }),
  'two stages': testRequest('ema-cross', {
    parameters: { fast: range(3, 9), slow: range(10, 40, 5) },
    risk: { stopLoss: choice(0, 0.004), takeProfit: choice(0, 0.008) },
    preselect: 7,
    direction: 'both',
  }),
  'barriers for all': testRequest('rsi-reversion', {
    parameters: { length: range(5, 12), low: choice(25, 30, 40), high: choice(60) },
    risk: { stopLoss: choice(0, 0.004) },
    preselect: 0,
  }),
  'higher timeframe': testRequest('trend-filter', {
    parameters: { fast: range(4, 8), slow: choice(20, 30), trend: choice(3, 6) },
    rank: 'profitFactor',
  }),
  'several objectives': testRequest('bollinger', {
    parameters: { length: range(8, 20, 3), width: choice(1, 1.5, 2) },
    alsoRank: ['maxDrawdown', 'winRate'],
    where: [{ metric: 'trades', operator: '>=', value: 3 }],
  }),
  'random search': testRequest('macd', {
    parameters: { fast: range(5, 12), slow: range(20, 30), signal: choice(5, 9) },
    sample: 60,
    seed: 4,
    rank: 'winRate',
  }),
};
const COLUMN = 1500 * 8;

/** Several threads in name: everything is answered in a random order, columns as well as batches. */
function shuffled(seed: number, threads = 3): Pick<SweepHost, 'createScorer'> {
  const prng = createPrng(seed);
  const late = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) =>
      setTimeout(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error as Error);
        }
      }, prng.nextBelow(4)),
    );
  return {
    createScorer: async (context: ScoringContext): Promise<ScoreBatches> => {
      const scorer = createVariantScorer(context);
      return {
        concurrency: 2 * threads,
        threads,
        score: (batch) => late(() => scorer.score(batch)),
        computeColumns: scorer.computeColumns && ((tasks) => late(() => scorer.computeColumns!(tasks))),
        stats: scorer.stats,
        close: async () => undefined,
      };
    },
  };
}

async function swept(request: SweepRequest, overrides: Partial<SweepHost> = {}) {
  const host = testHost(candles, { engine: 'fast', ...overrides });
  const outcome = await runSweep(request, host);
  return { outcome, hash: resultHash('test', request, host.window, outcome) };
}

describe.each(Object.entries(requests))('one hash: %s', (_, request) => {
  test('for every number of slots, order, batch size, detail and twin', async () => {
    const { hash, outcome } = await swept(request, { order: 'grid', detail: 'full' });
    expect(outcome.top.length).toBeGreaterThan(1);
    const hosts: Partial<SweepHost>[] = [{}];
    for (const columnBytesMax of [1, 5 * COLUMN, 11 * COLUMN, 1e9]) {
      for (const order of ['grid', 'near'] as const) {
        for (const batchSize of [1, 3, 50, undefined]) hosts.push({ columnBytesMax, order, batchSize });
      }
      for (const detail of ['full', 'least'] as const) {
        hosts.push({ columnBytesMax, detail }, { columnBytesMax, detail, kernels: SCALAR_PROVIDER, batchSize: 4 });
      }
    }
    for (const host of hosts) {
      const found = await swept(request, host);
      const what = JSON.stringify({ ...host, kernels: host.kernels?.name });
      expect(found.hash, what).toBe(hash);
      expect(found.outcome.top, what).toEqual(outcome.top);
    }
  });

  test('for work that is answered in any order', async () => {
    const { hash } = await swept(request);
    for (const seed of [1, 2, 3]) {
      for (const columnBytesMax of [1, 9 * COLUMN, 1e9]) {
        const found = await swept(request, { ...shuffled(seed), columnBytesMax, batchSize: 2 });
        expect(found.hash, `seed ${seed}, ${columnBytesMax} bytes of columns`).toBe(hash);
      }
    }
  });

  test('for a sweep that goes on after a stop with other slots, batches and detail, in the order it began with', async () => {
    const { hash } = await swept(request);
    let saved: string | undefined;
    const port: CheckpointPort = {
      load: () => (saved === undefined ? undefined : JSON.parse(saved)),
      save: (checkpoint) => void (saved = JSON.stringify(checkpoint)),
      clear: () => void (saved = undefined),
    };
    const orders = new Set<string>();
    for (let attempt = 0; ; attempt++) {
      const stop = createStopSource(testClock);
      let batches = 0;
      const found = await swept(request, {
        checkpoint: { engineVersion: 'test', port },
        stop,
        columnBytesMax: [1, 1e9, 7 * COLUMN][attempt % 3]!,
        batchSize: 2 + (attempt % 4),
        detail: (['least', 'full'] as const)[attempt % 2]!,
        order: (['near', 'grid'] as const)[attempt % 2]!,
        onProgress: () => void (++batches === 4 && stop.cancel()),
      });
      if (saved !== undefined) orders.add((JSON.parse(saved) as { order: string }).order);
      expect(attempt).toBeLessThan(200);
      if (found.outcome.stopped !== undefined) continue;
      expect(attempt).toBeGreaterThan(1);
      expect(found.hash).toBe(hash);
      break;
    }
    expect([...orders]).toEqual(['near']);
  });
});

describe('what little detail leaves out', () => {
  test('ranked rows are complete all the same', async () => {
    const request = requests['two averages']!;
    const { outcome } = await swept(request, { detail: 'least' });
    for (const { metrics } of outcome.top) {
      expect(metrics.sharpe).not.toBeNull();
      expect(metrics.maxDrawdown).not.toBeNull();
    }
  });

  test('after a stop, too', async () => {
    const stop = createStopSource(testClock);
    const onProgress = () => stop.cancel();
    const { outcome } = await swept(requests['two averages']!, { detail: 'least', stop, onProgress, batchSize: 8 });
    expect(outcome.stopped).toBe('cancelled');
    expect(outcome.top.length).toBeGreaterThan(0);
    for (const { metrics } of outcome.top) expect(metrics.maxDrawdown).not.toBeNull();
  });

  test('streamed rows are complete and in grid order', async () => {
    const rows: ScoredRow[] = [];
    const request = requests['two averages']!;
    await swept(request, { columnBytesMax: 1, onRow: (row) => void rows.push(row) });
    const straight: ScoredRow[] = [];
    await swept(request, { detail: 'full', order: 'grid', batchSize: 1, onRow: (row) => void straight.push(row) });
    expect(rows).toEqual(straight);
  });

  test('a sample of rows is all of them, complete, unless they are many; then a share of them', async () => {
    const request = requests['two averages']!;
    const sampleOf = async (most: number) => {
      const rows: ScoredRow[] = [];
      const shares = new Set<number>();
      const onRow = (row: ScoredRow, every: number) => {
        rows.push(row);
        shares.add(every);
      };
      const { outcome } = await swept(request, { rowSample: { most, onRow } });
      return { rows, shares: [...shares], scored: outcome.scored };
    };
    const all = await sampleOf(100);
    expect(all.rows).toHaveLength(all.scored);
    expect(all.shares).toEqual([1]);
    for (const { metrics } of all.rows) expect(metrics.maxDrawdown).not.toBeNull();
    const some = await sampleOf(10);
    expect(some.shares).toEqual([Math.ceil(some.scored / 10)]);
    expect(some.rows.length).toBeGreaterThan(3);
    expect(some.rows.length).toBeLessThan(30);
    expect((await sampleOf(10)).rows).toEqual(some.rows);
  });
});

test('in the near order of a tight budget few columns are computed again', async () => {
  const request = testRequest('sma-cross', { parameters: { fast: range(2, 41), slow: range(50, 89) } });
  const computed = async (overrides: Partial<SweepHost>) =>
    (await swept(request, { columnBytesMax: 24 * COLUMN, ...overrides })).outcome.plan.columnsComputed;
  const near = await computed({ order: 'near' });
  expect(await computed({ order: 'grid' })).toBeGreaterThan(1600);
  expect(near).toBeLessThan(350);
});

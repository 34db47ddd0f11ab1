// The turbo pool on real threads: one answer for any number of workers and any batch, workers that are replaced, setups.
import { afterEach, describe, expect, test } from 'vitest';
import { NEVER_STOP } from '../../src/core/cancel.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { strategyIdentity } from '../../src/pool/strategy-identity.ts';
import { BUILT_IN_STRATEGIES } from '../../src/strategy/builtin/index.ts';
import { hasFailed, type TrialSpec } from '../../src/trials/trial.ts';
import { createTrialScorer } from '../../src/trials/trial-scorer.ts';
import { testCandles } from '../synthetic-request.ts';
import { closePools, run, testExecution, testPool, testSetup, textOf } from './turbo-fixtures.ts';

afterEach(closePools);

const markets = { BTC: testCandles(4000, 3), ETH: testCandles(3000, 4) };
const cells = [{ market: 'BTC' }, { market: 'ETH' }, { market: 'BTC', fromMs: markets.BTC.time[1500]! }];
const specs: readonly TrialSpec[] = Array.from({ length: 120 }, (_, i) => ({
  cell: i % 3,
  parameters: { fast: 3 + (i % 11), slow: 20 + (i % 17) },
  barriers: i % 4 === 0 ? { stopLoss: 0.005 + i / 10_000, takeProfit: 0.02 } : {},
}));

describe('outcomes', () => {
  test.each(['close', 'freqtrade'] as const)(
    'under %s they have the same bits for 1, 2, 3 and 4 workers, any batch size and the calling thread',
    async (profile) => {
      const execution = testExecution(profile);
      const strategy = BUILT_IN_STRATEGIES['sma-cross']!;
      const candlesOf = (market: string) => markets[market as keyof typeof markets];
      const here = createTrialScorer({ strategy, execution, cells, candlesOf, cacheBytes: 1e8 });
      const expected = textOf(here.score(specs));
      expect(here.score(specs).some(hasFailed)).toBe(false);
      for (const [workers, batchSize] of [
        [1, undefined],
        [2, 1],
        [3, 7],
        [4, 120],
      ] as const) {
        const pool = testPool({ workers, batchSize });
        const identity = strategyIdentity(strategy);
        const trials = await pool.open(testSetup({ builtIn: 'sma-cross' }, { execution, cells, markets, identity }));
        const heard: string[] = new Array(specs.length);
        const outcomes = await trials.run(specs, {
          stop: NEVER_STOP,
          onOutcome: (index, outcome) => void (heard[index] = JSON.stringify(outcome)),
        });
        expect(textOf(outcomes)).toEqual(expected);
        expect(heard).toEqual(expected);
        await pool.close();
      }
    },
  );

  test('a trial on a cell that is not there, or without a parameter, fails alone', async () => {
    const trials = await testPool().open(testSetup({ builtIn: 'sma-cross' }, { cells, markets }));
    const odd = [
      { ...specs[0]!, cell: 9 },
      specs[1]!,
      { ...specs[2]!, parameters: { fast: 3 } },
      { ...specs[3]!, parameters: { ...specs[3]!.parameters, third: 1 } },
    ];
    const outcomes = await run(trials, odd);
    expect(outcomes.map(hasFailed)).toEqual([true, false, true, true]);
    expect(outcomes.map((outcome) => (hasFailed(outcome) ? outcome.code : ''))).toEqual([
      'REQUEST_INVALID',
      '',
      'GRID_INVALID',
      'GRID_INVALID',
    ]);
  });
});

describe('workers', () => {
  test('one that has done its runs is replaced while the pool keeps its strength', async () => {
    const pool = testPool({ workers: 2, recycleAfterRuns: 20, batchSize: 5 });
    const trials = await pool.open(testSetup({ builtIn: 'sma-cross' }, { cells, markets }));
    const expected = textOf(await run(trials, specs));
    const online = new Set<number>();
    // On a busy machine a successor takes several rounds to start.
    for (let n = 0; n < 6 || (n < 200 && pool.status().workers.recycled < 4); n++) {
      const running = run(trials, specs);
      while (await Promise.race([running.then(() => false), new Promise((resolve) => setTimeout(resolve, 2, true))])) {
        online.add(pool.status().workers.online);
      }
      expect(textOf(await running)).toEqual(expected);
    }
    const { workers, memory } = pool.status();
    expect(workers.recycled).toBeGreaterThanOrEqual(4);
    expect(workers.restarted).toBe(0);
    expect([...online]).toEqual([2]);
    expect(memory.workers.length).toBeLessThanOrEqual(3);
    for (const { runs, heapBytes, externalBytes } of memory.workers) {
      if (runs === 0) continue;
      expect(heapBytes).toBeGreaterThan(1e6);
      expect(externalBytes).toBeGreaterThanOrEqual(0);
    }
  });

  test('one whose memory is above the bound is replaced, one below it is not', async () => {
    for (const [recycleWorkerMb, isRecycled] of [
      [1, true],
      [4000, false],
    ] as const) {
      const pool = testPool({ workers: 1, recycleWorkerMb });
      const trials = await pool.open(testSetup({ builtIn: 'sma-cross' }, { cells, markets }));
      await run(trials, specs);
      await run(trials, specs);
      if (isRecycled) await expect.poll(() => pool.status().workers.recycled, { timeout: 10_000 }).toBeGreaterThan(0);
      else expect(pool.status().workers.recycled).toBe(0);
      await pool.close();
    }
  });
});

describe('setups', () => {
  test('many at once share the workers, also more than one worker holds, and each keeps its own outcomes', async () => {
    const pool = testPool({ workers: 2 });
    const names = ['sma-cross', 'macd', 'bollinger'];
    const count = LIMITS.workerSetupsMax + 4;
    const opened = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const strategy = BUILT_IN_STRATEGIES[names[i % 3]!]!;
        const parameters = Object.fromEntries(
          Object.entries(strategy.parameters).map(([name, axis]) => [name, axis.values[0]!]),
        );
        const own = [0, 1, 2].map((cell) => ({ cell, parameters, barriers: {} }));
        const setup = testSetup({ builtIn: strategy.name }, { cells, markets });
        const here = createTrialScorer({
          ...setup,
          strategy,
          candlesOf: (market) => setup.markets[market]!,
          cacheBytes: 1e8,
        });
        return { trials: await pool.open(setup), own, expected: textOf(here.score(own)) };
      }),
    );
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.all(opened.map(({ trials, own }) => run(trials, own)));
      expect(outcomes.map(textOf)).toEqual(opened.map(({ expected }) => expected));
    }
    const [first, second] = opened;
    await first!.trials.close();
    await expect(run(first!.trials, first!.own)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(textOf(await run(second!.trials, second!.own))).toEqual(second!.expected);
  });

  test('after close a pool refuses, and what ran is refused too', async () => {
    const pool = testPool({ workers: 2 });
    const trials = await pool.open(testSetup({ builtIn: 'sma-cross' }, { cells, markets }));
    const running = run(trials, Array.from({ length: 50 }, () => specs).flat());
    const refused = expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await pool.close();
    await refused;
    await expect(run(trials, specs)).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(pool.open(testSetup({ builtIn: 'sma-cross' }))).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test.each([
  [{ workers: 0 }, '--workers'],
  [{ workers: 1.5 }, '--workers'],
  [{ workers: LIMITS.workersMax + 1 }, '--workers'],
  [{ batchSize: 0 }, '--batch-size'],
  [{ batchSize: LIMITS.batchTrialsMax + 1 }, '--batch-size'],
])('%j is refused by name', (options, name) => {
  expect(() => testPool(options)).toThrow(name);
});

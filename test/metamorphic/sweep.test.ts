// What must not change a result, and what must: relations between whole sweeps.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import type { Candles } from '../../src/market/candles.ts';
import { createCandles } from '../../src/market/candles.ts';
import { resampleCandles } from '../../src/market/resample.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import type { ProfileName } from '../../src/simulate/profiles.ts';
import { BUILT_IN_STRATEGIES } from '../../src/strategy/builtin/index.ts';
import { type Axis, choice, range } from '../../src/strategy/parameters.ts';
import { createVariantScorer } from '../../src/sweep/engines.ts';
import type { ScoredRow, SweepOutcome } from '../../src/sweep/request.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import type { ScoreBatches, ScoringContext } from '../../src/sweep/score.ts';
import { createWindow } from '../../src/sweep/window.ts';
import { testCandles, testHost, testRequest } from '../synthetic-request.ts';

const candles = testCandles(3000, 3);
const small: Readonly<Record<string, Readonly<Record<string, Axis>>>> = {
  'sma-cross': { fast: range(3, 7, 2), slow: range(10, 30, 10) },
  'ema-cross': { fast: range(3, 7, 2), slow: range(10, 30, 10) },
  'rsi-reversion': { length: choice(7, 14), low: choice(30, 40), high: choice(60) },
  bollinger: { length: choice(10, 20), width: choice(1, 2) },
  macd: { fast: choice(6, 12), slow: choice(26), signal: choice(5, 9) },
  donchian: { length: choice(20, 40), exitLength: choice(10, 20) },
  supertrend: { length: choice(7, 14), multiplier: choice(1, 2) },
  'trend-filter': { fast: choice(5), slow: choice(20, 30), trend: choice(3, 6) },
};
const risk = { stopLoss: choice(0, 0.004), takeProfit: choice(0, 0.008), trailingStop: choice(0, 0.003) };

async function hashOf(over: Candles, overrides: Parameters<typeof testRequest>[1], strategy = 'sma-cross', host = {}) {
  const request = testRequest(strategy, { parameters: small[strategy]!, ...overrides });
  const full = testHost(over, host);
  const outcome = await runSweep(request, full);
  return { hash: resultHash('test', request, full.window, outcome), outcome };
}

const returns = (outcome: SweepOutcome) => outcome.top.map((row) => [row.variantKey, row.metrics.totalReturn]);

describe('one hash', () => {
  test.each(Object.keys(small))('%s: twice, and for any batch size', async (strategy) => {
    const first = await hashOf(candles, { risk, direction: 'both' }, strategy);
    expect(
      first.outcome.top.some((row) => (row.metrics.trades ?? 0) > 3),
      'the case trades',
    ).toBe(true);
    for (const batchSize of [1, 2, 7, 1000]) {
      expect((await hashOf(candles, { risk, direction: 'both' }, strategy, { batchSize })).hash).toBe(first.hash);
    }
  });

  test('for a cache that holds nothing', async () => {
    const roomy = await hashOf(candles, { risk });
    const tight = await hashOf(candles, { risk }, 'sma-cross', { columnBytesMax: 1, batchSize: 1 });
    expect(tight.outcome.plan.columnsComputed).toBeGreaterThan(roomy.outcome.plan.columnsComputed);
    expect(tight.hash).toBe(roomy.hash);
  });

  test('changes with anything a result is a function of', async () => {
    const base = await hashOf(candles, { risk });
    const others = await Promise.all([
      hashOf(testCandles(3000, 4), { risk }),
      hashOf(candles, { risk, direction: 'both' }),
      hashOf(candles, { risk, costs: { feeRate: 0.002, fixedFee: 0, slippage: 0 } }),
      hashOf(candles, { risk, initialCash: 1000 }),
      hashOf(candles, { risk, profile: 'next-open' }),
      hashOf(candles, { risk, rank: 'sharpe' }),
      hashOf(candles, { risk, top: 9 }),
      hashOf(candles, { risk, preselect: 4 }),
      hashOf(candles, { risk, strategyHash: 'other' }),
      hashOf(candles, { risk: { stopLoss: choice(0, 0.004) } }),
    ]);
    expect(new Set([base, ...others].map(({ hash }) => hash)).size).toBe(others.length + 1);
  });
});

describe('relations', () => {
  const profiles: ProfileName[] = ['close', 'next-open', 'vectorbt'];

  test.each(profiles)('M9 (%s): barriers that are off give stage A per variant, bit for bit', async (profile) => {
    const a = await hashOf(candles, { profile, top: 100 });
    const b = await hashOf(candles, { profile, top: 100, risk: { stopLoss: choice(0) }, preselect: 0 });
    expect(b.outcome.top).toEqual(a.outcome.top);
  });

  test('M10: permuted axes, shuffled values and split grids give the same scores per variant', async () => {
    const prng = createPrng(20251120);
    const all = await hashOf(candles, { top: 100, parameters: { fast: choice(3, 5, 7), slow: choice(10, 20, 30) } });
    const shuffled = [30, 10, 20].sort(() => prng.next() - 0.5);
    const strategy = BUILT_IN_STRATEGIES['sma-cross']!;
    const { fast, slow } = strategy.parameters as { fast: Axis; slow: Axis };
    const swapped = { ...strategy, parameters: { slow, fast } };
    const permuted = await hashOf(candles, {
      strategy: swapped,
      top: 100,
      parameters: { slow: choice(...shuffled), fast: choice(7, 3, 5) },
    });
    expect(returns(permuted.outcome)).toEqual(returns(all.outcome));
    const halves = await Promise.all(
      [choice(10, 20), choice(30)].map((half) =>
        hashOf(candles, { top: 100, parameters: { fast: choice(3, 5, 7), slow: half } }),
      ),
    );
    const merged = halves.flatMap(({ outcome }) => returns(outcome));
    expect(new Map(merged as [string, number][])).toEqual(new Map(returns(all.outcome) as [string, number][]));
  });

  test('M13: a window gives the same alone as after a longer history that it does not trade', async () => {
    const cut = 1500;
    const head = testHost(candles, {
      window: createWindow(candles, { fromMs: candles.time[500]!, toMs: candles.time[cut]! }),
    });
    const shorter = createWindow(
      createCandles(candles.timeframe, {
        time: candles.time.slice(0, cut),
        open: candles.open.slice(0, cut),
        high: candles.high.slice(0, cut),
        low: candles.low.slice(0, cut),
        close: candles.close.slice(0, cut),
        volume: candles.volume.slice(0, cut),
      }),
      { fromMs: candles.time[500]! },
    );
    const request = testRequest('sma-cross', { parameters: small['sma-cross']! });
    const a = await runSweep(request, head);
    const b = await runSweep(request, { ...head, window: shorter });
    expect(resultHash('t', request, shorter, b)).toBe(resultHash('t', request, head.window, a));
  });

  test('M14: resampling first and sweeping then equals sweeping the higher timeframe', async () => {
    const five = resampleCandles(candles, parseTimeframe('5m'));
    const again = resampleCandles(five, parseTimeframe('5m'));
    expect((await hashOf(again, {})).hash).toBe((await hashOf(five, {})).hash);
    const hourlyTwice = resampleCandles(resampleCandles(candles, parseTimeframe('15m')), parseTimeframe('1h'));
    const hourlyOnce = resampleCandles(candles, parseTimeframe('1h'));
    const hourly = { parameters: { fast: choice(2), slow: choice(3, 4, 5) } };
    expect(returns((await hashOf(hourlyTwice, hourly)).outcome)).toEqual(
      returns((await hashOf(hourlyOnce, hourly)).outcome),
    );
  });

  test('M7: higher costs never raise a return and strictly lower it where there are trades', async () => {
    const free = await hashOf(candles, { top: 100, costs: { feeRate: 0, fixedFee: 0, slippage: 0 } });
    const dear = await hashOf(candles, { top: 100, costs: { feeRate: 0.001, fixedFee: 0, slippage: 0.0005 } });
    const before = new Map(free.outcome.top.map((row) => [row.variantKey, row.metrics]));
    for (const row of dear.outcome.top) {
      const base = before.get(row.variantKey)!;
      expect(row.metrics.trades).toBe(base.trades);
      expect(row.metrics.totalReturn!).toBeLessThan(base.totalReturn!);
    }
  });
});

describe('order of work', () => {
  test('batches that are scored and answered in a shuffled order give the same hash and the same rows', async () => {
    const reference: string[] = [];
    const straight = await hashOf(candles, { risk }, 'ema-cross', {
      batchSize: 1,
      onRow: (row: ScoredRow) => void reference.push(row.variantKey),
    });
    for (const seed of [1, 2, 3]) {
      const prng = createPrng(seed);
      const rows: string[] = [];
      const shuffled = await hashOf(candles, { risk }, 'ema-cross', {
        batchSize: 1,
        onRow: (row: ScoredRow) => void rows.push(row.variantKey),
        createScorer: async (context: ScoringContext): Promise<ScoreBatches> => {
          const scorer = createVariantScorer(context);
          return {
            concurrency: 6,
            score: async (batch) => {
              await new Promise((resolve) => setTimeout(resolve, prng.nextBelow(8)));
              return scorer.score(batch);
            },
            computeColumns: async (tasks) => {
              await new Promise((resolve) => setTimeout(resolve, prng.nextBelow(8)));
              scorer.computeColumns!(tasks);
            },
            stats: scorer.stats,
            close: async () => undefined,
          };
        },
      });
      expect(shuffled.hash, `seed ${seed}`).toBe(straight.hash);
      expect(rows, `seed ${seed}`).toEqual(reference);
    }
  });
});

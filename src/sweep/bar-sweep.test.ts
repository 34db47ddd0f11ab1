// Bar strategies in everything that runs strategies: stages, ranking, reproduction, plan, warm-up, errors.
import { describe, expect, test } from 'vitest';
import { testCandles, testHost, testRequest } from '../../test/synthetic-request.ts';
import { type AppError, isAppError } from '../core/errors.ts';
import { defineBarStrategy } from '../strategy/bar-strategy.ts';
import { candles as base, close, crossAbove, on } from '../strategy/expression.ts';
import { atr, sma } from '../strategy/indicator-expressions.ts';
import { choice, range } from '../strategy/parameters.ts';
import { createGrid } from './grid.ts';
import { planSweep } from './plan.ts';
import type { ScoredRow } from './request.ts';
import { resultHash } from './result-hash.ts';
import { runSweep } from './run-sweep.ts';
import { runVariant } from './run-variant.ts';
import { warmUpBars } from './warm-up.ts';
import { createWindow } from './window.ts';

const candles = testCandles(2_000);

/** Enters on a crossing, now and then: by a draw of its own. */
const drawing = defineBarStrategy({
  name: 'drawing',
  parameters: { fast: range(3, 6), slow: range(8, 20, 4) },
  constraint: (p) => p.fast < p.slow,
  init: ({ parameters: p, condition, column }) => ({
    up: condition(crossAbove(sma(close, p.fast), sma(close, p.slow))),
    range: column(atr(base, 14)),
  }),
  onBar: (context, state) => {
    const draw = context.random();
    if (state.up.at() && draw < 0.8) context.buy({ fraction: 0.2 + 0.5 * draw, tag: draw < 0.4 ? 'a' : 'b' });
    else if (draw < 0.02) context.exitAll();
  },
});

const risk = { stopLoss: choice(0, 0.005, 0.01), takeProfit: choice(0, 0.01) };
const request = (overrides: object = {}) => testRequest('sma-cross', { strategy: drawing, ...overrides });

describe('a sweep of a bar strategy', () => {
  test('tries barriers on the best of stage A, and reproduces every row exactly by a single run', async () => {
    const rows: ScoredRow[] = [];
    const asked = request({ risk, preselect: 3 });
    const host = testHost(candles, { onRow: (row) => void rows.push(row) });
    const outcome = await runSweep(asked, host);
    expect(rows).toHaveLength(3 * 6);
    expect(outcome).toMatchObject({ scored: 16 + 18, engine: { name: 'normative' } });
    const exits = new Set<string>();
    for (const row of rows) {
      const run = runVariant(asked, host.window, row.params, row.risk);
      expect(run.metrics).toEqual(row.metrics);
      expect(run.signals).toBeUndefined();
      for (const { exitReason } of run.simulation.trades) exits.add(exitReason);
    }
    expect([...exits].sort()).toEqual(['open', 'signal', 'stop-loss', 'take-profit']);
  });

  test('draws other numbers for other variants, and the same for the same', async () => {
    const window = createWindow(candles);
    const run = (fast: number, barriers = {}) => runVariant(request(), window, { fast, slow: 12 }, barriers).metrics;
    expect(run(3)).toEqual(run(3));
    const spread = new Set([run(3), run(3, { stopLoss: 0.9 }), run(3, { stopLoss: 0.95 })].map((m) => m.totalReturn));
    expect(spread.size).toBe(3);
  });

  test('has one hash for any size of batches and any room for columns', async () => {
    const hash = async (host: object) => {
      const asked = request({ risk });
      const hosted = testHost(candles, host);
      return resultHash('x', asked, hosted.window, await runSweep(asked, hosted));
    };
    const first = await hash({});
    expect(await hash({ batchSize: 1 })).toBe(first);
    expect(await hash({ batchSize: 5, columnBytesMax: 1 })).toBe(first);
  });

  test('ranks only rows that meet the conditions', async () => {
    const all = await runSweep(request({ top: 50 }), testHost(candles));
    const least = all.top[8]!.metrics.trades!;
    const where = [{ metric: 'trades', operator: '>', value: least }] as const;
    const some = await runSweep(request({ top: 50, where }), testHost(candles));
    expect(some.top.map(({ variantKey }) => variantKey)).toEqual(
      all.top.filter(({ metrics }) => metrics.trades! > least).map(({ variantKey }) => variantKey),
    );
  });

  test('shares columns between variants: each different one is computed once', async () => {
    const { plan } = await runSweep(request(), testHost(candles));
    // 4 fast and 4 slow averages, one range.
    expect(plan).toMatchObject({ distinctColumns: 9, columnsComputed: 9 });
  });

  test('is planned by what init declares, longer timeframes included', () => {
    const strategy = defineBarStrategy({
      name: 'longer',
      parameters: { length: choice(5, 10, 20), unused: choice(1, 2) },
      init: ({ parameters: p, column }) => column(sma(on('5m').close, p.length)),
      onBar: () => undefined,
    });
    const grid = createGrid({ strategy, arithmetic: 'standard' });
    expect(planSweep(strategy, grid, createWindow(candles)).distinctColumns).toBe(3);
    expect(warmUpBars(strategy, 'standard', { length: 10, unused: 1 }, candles.timeframe)).toBe(45);
  });

  test.each(['vectorbt', 'backtesting.py', 'freqtrade'] as const)(
    'is refused under %s before work begins',
    async (profile) => {
      await expect(runSweep(request({ profile }), testHost(candles))).rejects.toThrow(/close and next-open/);
    },
  );

  test('with fewer candles than its warm-up is refused', async () => {
    const short = testHost(testCandles(7));
    await expect(runSweep(request(), short)).rejects.toMatchObject({ code: 'HISTORY_TOO_SHORT' });
  });

  test('reads history before the window, and counts bars from its start', () => {
    const window = createWindow(candles, { fromMs: candles.time[500]! });
    const seen: number[] = [];
    const strategy = defineBarStrategy({
      name: 'looking-back',
      parameters: {},
      init: ({ column }) => column(sma(close, 400)),
      onBar: (context, average) => {
        if (context.bar === 0) seen.push(average.at(), context.candles.close.at(500), context.timeMs);
      },
    });
    runVariant({ ...request(), strategy }, window, {}, {});
    expect(seen[0]).toBeGreaterThan(0);
    expect(seen.slice(1)).toEqual([candles.close[0], candles.time[500]]);
  });
});

describe('an error', () => {
  const window = createWindow(candles);
  const run = (parts: object) => {
    const strategy = defineBarStrategy({
      name: 'failing',
      parameters: { length: choice(7) },
      init: () => undefined,
      onBar: () => undefined,
      ...parts,
    });
    return runVariant({ ...request(), strategy }, window, { length: 7 }, {});
  };
  const message = (parts: object): string => {
    try {
      run(parts);
    } catch (error) {
      expect(isAppError(error)).toBe(true);
      return `${(error as AppError).code}: ${(error as AppError).message}`;
    }
    return 'nothing thrown';
  };

  test('in onBar names strategy, parameters, bar and time', () => {
    const onBar = ({ bar }: { bar: number }): void => {
      if (bar === 61) throw new RangeError('no such luck');
    };
    expect(message({ onBar })).toMatch(
      /^STRATEGY_FAILED: .*onBar of failing at bar 61 \(2025-01-01T01:01:00.000Z\) for \{"length":7\}: it threw RangeError: no such luck/,
    );
  });

  test('in init names strategy and parameters', () => {
    const init = () => {
      throw new Error('not today');
    };
    expect(message({ init })).toMatch(
      /^STRATEGY_FAILED: .*init of failing for \{"length":7\}: it threw Error: not today/,
    );
  });

  test.each([
    [
      'a misspelt parameter',
      { init: ({ parameters }: { parameters: { lenght: number } }) => parameters.lenght },
      /"lenght"/,
    ],
    ['an async onBar', { onBar: async () => undefined }, /promise/],
    ['an async init', { init: async () => undefined }, /promise/],
    ['a misspelt member', order({ stoploss: 0.1 }), /"stoploss"/],
    ['a price that is NaN', order({ limit: Number.NaN }), /limit must be above 0/],
    ['a share of 1', order({ stopLoss: 1 }), /stopLoss must be/],
    ['a fraction above 1', order({ fraction: 2 }), /fraction must be/],
    ['two sizes', order({ units: 1, notional: 1 }), /one size/],
    ['half a bar', order({ limit: 1, expireAfter: 0.5 }), /expireAfter/],
    ['a market order that expires', order({ expireAfter: 2 }), /waits/],
    ['a share to reduce by', order({ reduceOnly: true, fraction: 0.5 }), /takes units/],
    ['a tag that is no text', order({ tag: 7 }), /tag is a text/],
    ['a bad length', { init: ({ column }: { column: (c: object) => unknown }) => column(sma(close, 0)) }, /length/],
  ] as const)('is what %s makes', (_, parts, words) => {
    expect(message(parts)).toMatch(words);
  });

  test.each([
    ['no onBar', { onBar: undefined }],
    ['no init', { init: 3 }],
    ['a bad name', { name: 'Bad Name' }],
    ['an axis that is none', { parameters: { length: 5 } }],
  ] as const)('is made at once of %s', (_, parts) => {
    expect(message(parts)).toMatch(/^STRATEGY_INVALID/);
  });
});

function order(asked: object): object {
  return { onBar: (context: { buy: (order: object) => void }) => context.buy(asked) };
}

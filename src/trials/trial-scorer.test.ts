// Tests of scoring trials: the numbers of a run alone, whatever they are scored with, and failures that stay alone.
import { expect, test } from 'vitest';
import { controllerStrategy } from '../controllers/controller-strategy.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { PROFILES } from '../simulate/profiles.ts';
import { defineBarStrategy } from '../strategy/bar-strategy.ts';
import { BUILT_IN_STRATEGIES } from '../strategy/builtin/index.ts';
import { choice } from '../strategy/parameters.ts';
import { defineStrategy } from '../strategy/strategy.ts';
import { runVariant } from '../sweep/run-variant.ts';
import { createWindow } from '../sweep/window.ts';
import { hasFailed, type TrialSpec } from './trial.ts';
import { createTrialScorer } from './trial-scorer.ts';

const candles = syntheticCandles({
  seed: 5,
  timeframe: parseTimeframe('1m'),
  barCount: 3000,
  startTime: 1_700_000_040_000,
  startPrice: 100,
});
const profile = PROFILES.close;
const execution = { profile, ...profile.defaults, calendar: 'continuous' as const };
const middle = candles.time[1000]!;
const cells = [{ market: 'a' }, { market: 'a', fromMs: middle }];
const spec = (cell: number, fast: number, stopLoss?: number): TrialSpec => ({
  cell,
  parameters: { fast, slow: 60 },
  barriers: stopLoss === undefined ? {} : { stopLoss },
});

test.each(['close', 'freqtrade'] as const)(
  'under %s, trials in any company have the metrics of a run alone',
  (name) => {
    const strategy = BUILT_IN_STRATEGIES['sma-cross']!;
    const setup = { ...execution, profile: PROFILES[name], closeAtEnd: PROFILES[name].defaults.closeAtEnd };
    const scorer = createTrialScorer({ strategy, execution: setup, cells, candlesOf: () => candles, cacheBytes: 1e8 });
    const trials = [spec(0, 5), spec(1, 5), spec(0, 8, 0.01), spec(0, 9), spec(1, 12, 0.01)];
    for (const [n, outcome] of scorer.score(trials).entries()) {
      const { cell, parameters, barriers } = trials[n]!;
      const window = createWindow(candles, cells[cell]);
      const { metrics } = runVariant({ ...setup, strategy }, window, parameters, barriers);
      if (hasFailed(outcome)) throw new Error(outcome.error);
      expect(outcome.metrics.trades).toBe(metrics.trades);
      expect(outcome.metrics.totalReturn).toBeCloseTo(metrics.totalReturn!, 9);
      expect(outcome.metrics.sharpe).toBeCloseTo(metrics.sharpe!, 9);
    }
  },
);

test('a trial that throws fails alone', () => {
  const strategy = defineStrategy({
    name: 'throws-at-two',
    parameters: { n: choice(1, 2, 3) },
    compute: ({ barCount }, { n }) => {
      if (n === 2) throw new Error('two');
      return new Int8Array(barCount).fill(1);
    },
  });
  const scorer = createTrialScorer({ strategy, execution, cells, candlesOf: () => candles, cacheBytes: 1e8 });
  const outcomes = scorer.score([1, 2, 3].map((n) => ({ cell: 0, parameters: { n }, barriers: {} })));
  expect(outcomes.map(hasFailed)).toEqual([false, true, false]);
  expect(outcomes[1]).toMatchObject({ code: 'STRATEGY_FAILED', error: expect.stringContaining('two') });
});

test('a bar strategy that throws at some bar fails alone, and the others are runs of their own', () => {
  const strategy = defineBarStrategy({
    name: 'throws-later',
    parameters: { n: choice(1, 2, 3) },
    init: ({ random }) => random(),
    onBar: (context, draw) => {
      if (context.parameters.n === 2 && context.bar === 70) throw new Error('two');
      if (context.bar === 10 * context.parameters.n) context.buy({ fraction: 0.1 + 0.5 * draw });
    },
  });
  const scorer = createTrialScorer({ strategy, execution, cells, candlesOf: () => candles, cacheBytes: 1e8 });
  const outcomes = scorer.score([1, 2, 3].map((n) => ({ cell: 0, parameters: { n }, barriers: {} })));
  expect(outcomes.map(hasFailed)).toEqual([false, true, false]);
  expect(outcomes[1]).toMatchObject({ code: 'STRATEGY_FAILED', error: expect.stringContaining('bar 70') });
  const { metrics } = runVariant({ ...execution, strategy }, createWindow(candles), { n: 3 }, {});
  expect(outcomes[2]).toMatchObject({ metrics });
});

test("a controller's trials hold its own figures when they are asked for, and the same standard metrics without", () => {
  const controller = PROFILES['hummingbot-corrected'];
  const setup = { ...execution, ...controller.defaults, profile: controller };
  const strategy = controllerStrategy({ controller_name: 'bollinger_v1', total_amount_quote: 1000, bb_length: 20 });
  const outcomeOf = (ownMetrics: boolean) => {
    const options = { strategy, execution: setup, cells, candlesOf: () => candles, cacheBytes: 1e8, ownMetrics };
    return createTrialScorer(options).score([{ cell: 0, parameters: {}, barriers: {} }])[0]!;
  };
  const asked = outcomeOf(true);
  if (hasFailed(asked)) throw new Error(asked.error);
  expect(asked.profileMetrics).toHaveProperty('net_pnl_quote');
  expect(outcomeOf(false)).toEqual({ metrics: asked.metrics });
});

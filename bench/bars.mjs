// Runs per second of a bar strategy over 90 and 360 days of 1-minute candles, on one core: `node bench/bars.mjs`.
import {
  close,
  createWindow,
  defineBarStrategy,
  parseTimeframe,
  profileNamed,
  range,
  runVariant,
  sma,
  syntheticCandles,
} from '../dist/index.js';
import { metricsOf } from '../dist/sweep/score.js';
import { createVariantRunner } from '../dist/sweep/variant-runner.js';

/** Two averages, one position with a stop and a target: the code a trader would write. */
const bracket = defineBarStrategy({
  name: 'bracket',
  parameters: { fast: range(10, 100), slow: range(100, 300) },
  init: ({ parameters, column, position }) => ({
    fast: column(sma(close, parameters.fast)),
    slow: column(sma(close, parameters.slow)),
    position: position(),
  }),
  onBar: (context, { fast, slow, position }) => {
    if (position.side === 0) {
      if (fast.at() > slow.at() && fast.at(1) <= slow.at(1)) context.buy({ stopLoss: 0.005, takeProfit: 0.01 });
    } else if (fast.at() < slow.at()) context.exit();
  },
});

const SECONDS = Number(process.argv[2] ?? 2);
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

for (const [days, target] of [
  [90, 100],
  [360, 25],
]) {
  const candles = syntheticCandles({
    seed: 7,
    timeframe: parseTimeframe('1m'),
    barCount: days * 1440,
    startTime: Date.UTC(2025, 4, 20),
    startPrice: 100_000,
  });
  const window = createWindow(candles);
  const profile = profileNamed('close');
  const costs = { feeRate: 0.0005, fixedFee: 0, slippage: 0.0001 };
  const execution = { profile, ...profile.defaults, costs, calendar: 'continuous' };
  const equity = new Float64Array(candles.barCount);
  const runner = createVariantRunner({ strategy: bracket, execution, window, cacheBytes: 2 ** 30, equity });
  /** As a sweep does it: averages are shared between variants, metrics are taken of each. */
  const score = (i) => {
    runner.select({ fast: 10 + (i % 30), slow: 100 + (i % 40) });
    return metricsOf(runner.run({}), execution, window);
  };
  const alone = runVariant({ ...execution, strategy: bracket }, window, { fast: 10, slow: 100 }, {});
  if (alone.metrics.finalEquity !== score(0).finalEquity) throw new Error('A run alone and one in a row differ.');
  for (let i = 0; i < 120; i++) score(i);
  let best = 0;
  let runs = 0;
  const began = cpuSeconds();
  while (cpuSeconds() - began < SECONDS) {
    const from = cpuSeconds();
    for (let i = 0; i < 10; i++) score(runs++);
    best = Math.max(best, 10 / (cpuSeconds() - from));
  }
  const mean = runs / (cpuSeconds() - began);
  const nanoseconds = 1e9 / (mean * candles.barCount);
  console.log(
    `${days} days, ${candles.barCount} bars: ${mean.toFixed(1)} runs per CPU second (best ten ${best.toFixed(1)}; target ${target}), ` +
      `${nanoseconds.toFixed(1)} ns per bar with metrics, ${alone.simulation.trades.length} trades`,
  );
}

// The difference of two runs names executors, figures and the fixes behind them.
import { expect, test } from 'vitest';
import { CORRECTED, EXACT, minuteCandles, type Row } from '../../test/fixtures/executor-market.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { readControllerConfig } from './controller-config.ts';
import { createControllerMarket } from './controller-market.ts';
import { diffProfiles, diffRuns } from './diff-runs.ts';
import { runController } from './run-controller.ts';

const candles = syntheticCandles({
  seed: 21,
  timeframe: parseTimeframe('1m'),
  barCount: 4000,
  startTime: Date.UTC(2025, 0, 1),
  startPrice: 50_000,
  dailyVolatility: 0.05,
});
const config = readControllerConfig({
  controller_name: 'bollinger_v1',
  interval: '1m',
  bb_length: 30,
  stop_loss: 0.003,
  take_profit: 0.003,
});
const market = createControllerMarket(candles);

test('a run differs from itself in nothing', () => {
  const run = runController(market, config, { tradeCost: 0.0002, fixes: EXACT });
  const diff = diffRuns(run, run);
  expect(diff).toMatchObject({ executors: [], figures: [], effects: [], netPnlQuoteChange: 0 });
  expect(diff.executorsSame).toBe(run.executors.length);
});

test('every difference is counted once, and the changes of P&L add up', () => {
  const diff = diffProfiles(market, config, { tradeCost: 0.0002 });
  const exact = runController(market, config, { tradeCost: 0.0002, fixes: EXACT });
  const corrected = runController(market, config, { tradeCost: 0.0002, fixes: CORRECTED });
  const paired = diff.executors.filter((one) => one.kind === 'changed').length + diff.executorsSame;
  const gone = diff.executors.filter((one) => one.kind === 'only-a').length;
  const added = diff.executors.filter((one) => one.kind === 'only-b').length;
  expect(paired + gone).toBe(exact.executors.length);
  expect(paired + added).toBe(corrected.executors.length);
  const sum = diff.executors.reduce((total, one) => total + one.netPnlQuoteChange, 0);
  expect(sum).toBeCloseTo(diff.netPnlQuoteChange, 8);
});

test('a stop that books a close is traced to its fix', () => {
  const diff = diffProfiles(market, config, { tradeCost: 0.0002 });
  const stops = diff.executors.filter(({ kind, a, b }) => {
    const both = a?.closeType === 'STOP_LOSS' && b?.closeType === 'STOP_LOSS';
    return kind === 'changed' && both && a.closeBar === b.closeBar;
  });
  expect(stops.length).toBeGreaterThan(0);
  for (const stop of stops) expect(stop.causes).toContain('stopPrice');
  expect(diff.effects.map((effect) => effect.fix)).toContain('stopPrice');
  const figures = diff.figures.map((figure) => figure.name);
  expect(figures).toContain('sharpe_ratio');
});

test('an entry-bar stop is traced to entryBarScan', () => {
  // One long signal whose bar had dipped before it closed.
  const flat: Row = [100, 100.1, 99.9, 100];
  const rows: Row[] = Array.from({ length: 30 }, (_, i): Row => (i % 2 === 0 ? flat : [100, 100.2, 99.8, 100.05]));
  rows.push([100, 100, 96, 98], [98, 98.5, 98, 98.2], [98.2, 98.4, 98, 98.3]);
  const one = readControllerConfig({ controller_name: 'bollinger_v1', interval: '1m', bb_length: 20, stop_loss: 0.01 });
  const diff = diffProfiles(createControllerMarket(minuteCandles(rows)), one, { tradeCost: 0 });
  expect(diff.executors[0]).toMatchObject({ kind: 'changed', a: { closeType: 'STOP_LOSS', closeBar: 30 } });
  expect(diff.executors[0]!.causes).toContain('entryBarScan');
});

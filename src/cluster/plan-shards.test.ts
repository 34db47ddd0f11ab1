// What goes to other machines besides grid and candles: rules of a controller's instrument, the memory for models, the months of a window.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testCandles, testClock } from '../../test/synthetic-request.ts';
import { NEVER_STOP } from '../core/cancel.ts';
import { type PreparedSweep, prepareSweepOn, type RunContext, type SweepSelection } from '../runs/sweep-run.ts';
import { scoreShard } from '../runs/sweep-shards.ts';
import { windowBounds } from '../runs/window-selection.ts';
import { choice } from '../strategy/parameters.ts';
import { openFileObjects } from './file-objects.ts';
import type { Manifest, ShardRun } from './manifest.ts';
import { planShards } from './plan-shards.ts';
import { nodeContext, prepareRun } from './shard-node.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-plan-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const objects = openFileObjects(join(root, 'place'));

const machine = (name: string, more: Partial<RunContext> = {}): RunContext => ({
  folder: join(root),
  storeRoot: join(root, name),
  engineVersion: '1.0.0',
  clock: testClock,
  entry: async () => ({}),
  ...more,
});

const GRID = `controller_name: grid_strike
connector_name: binance_perpetual
trading_pair: BTC-USDT
start_price: 30000
end_price: 60000
limit_price: 20000
total_amount_quote: 1000
triple_barrier_config:
  take_profit: 0.002
`;
const instruments = 'symbol,tick_size,step_size,min_qty,min_notional\nBTCUSDT,0.1,0.001,0.001,100\n';

async function planned(selection: SweepSelection, context: RunContext, bars: number) {
  const loaded = {
    candles: testCandles(bars, 7, '1h'),
    origin: { kind: 'store', key: 'made/BTCUSDT/1h' } as const,
    label: 'made',
    synthetic: true,
    quality: [],
    loadMs: 0,
  };
  const prepared = await prepareSweepOn(loaded, selection, context, windowBounds(selection.window));
  const plan = { shards: 2, workers: 1, residentBytes: 2 ** 26 };
  return { prepared, run: await planShards(prepared, selection, plan, { objects }, context) };
}

const score = ({ manifest }: ShardRun<Manifest>, prepared: PreparedSweep, context: RunContext) =>
  scoreShard(prepared, manifest.shards[0]!, { stop: NEVER_STOP, workers: 1 }, context);

test("the rules of a controller go with its shards, and a machine's own do not count", async () => {
  writeFileSync(join(root, 'grid.yml'), GRID);
  writeFileSync(join(root, 'own.csv'), instruments);
  const selection: SweepSelection = {
    strategy: 'grid.yml',
    window: { data: 'made' },
    execution: { calendar: 'continuous', instruments: 'own.csv' },
    grid: {
      parameters: { 'triple_barrier_config.take_profit': choice(0.002, 0.004) },
      risk: {},
      rank: 'totalReturn',
      top: 5,
      preselect: 0,
      seed: 1,
    },
  };
  const { prepared, run } = await planned(selection, machine('planner'), 300);
  expect(prepared.request.instrument?.symbol).toBe('BTCUSDT');
  rmSync(join(root, 'own.csv'));
  const context = machine('node');
  const there = await prepareRun(run, objects, context);
  expect(there.request.instrument).toEqual(prepared.request.instrument);
  expect(await score(run, there, context)).toMatchObject({ stage: 'A' });
  // Without rules at the plan there are none elsewhere, whatever a machine has stored.
  const { instruments: _, ...execution } = selection.execution;
  const without = await planned({ ...selection, execution }, machine('planner'), 300);
  const stocked = machine('stocked');
  writeFileSync(join(root, 'own.csv'), instruments);
  const { importInstruments } = await import('../runs/instrument-rules.ts');
  await importInstruments('own.csv', 'binance', stocked);
  const plain = await prepareRun(without.run, objects, stocked);
  expect(plain.request.instrument).toBeUndefined();
  expect(await score(without.run, plain, stocked)).toMatchObject({ stage: 'A' });
});

test('months beyond the window stay here; the memory for models goes along, and a machine may say otherwise', async () => {
  const grid = { fast: choice(2, 3), slow: choice(5, 8) };
  const selection: SweepSelection = {
    strategy: 'sma-cross',
    window: { data: 'made', from: '2025-02-10', to: '2025-03-05', coldStart: true },
    execution: { calendar: 'continuous' },
    grid: { parameters: grid, risk: {}, rank: 'totalReturn', top: 5, preselect: 0, seed: 1 },
  };
  const { prepared, run } = await planned(selection, machine('planner', { modelBytesMax: 123_456 }), 24 * 120);
  expect(run.manifest.candles.parts.map(({ bars }) => bars)).toEqual([24 * 28, 24 * 31]);
  const context = machine('other');
  const there = await prepareRun(run, objects, context);
  expect(there.loadedWindow.window.dataHash).toBe(prepared.loadedWindow.window.dataHash);
  expect(await score(run, there, context)).toMatchObject({ stage: 'A' });
  expect(nodeContext(run.manifest, context).modelBytesMax).toBe(123_456);
  expect(nodeContext(run.manifest, { ...context, modelBytesMax: 5 }).modelBytesMax).toBe(5);
});

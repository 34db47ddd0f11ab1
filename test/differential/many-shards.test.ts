// Does a sweep over many cells in shards end in the record of the same sweep whole, however it is cut, and with only the candles that each shard names?
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileObjects } from '../../src/cluster/file-objects.ts';
import { getManifest, isManyManifest, type ManyManifest, type ShardRun } from '../../src/cluster/manifest.ts';
import { openManyNode, prepareManyRun } from '../../src/cluster/many-node.ts';
import { mergeManyRun } from '../../src/cluster/merge-many.ts';
import { collectShards } from '../../src/cluster/merge-run.ts';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { planManyShards } from '../../src/cluster/plan-many.ts';
import { runManyShard } from '../../src/cluster/run-many-shard.ts';
import { NEVER_STOP, type StopToken } from '../../src/core/cancel.ts';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import type { MetricName } from '../../src/metrics/metrics.ts';
import { type ManySelection, manyOn, type PreparedMany, prepareManyStrategy } from '../../src/runs/many-prepare.ts';
import type { ManyRecord } from '../../src/runs/many-record.ts';
import { finishMany } from '../../src/runs/many-run.ts';
import type { RunContext } from '../../src/runs/sweep-run.ts';
import type { TimeSpan } from '../../src/runs/window-list.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import { ACROSS } from '../../src/sweep/many-across.ts';
import { testCandles, testClock } from '../synthetic-request.ts';

const CASES = 16;

const folder = mkdtempSync(join(tmpdir(), 'gridmill-many-shards-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Machines have nothing in common. */
let machines = 0;
const machine = (): RunContext => ({
  folder,
  storeRoot: join(folder, `machine-${machines++}`),
  engineVersion: '0.0.0-test',
  clock: testClock,
  entry: async () => ({}),
});
const limits = { stop: NEVER_STOP as StopToken, workers: 1, budgetBytes: undefined, onNote: () => undefined };

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.nextBelow(items.length)]!;
const shuffle = <T>(prng: Prng, items: readonly T[]): T[] => {
  const left = [...items];
  return items.map(() => left.splice(prng.nextBelow(left.length), 1)[0]!);
};

interface Asked {
  readonly selection: ManySelection;
  readonly windows: readonly TimeSpan[];
  readonly prepared: PreparedMany;
}

const DAY_MS = 86_400_000;

/** Hourly candles of some months: parts are months. */
async function randomAsked(prng: Prng): Promise<Asked> {
  const bars = 24 * (80 + prng.nextBelow(40));
  const names = ['BBB', 'AAA', 'CCC'].slice(0, 1 + prng.nextBelow(3)).sort();
  const markets = names.map((market, m) => {
    const candles = testCandles(bars + 24 * m, 1 + prng.nextBelow(1_000), '1h');
    const origin = { kind: 'store', key: `made/${market}/1h` } as const;
    return {
      market,
      loaded: { candles, origin, label: market, synthetic: true, quality: [`${market} is made`], loadMs: 0 },
    };
  });
  const start = markets[0]!.loaded.candles.time[0]!;
  const coldStart = prng.next() < 0.3;
  const first = 10 + prng.nextBelow(20);
  const edges = [0, 1, 2].map((at) => start + DAY_MS * (first + 15 * at));
  const all: readonly (readonly TimeSpan[])[] = [
    [
      { from: edges[0]!, to: edges[1]! },
      { from: edges[1]!, to: edges[2]! },
    ],
    [{ from: edges[1]! }, { to: edges[1]! }, { from: edges[0]!, to: edges[2]! }],
    ...(names.length > 1 ? [[{}]] : []),
  ];
  const windows = pick(prng, all);
  const risk = prng.next() < 0.5 ? { stopLoss: choice(0, 0.01, 0.02), takeProfit: choice(0, 0.03) } : {};
  const ranks: readonly MetricName[] = ['trades', 'winRate', 'totalReturn', 'maxDrawdown', 'sharpe'];
  const kind = pick(prng, ['all', 'all', 'sample', 'part'] as const);
  const selection: ManySelection = {
    strategy: 'sma-cross',
    markets: names,
    window: { coldStart },
    execution: { profile: 'close', calendar: 'continuous', fee: 0.001 },
    across: pick(prng, ACROSS),
    grid: {
      parameters: { fast: range(2, 4 + prng.nextBelow(8)), slow: range(4, 12 + prng.nextBelow(12)) },
      risk,
      rank: pick(prng, ranks),
      top: pick(prng, [1, 5, 1_000]),
      preselect: pick(prng, [0, 3, 5_000]),
      seed: prng.nextBelow(9),
      ...(kind === 'sample' ? { sample: 2 + prng.nextBelow(60) } : {}),
      ...(kind === 'part' ? { offset: prng.nextBelow(12), limit: 30 + prng.nextBelow(60) } : {}),
      ...(prng.next() < 0.3 ? { where: [{ metric: 'trades', operator: '>=', value: 12 } as const] } : {}),
    },
  };
  return {
    selection,
    windows,
    prepared: manyOn(await prepareManyStrategy(selection, machine()), markets, windows, coldStart),
  };
}

/** What a result is a function of: all of the record but what it cost. */
const lasting = ({ createdAt: _, elapsedMs: __, loadMs: ___, plan: ____, ...rest }: ManyRecord): object => rest;

async function planned(asked: Asked, shards: number, objects: ObjectStore): Promise<ShardRun<ManyManifest>> {
  const { prepared, selection } = asked;
  const { id } = await planManyShards(prepared, selection, { shards, workers: 1 }, { objects }, machine());
  const { manifest } = await getManifest(objects, id, '0.0.0-test');
  if (!isManyManifest(manifest)) throw new Error('a manifest of one market');
  return { id, manifest };
}

/** Some are stopped now and then, and another machine goes on. */
async function scoredByMachines(run: ShardRun<ManyManifest>, index: number, objects: ObjectStore, prng: Prng) {
  for (let looks = prng.next() < 0.7 ? Number.POSITIVE_INFINITY : 2 + prng.nextBelow(6); ; looks *= 2) {
    const context = machine();
    const node = await openManyNode(run, objects, context);
    let left = looks;
    const stop: StopToken = { reason: () => (left-- > 0 ? undefined : 'cancelled') };
    const end = await runManyShard(run, index, node, { objects, workers: 1, budgetBytes: 2 ** 40, stop }, context);
    if (end !== 'interrupted') return;
    played.interrupted++;
  }
}

async function merged(run: ShardRun<ManyManifest>, objects: ObjectStore): Promise<ManyRecord> {
  const context = machine();
  const results = await collectShards(run, objects);
  const prepared = await prepareManyRun(run, objects, context);
  return (await mergeManyRun(run, results, objects, prepared, limits, context)).record;
}

const played = {
  cases: 0,
  interrupted: 0,
  stages: 0,
  fewerParts: 0,
  severalCells: 0,
  partsOfCells: 0,
  hashes: new Set<string>(),
};

describe('random sweeps over many cells', () => {
  for (let seed = 1; seed <= CASES; seed++) {
    test(`sweep ${seed} is one record, whole and in shards`, async () => {
      const prng = createPrng(seed);
      const asked = await randomAsked(prng);
      const expected = await finishMany(asked.prepared, limits, machine()).catch(() => undefined);
      // A constraint may leave nothing of a random grid.
      if (expected === undefined || expected.record.scored < 2) return;
      const objects = openFileObjects(join(folder, `place-${seed}`));
      const run = await planned(asked, 2 + prng.nextBelow(5), objects);
      const { shards, blocks, markets } = run.manifest;
      for (const index of shuffle(prng, [...shards.keys()])) await scoredByMachines(run, index, objects, prng);
      const record = await merged(run, objects);
      expect(record.resultHash, `seed ${seed}`).toBe(expected.record.resultHash);
      expect(lasting(record)).toEqual(lasting(expected.record));
      played.cases++;
      played.hashes.add(record.resultHash);
      const { preselect, risk } = asked.selection.grid;
      if (preselect > 0 && Object.keys(risk).length > 0) played.stages++;
      const all = markets.reduce((sum, { candles }) => sum + candles.parts.length, 0);
      for (const { from, to, parts } of shards) {
        if (parts.reduce((sum, one) => sum + one.to - one.from, 0) < all) played.fewerParts++;
        if (Math.floor(from / blocks.length) !== Math.floor((to - 1) / blocks.length)) played.severalCells++;
        if (from % blocks.length !== 0 || to % blocks.length !== 0) played.partsOfCells++;
      }
    });
  }

  test('they were many: of one and two stages, cut by variants, by cells and by both, and interrupted', () => {
    expect(played.cases).toBeGreaterThanOrEqual(12);
    expect(played.hashes.size).toBe(played.cases);
    for (const count of [
      played.stages,
      played.fewerParts,
      played.severalCells,
      played.partsOfCells,
      played.interrupted,
    ]) {
      expect(count).toBeGreaterThanOrEqual(3);
    }
  });
});

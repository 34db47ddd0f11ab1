// Does a sweep in shards end in the record of the same sweep whole, however it is cut and in whatever order shards end?
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEVER_STOP, type StopToken } from '../../src/core/cancel.ts';
import { canonicalJson, type Json } from '../../src/core/hash.ts';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../../src/metrics/metrics.ts';
import type { LoadedCandles } from '../../src/runs/candle-source.ts';
import type { ResultRecord } from '../../src/runs/result-record.ts';
import { nextStep, scoreShard } from '../../src/runs/sweep-shards.ts';
import { finishSweep, type GridSelection, type PreparedSweep, prepareSweepOn, type RunContext } from '../../src/runs/sweep-run.ts';
import { choice, range } from '../../src/strategy/parameters.ts';
import type { ShardResult, SweepShard } from '../../src/sweep/shard.ts';
import { testCandles, testClock } from '../synthetic-request.ts';

const CASES = 60;
const COUNTS_PER_CASE = 3;
const COUNTS_MAX = 17;

const folder = mkdtempSync(join(tmpdir(), 'gridmill-shards-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const context: RunContext = {
  folder,
  storeRoot: folder,
  engineVersion: '0.0.0-test',
  clock: testClock,
  entry: async () => ({}),
};

const loadedOf = (bars: number, seed: number): LoadedCandles => ({
  candles: testCandles(bars, seed),
  origin: { kind: 'synthetic', seed, timeframe: '1m', bars, from: 0 },
  label: 'made',
  synthetic: true,
  quality: [],
  loadMs: 0,
});

interface Asked {
  readonly strategy: string;
  readonly grid: GridSelection;
  readonly bars: number;
  readonly seed: number;
}

const prepare = ({ strategy, grid, bars, seed }: Asked): Promise<PreparedSweep> =>
  prepareSweepOn(
    loadedOf(bars, seed),
    { strategy, grid, execution: { profile: 'close', calendar: 'continuous', fee: 0.001 } },
    context,
  );

const limits = { stop: NEVER_STOP as StopToken, workers: 1 };
const whole = async (prepared: PreparedSweep): Promise<ResultRecord> =>
  (await finishSweep(prepared, { ...limits, keepAllRows: false, onNote: () => undefined }, context)).record;

/** What a result is a function of: all of the record but what it cost. */
const lasting = ({ createdAt: _, elapsedMs: __, loadMs: ___, plan: ____, ...rest }: ResultRecord): object => rest;

/** As through the queue. */
const travelled = <T>(value: T): T => JSON.parse(canonicalJson(JSON.parse(JSON.stringify(value)) as Json)) as T;

const shuffle = <T>(prng: Prng, items: readonly T[]): T[] => {
  const left = [...items];
  return items.map(() => left.splice(prng.nextBelow(left.length), 1)[0]!);
};

/** Some are stopped after a batch or two and go on from their checkpoint in another attempt. */
async function scored(prepared: PreparedSweep, shard: SweepShard, prng: Prng): Promise<ShardResult> {
  if (prng.next() < 0.7) return travelled((await scoreShard(prepared, travelled(shard), limits, context))!);
  const checkpointFolder = mkdtempSync(join(folder, 'progress-'));
  for (let looks = 3 + prng.nextBelow(4); ; looks *= 2) {
    let left = looks;
    const stop: StopToken = { reason: () => (left-- > 0 ? undefined : 'cancelled') };
    const attempt = { ...limits, stop, checkpointFolder, keepCheckpoint: true };
    const result = await scoreShard(prepared, travelled(shard), attempt, context);
    if (result !== undefined) return travelled(result);
  }
}

interface Sharded {
  readonly record: ResultRecord;
  readonly results: readonly ShardResult[];
  readonly rounds: readonly number[];
}

async function inShards(prepared: PreparedSweep, shards: number, prng: Prng): Promise<Sharded> {
  const plan = { window: prepared.loadedWindow.window };
  const rounds: number[] = [];
  let results: ShardResult[] = [];
  for (;;) {
    const step = nextStep(prepared, shuffle(prng, results), { shards, shardSeconds: 0 }, plan, context);
    if (step.shards === undefined) {
      const { merged } = step;
      const { record } = await finishSweep(
        prepared,
        { ...limits, keepAllRows: false, onNote: () => undefined, ...(merged === undefined ? {} : { merged }) },
        context,
      );
      return { record, results, rounds };
    }
    rounds.push(step.shards.length);
    for (const shard of shuffle(prng, step.shards)) results = [...results, await scored(prepared, shard, prng)];
  }
}

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.nextBelow(items.length)]!;
const span = (prng: Prng, low: number, high: number, width: number) => {
  const from = low + prng.nextBelow(high - low);
  return range(from, from + 1 + prng.nextBelow(width));
};

function randomAsked(seed: number): Asked {
  const prng = createPrng(seed);
  const parameters = {
    'sma-cross': { fast: span(prng, 2, 12, 14), slow: span(prng, 6, 30, 14) },
    'rsi-reversion': { length: span(prng, 4, 9, 8), low: choice(20, 30, 40), high: choice(55, 60, 70) },
    bollinger: { length: span(prng, 6, 20, 9), width: choice(1, 1.5, 2, 2.5) },
    macd: { fast: span(prng, 3, 9, 6), slow: span(prng, 8, 20, 6), signal: choice(4, 7) },
  };
  const strategy = pick(prng, Object.keys(parameters) as (keyof typeof parameters)[]);
  const risk =
    prng.next() < 0.6
      ? { stopLoss: choice(0, 0.004, 0.01), ...(prng.next() < 0.5 ? { takeProfit: choice(0.005, 0.02) } : {}) }
      : {};
  // Numbers of trades and win rates tie all the time.
  const ranks: readonly MetricName[] = ['trades', 'winRate', 'totalReturn', 'maxDrawdown', 'sharpe', 'exposure'];
  const [rank, ...others] = shuffle(prng, ranks);
  const selection = pick(prng, ['all', 'all', 'sample', 'part'] as const);
  return {
    strategy,
    bars: 250 + prng.nextBelow(200),
    seed,
    grid: {
      parameters: parameters[strategy],
      risk,
      rank: rank!,
      ...(prng.next() < 0.3 ? { alsoRank: others.slice(0, 1 + prng.nextBelow(2)) } : {}),
      top: pick(prng, [1, 3, 10, 1_000]),
      preselect: pick(prng, [0, 3, 8, 5_000]),
      seed: seed % 7,
      ...(selection === 'sample' ? { sample: 1 + prng.nextBelow(60) } : {}),
      ...(selection === 'part' ? { offset: prng.nextBelow(12), limit: 20 + prng.nextBelow(60) } : {}),
      ...(prng.next() < 0.3 ? { where: [{ metric: 'trades', operator: '>=', value: 2 }] } : {}),
    },
  };
}

/** A merge without its order: the best by score alone, those that came first before others. */
function carelessTop({ record, results }: Sharded, prng: Prng): readonly string[] {
  const { rankedBy } = record;
  const at = METRIC_NAMES.indexOf(rankedBy);
  const sign = METRICS[rankedBy].better === 'higher' ? 1 : -1;
  const rows = shuffle(prng, results.filter(({ isLast }) => isLast)).flatMap(({ progress }) => progress.kept);
  const score = (row: (typeof rows)[number]): number => (row.values[at] ?? Number.NEGATIVE_INFINITY) * sign;
  return [...rows]
    .sort((a, b) => score(b) - score(a))
    .slice(0, record.top.length)
    .map(({ baseIndex, riskIndex }) => `${baseIndex} ${riskIndex}`);
}

const played = { cases: 0, twoRounds: 0, ties: 0, counts: new Set<number>(), hashes: new Set<string>() };

describe('random sweeps', () => {
  for (let at = 0; at < CASES; at++) {
    const seed = 1_000 + at;
    test(`sweep ${seed} is one record, whole and in shards`, async () => {
      const prepared = await prepare(randomAsked(seed)).catch(() => undefined);
      // A constraint may leave nothing of a random grid.
      const expected = prepared && (await whole(prepared).catch(() => undefined));
      if (prepared === undefined || expected === undefined) return;
      const prng = createPrng(seed);
      for (let i = 0; i < COUNTS_PER_CASE; i++) {
        const shards = 1 + ((at * COUNTS_PER_CASE + i) % COUNTS_MAX);
        const sharded = await inShards(prepared, shards, prng);
        expect(sharded.record.resultHash, `seed ${seed} in ${shards}`).toBe(expected.resultHash);
        expect(lasting(sharded.record)).toEqual(lasting(expected));
        played.cases++;
        played.counts.add(shards);
        played.hashes.add(expected.resultHash);
        if (sharded.rounds.length === 2) played.twoRounds++;
        if (expected.alsoRankedBy.length > 0 || sharded.rounds.length === 0) continue;
        const right = new Set(carelessTop(sharded, createPrng(1)));
        const again = carelessTop(sharded, createPrng(2));
        if (again.some((row) => !right.has(row))) played.ties++;
      }
    });
  }

  test('they were many, of one and two rounds, and a merge without the order of ties would have failed them', () => {
    expect(played.cases).toBeGreaterThanOrEqual(140);
    expect(played.hashes.size).toBeGreaterThanOrEqual(45);
    expect(played.counts.size).toBe(COUNTS_MAX);
    expect(played.twoRounds).toBeGreaterThanOrEqual(15);
    expect(played.ties).toBeGreaterThanOrEqual(10);
  });
});

// How sweeps are cut: every base variant once, in order, in parts of equal work, and the same on every machine.
import { describe, expect, test } from 'vitest';
import { testCandles, testHost, testRequest } from '../../test/synthetic-request.ts';
import { LIMITS } from '../core/limits.ts';
import { choice, range } from '../strategy/parameters.ts';
import { openSweep } from './open-sweep.ts';
import type { SweepRequest } from './request.ts';
import type { SweepShard } from './shard.ts';
import { countShards, cutRound, firstRound } from './shard-cut.ts';
import { baseVariants, stretchVariants } from './variants.ts';

const candles = testCandles(1_000);
const opened = (request: SweepRequest) => openSweep(request, testHost(candles));
const cut = (request: SweepRequest, parts: number): SweepShard[] =>
  cutRound(request, opened(request), firstRound(request, opened(request)), parts, 'this sweep');
const basesOf = (request: SweepRequest, shards: readonly SweepShard[]): number[] =>
  shards.flatMap((shard) => [...stretchVariants(opened(request).grid, request, shard)]);

const free = testRequest('bollinger', { parameters: { length: range(5, 40), width: choice(1, 1.5, 2) } });
// Of two averages the fast one must be faster: the grid is a triangle.
const triangle = testRequest('sma-cross', { parameters: { fast: range(2, 60), slow: range(2, 60) } });
const requests: Readonly<Record<string, SweepRequest>> = {
  'a whole grid': free,
  'a grid under a constraint': triangle,
  'a part of a grid': { ...triangle, offset: 100, limit: 2_000 },
  'a random search': { ...free, sample: 70, seed: 3 },
  'a random search under a constraint': { ...triangle, sample: 333, seed: 9 },
};

describe.each(Object.entries(requests))('%s', (_, request) => {
  test('is cut into parts that have each of its base variants once, in their order', () => {
    const all = [...baseVariants(opened(request).grid, request)];
    for (let parts = 1; parts <= 17; parts++) {
      const shards = cut(request, parts);
      expect(basesOf(request, shards)).toEqual(all);
      expect(shards.reduce((sum, { count }) => sum + count!, 0)).toBe(all.length);
      for (const shard of shards) expect(basesOf(request, [shard])).toHaveLength(shard.count!);
    }
  });

  test('is cut into equal parts, and no more of them than it has base variants', () => {
    for (const parts of [2, 5, 16]) {
      const counts = cut(request, parts).map(({ count }) => count!);
      expect(counts).toHaveLength(parts);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    const { selected } = opened(request);
    expect(cut(request, 5_000)).toHaveLength(selected!);
  });
});

test('a grid too large to count is cut by a sample into parts of about equal work', () => {
  const axis = range(2, 3_400);
  const request = testRequest('sma-cross', { parameters: { fast: axis, slow: axis } });
  const long = testHost(testCandles(4_000));
  const wide = openSweep(request, long);
  expect([wide.grid.basePoints > 10_000_000, wide.selected]).toEqual([true, undefined]);
  const cutWide = () => cutRound(request, wide, firstRound(request, wide), 8, 'this sweep');
  const shards = cutWide();
  expect(cutWide()).toEqual(shards);
  expect([shards[0]!.from, shards.at(-1)!.to]).toEqual([0, wide.grid.basePoints]);
  for (const [i, shard] of shards.slice(1).entries()) expect(shard.from).toBe(shards[i]!.to);
  // Exactly, by the shape of a triangle: base variants before a row of the grid.
  const width = axis.values.length;
  const before = (point: number): number => {
    const [row, column] = [Math.floor(point / width), point % width];
    return row * (width - 1) - (row * (row - 1)) / 2 + Math.max(0, column - row - 1);
  };
  const counts = shards.map(({ from, to }) => before(to) - before(from));
  for (const count of counts) expect(Math.abs(count / (before(width * width) / 8) - 1)).toBeLessThan(0.1);
});

test('a shortlist is cut by its places, and each shard names its base variants', () => {
  const request = { ...triangle, risk: { stopLoss: choice(0, 0.01) }, preselect: 7 };
  const shortlist = [3, 8, 21, 22, 90, 400, 1_000];
  const round = { stage: 'B', isLast: true, shortlist } as const;
  const shards = cutRound(request, opened(request), round, 3, 'this sweep');
  expect(shards.map(({ bases, variants }) => [bases, variants])).toEqual([
    [[3, 8], 4],
    [[21, 22], 4],
    [[90, 400, 1_000], 6],
  ]);
});

describe('how many shards', () => {
  const count = (request: SweepRequest, bars: number, rule: { shards?: number; shardSeconds: number }): number =>
    countShards(request, opened(request), firstRound(request, opened(request)), bars, rule);
  // 1,711 variants times a million bars are 1.711 predicted seconds.
  const BARS = 1_000_000;

  test('follows from what the sweep is predicted to take: whole below two shards, never with 0', () => {
    expect(count(triangle, BARS, { shardSeconds: 0.1 })).toBe(18);
    expect(count(triangle, BARS, { shardSeconds: 0.85 })).toBe(3);
    expect(count(triangle, BARS, { shardSeconds: 0.86 })).toBe(1);
    expect(count(triangle, BARS, { shardSeconds: 0 })).toBe(1);
  });

  test('is what the request asks for, within its base variants and what a merge can hold', () => {
    expect(count(triangle, BARS, { shards: 5, shardSeconds: 60 })).toBe(5);
    expect(count(triangle, BARS, { shards: 1, shardSeconds: 0.01 })).toBe(1);
    expect(count(triangle, BARS, { shards: LIMITS.shardsMax, shardSeconds: 60 })).toBe(1_711);
    const wide = { ...triangle, top: LIMITS.topMax };
    expect(count(wide, BARS, { shards: LIMITS.shardsMax, shardSeconds: 60 })).toBeLessThan(20);
  });
});

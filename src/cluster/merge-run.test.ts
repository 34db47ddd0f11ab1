// Collecting what shards have handed in: by name, not by a listing that may be old.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { createPrng } from '../core/prng.ts';
import type { ShardResult } from '../sweep/shard.ts';
import { openFileObjects } from './file-objects.ts';
import { handIn } from './hand-in.ts';
import { type Manifest, type ShardRun, shardKey } from './manifest.ts';
import { collectShards } from './merge-run.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-collect-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const COUNT = 30;
const shards = Array.from({ length: COUNT }, (_, at) => ({ from: at, to: at + 1 }));
const run = {
  id: 'b'.repeat(32),
  manifest: { engineVersion: '1.0.0', shards } as unknown as Manifest,
} satisfies ShardRun<Manifest>;
const resultOf = (at: number): ShardResult => ({ ...shards[at]!, cost: {}, notes: [] }) as unknown as ShardResult;

test('a listing that is old hides nothing, and what is missing is named', async () => {
  const plain = openFileObjects(join(root, 'place'));
  const old = { ...plain, async *list() {} };
  await expect(collectShards(run, old)).rejects.toMatchObject({
    code: 'SHARDS_INCOMPLETE',
    found: expect.stringContaining('shard 0 is missing, 1 is missing'),
  });
  for (let at = 0; at < COUNT - 1; at++) await handIn(run, at, resultOf(at), plain);
  await expect(collectShards(run, old)).rejects.toMatchObject({
    code: 'SHARDS_INCOMPLETE',
    found: 'shard 29 is missing.',
  });
  await handIn(run, COUNT - 1, resultOf(COUNT - 1), plain);
  expect(await collectShards(run, old)).toHaveLength(COUNT);
});

test('two attempts with one result are one, two results are an error', async () => {
  const objects = openFileObjects(join(root, 'twice'));
  await handIn(run, 0, resultOf(0), objects);
  await handIn(run, 0, { ...resultOf(0), notes: ['another machine'] }, objects);
  await expect(handIn(run, 0, resultOf(1), objects)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' });
});

test('are read a bounded number at once, and come in their order, whichever answers first', async () => {
  const plain = openFileObjects(join(root, 'many'));
  for (let at = 0; at < COUNT; at++) await handIn(run, at, resultOf(at), plain);
  const prng = createPrng(3);
  const waiting: (() => void)[] = [];
  let most = 0;
  const slow = {
    ...plain,
    async get(key: string, bytesMax?: number) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
        setImmediate(() => waiting.splice(prng.nextBelow(waiting.length), 1)[0]!());
      });
      return plain.get(key, bytesMax);
    },
  };
  expect(COUNT).toBeGreaterThan(LIMITS.mergeReadsMax);
  expect(await collectShards(run, slow)).toEqual(shards.map((_, at) => resultOf(at)));
  expect(most).toBe(LIMITS.mergeReadsMax);
  const wrong = [3, 17, 29];
  for (const at of wrong) await plain.put(shardKey(run.id, at), new TextEncoder().encode('{'));
  await expect(collectShards(run, slow)).rejects.toMatchObject({
    found: `shard ${wrong.map((at) => `${at} is no JSON`).join(', ')}.`,
  });
});

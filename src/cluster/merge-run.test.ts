// Collecting what shards have handed in: by name, not by a listing that may be old.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ShardResult } from '../sweep/shard.ts';
import { openFileObjects } from './file-objects.ts';
import { handIn } from './hand-in.ts';
import type { Manifest, ShardRun } from './manifest.ts';
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

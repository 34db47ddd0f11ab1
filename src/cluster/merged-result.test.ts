// Results in the shared place: of one market or of many, put there once, fetched as they were, refused when they are not whole.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ManyRecord } from '../runs/many-record.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import { openFileObjects } from './file-objects.ts';
import type { ManyManifest, ShardRun } from './manifest.ts';
import { getMerged, putMerged } from './merged-result.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-merged-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run: ShardRun = { id: 'c'.repeat(32), manifest: { engineVersion: '1.0.0' } as ManyManifest };
const one = { kind: 'gridmill-sweep', resultHash: 'a', elapsedMs: 1, top: [] } as unknown as ResultRecord;
const cells = [{ sharpe: 0.1 + 0.2, totalReturn: null }];
const many = {
  kind: 'gridmill-sweep-many',
  resultHash: 'a',
  elapsedMs: 1,
  top: [{ rank: 1, params: { slow: 9, fast: 2 }, cells }],
} as unknown as ManyRecord;

test.each([
  ['one market', one],
  ['many cells', many],
])('of %s: the first merge stands, its twin is the same, another result is an error', async (name, record) => {
  const objects = openFileObjects(join(root, name));
  expect(await getMerged(run, objects)).toBeUndefined();
  await putMerged(run, record, objects);
  await putMerged(run, { ...record, elapsedMs: 2 }, objects);
  expect(await getMerged(run, objects)).toEqual(record);
  // The order of members is that of tables.
  expect(JSON.stringify(await getMerged(run, objects))).toBe(JSON.stringify(record));
  const other = { ...record, resultHash: 'b' };
  await expect(putMerged(run, other, objects)).rejects.toMatchObject({ code: 'RESULT_CORRUPT' });
});

test('what is damaged, or of another run or version, is refused with its place', async () => {
  const objects = openFileObjects(join(root, 'damaged'));
  const key = `runs/${run.id}/result.json`;
  await putMerged(run, many, objects);
  const text = new TextDecoder().decode(await objects.get(key));
  for (const [found, other] of [
    ['"fast":2', '"fast":3'],
    ['"run":"c', '"run":"d'],
    ['1.0.0', '1.0.1'],
    ['}', ''],
  ] as const) {
    expect(text).toContain(found);
    await objects.put(key, new TextEncoder().encode(text.replace(found, other)));
    await expect(getMerged(run, objects)).rejects.toMatchObject({
      code: 'RESULT_CORRUPT',
      found: expect.stringContaining(key),
    });
  }
});

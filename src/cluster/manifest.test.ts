// Manifests: named by what they plan, wherever the content of the plan lies.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openFileObjects } from './file-objects.ts';
import { getManifest, type Manifest, manifestKey, putManifest } from './manifest.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-manifest-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const PLAN = {
  format: 'gridmill-shards',
  engineVersion: '1.0.0',
  budgetBytes: null,
  shards: [],
} as unknown as Manifest;

test('the place of content is no part of what a run is: one id, and the last place named is the one read', async () => {
  const objects = openFileObjects(join(root, 'place'));
  const here = await putManifest(objects, PLAN);
  expect((await getManifest(objects, here.id, '1.0.0')).manifest.contentPlace).toBeUndefined();
  const there = await putManifest(objects, { ...PLAN, contentPlace: 's3://inputs' });
  expect(there.id).toBe(here.id);
  expect((await getManifest(objects, here.id, '1.0.0')).manifest).toEqual({ ...PLAN, contentPlace: 's3://inputs' });
  expect((await putManifest(objects, { ...PLAN, budgetBytes: 1 })).id).not.toBe(here.id);
});

test('a manifest whose plan was changed is not that of its name', async () => {
  const objects = openFileObjects(join(root, 'changed'));
  const { id } = await putManifest(objects, PLAN);
  const changed = { ...PLAN, budgetBytes: 7, contentPlace: 's3://inputs' };
  await objects.put(manifestKey(id), new TextEncoder().encode(JSON.stringify(changed)));
  await expect(getManifest(objects, id, '1.0.0')).rejects.toMatchObject({ code: 'OBJECT_CORRUPT' });
});

// Content on its way and on a node: what is driven out of a full cache, and what a cache that cannot write costs.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LIMITS } from '../core/limits.ts';
import { type ContentRef, cacheContent, putContent } from './content.ts';
import { openFileObjects } from './file-objects.ts';
import type { ObjectStore } from './object-store.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-content-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const objects = openFileObjects(join(root, 'place'));
const put = (fill: number, bytes = 100) => putContent(objects, new Uint8Array(bytes).fill(fill));
let now = 0;
const clock = { wallMs: () => (now += 1_000) };

test('a full cache drives out what was used longest ago', async () => {
  const folder = join(root, 'full');
  const cache = cacheContent(objects, folder, clock, 300);
  const refs: ContentRef[] = [];
  for (let i = 0; i < 4; i++) refs.push(await put(i));
  for (const ref of refs.slice(0, 3)) await cache.get(ref);
  // The first is used again: the second is the one to go.
  await cache.get(refs[0]!);
  await cache.get(refs[3]!);
  expect(readdirSync(folder).sort()).toEqual([0, 2, 3].map((i) => refs[i]!.hash).sort());
  // What can never fit drives nothing out.
  const huge = await put(9, 301);
  expect(await cache.get(huge)).toHaveLength(301);
  expect(readdirSync(folder)).toHaveLength(3);
  const large = await put(8, 250);
  await cache.get(large);
  expect(readdirSync(folder)).toEqual([large.hash]);
});

test('a cache that cannot be written costs the next fetch and nothing else', async () => {
  const folder = join(root, 'file');
  writeFileSync(folder, 'in the way');
  const ref = await put(1);
  expect(await cacheContent(objects, folder, clock).get(ref)).toEqual(new Uint8Array(100).fill(1));
});

test('large content goes in parts, as nothing else that is created does', async () => {
  const calls: string[] = [];
  const seen: ObjectStore = {
    ...objects,
    head: async () => undefined,
    async create(key) {
      calls.push(`create ${key.split('/')[0]}`);
      return 'created';
    },
    async put(key) {
      calls.push(`put ${key.split('/')[0]}`);
    },
  };
  await putContent(seen, new Uint8Array(LIMITS.objectPartBytes));
  await putContent(seen, new Uint8Array(LIMITS.objectPartBytes + 1));
  expect(calls).toEqual(['create content', 'put content']);
});

// Tests of the cache of downloads: whole entries, and a bound on their bytes.
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolderCache } from './fetch-cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-downloads-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const names = (): string[] => readdirSync(folder).sort();
const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(7);

test('what is beyond the bytes of the cache goes, the oldest first, and what was just written stays', async () => {
  const cache = createFolderCache(folder, 250);
  for (const name of ['c', 'a', 'b']) await cache.write(name, bytes(100));
  expect(names()).toEqual(['a', 'b']);
  expect(await cache.read('c')).toBeUndefined();
  // Written again it is the newest.
  await cache.write('a', bytes(120));
  await cache.write('d', bytes(100));
  expect(names()).toEqual(['a', 'd']);
  await cache.write('large', bytes(900));
  expect(names()).toEqual(['large']);
  expect(await cache.read('large')).toHaveLength(900);
});

test('files of earlier runs count, by the time they were written', async () => {
  for (const [name, at] of [
    ['new', 300],
    ['old', 100],
    ['middle', 200],
    ['broken.part', 50],
  ] as const) {
    writeFileSync(join(folder, name), bytes(100));
    utimesSync(join(folder, name), at, at);
  }
  await createFolderCache(folder, 300).write('newest', bytes(100));
  expect(names()).toEqual(['middle', 'new', 'newest']);
});

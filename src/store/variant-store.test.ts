// Tests of the store of named variants: names, order, bound, damage, and that a lost write leaves the old file.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REAL_DISK } from './disk.ts';
import { openVariantStore } from './variant-store.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-variants-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const variant = (name: string, createdAt = 1) => ({
  name,
  createdAt,
  summary: { market: 'x' },
  body: { rank: createdAt },
});
const fileOf = (name: string): string => join(root, 'variants', `${name}.json`);

test('what is written is found, listed newest first, replaced and removed', () => {
  const store = openVariantStore(root);
  expect([store.list(), store.find('a'), store.remove('a')]).toEqual([[], undefined, false]);
  store.write(variant('a', 1));
  store.write(variant('b', 2));
  store.write(variant('a', 3));
  expect(store.list().map(({ name }) => name)).toEqual(['a', 'b']);
  expect(store.find('a')).toEqual(variant('a', 3));
  expect([store.remove('a'), store.remove('a'), store.find('a')]).toEqual([true, false, undefined]);
});

test('names stay in their folder, and links are not followed', () => {
  const store = openVariantStore(root);
  for (const name of ['', '.', '..', '../a', 'a/b', 'a\\b', '.hidden', 'a\0b', 'x'.repeat(65), 'ä']) {
    for (const use of [() => store.find(name), () => store.write(variant(name)), () => store.remove(name)]) {
      expect(use, name).toThrow(expect.objectContaining({ code: 'PATH_FORBIDDEN' }));
    }
  }
  store.write(variant('a'));
  symlinkSync(fileOf('a'), fileOf('link'));
  expect(() => store.find('link')).toThrow(expect.objectContaining({ code: 'PATH_FORBIDDEN' }));
  expect(store.list().map(({ name }) => name)).toEqual(['a']);
});

test('one more than the limit is refused, and those there are can still be replaced', () => {
  const store = openVariantStore(root, { variantsMax: 2 });
  store.write(variant('a'));
  store.write(variant('b'));
  expect(() => store.write(variant('c'))).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  store.write(variant('b', 5));
  expect(store.find('b')?.createdAt).toBe(5);
});

test('a changed byte is a typed error, in the list a damage, and can be removed', () => {
  const store = openVariantStore(root);
  store.write(variant('a'));
  const bytes = readFileSync(fileOf('a'));
  bytes[bytes.length - 4]! ^= 1;
  writeFileSync(fileOf('a'), bytes);
  expect(() => store.find('a')).toThrow(expect.objectContaining({ code: 'RESULT_CORRUPT' }));
  writeFileSync(fileOf('a'), 'nothing');
  expect(store.list()).toEqual([{ name: 'a', damage: expect.stringContaining('first line') }]);
  expect(store.remove('a')).toBe(true);
});

test('a write that fails leaves what was there', () => {
  openVariantStore(root).write(variant('a', 1));
  for (const step of ['write', 'sync', 'rename'] as const) {
    const broken = Object.assign(Object.create(REAL_DISK) as typeof REAL_DISK, {
      [step]: () => {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    });
    expect(() => openVariantStore(root, { disk: broken }).write(variant('a', 2))).toThrow(
      expect.objectContaining({ code: 'STORE_FULL' }),
    );
    expect(openVariantStore(root).find('a')).toEqual(variant('a', 1));
  }
});

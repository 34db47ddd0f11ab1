// Objects in a folder: the contract, two processes' worth of handles, and names that are not objects.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { REAL_DISK } from '../store/disk.ts';
import { openFileObjects } from './file-objects.ts';
import { testObjectStore } from './object-store.contract.ts';
import { parseObjectUri } from './object-store.ts';
import { openObjects } from './open-objects.ts';

const root = mkdtempSync(join(tmpdir(), 'gridmill-objects-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const folder = (): string => join(root, String(count++));

testObjectStore('a folder', () => openFileObjects(folder()));

test('files under way and links are no objects', async () => {
  const at = folder();
  const store = await openObjects(`file://${at}/`);
  await store.put('one', new Uint8Array(3));
  writeFileSync(join(at, '.one.1-0-0.tmp'), 'half');
  mkdirSync(join(at, '.hidden'));
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect(keys).toEqual(['one']);
  expect(readdirSync(at).filter((name) => name.endsWith('.tmp'))).toHaveLength(1);
});

test('an object that is removed while it is compared is created after all', async () => {
  const at = folder();
  let looks = 0;
  const inspect: typeof REAL_DISK.inspect = (path) =>
    path.endsWith('/one') && ++looks === 1 ? { kind: 'file', bytes: 1 } : REAL_DISK.inspect(path);
  const disk = Object.assign(Object.create(REAL_DISK), { inspect }) as typeof REAL_DISK;
  expect(await openFileObjects(at, disk).create('one', Uint8Array.of(7))).toBe('created');
  expect([...(await openFileObjects(at).get('one'))!]).toEqual([7]);
});

test('URIs of places', () => {
  expect(parseObjectUri('file:///mnt/runs/')).toEqual({ kind: 'file', root: '/mnt/runs', prefix: '' });
  expect(parseObjectUri('s3://my-bucket')).toEqual({ kind: 's3', root: 'my-bucket', prefix: '' });
  expect(parseObjectUri('s3://my-bucket/a/b/')).toEqual({ kind: 's3', root: 'my-bucket', prefix: 'a/b' });
});

test('a folder of any name is found again by the URI that the place tells of itself', async () => {
  for (const name of ['50% done', '100%25', 'grün & blau', 'a#b?c']) {
    const at = join(folder(), name);
    const store = openFileObjects(at);
    await store.put('one', new Uint8Array(1));
    expect(parseObjectUri(store.uri)).toEqual({ kind: 'file', root: at, prefix: '' });
    expect(await (await openObjects(store.uri)).head('one')).toEqual({ key: 'one', bytes: 1 });
  }
});

test.each(['runs', 'file:///50%', 'file://relative', 'http://x/y', 's3://', 's3://A', 's3://bucket/../x', 'file:///'])(
  '%j is no place',
  (text) => {
    expect(() => parseObjectUri(text)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  },
);

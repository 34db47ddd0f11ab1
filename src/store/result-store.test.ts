// Unit tests of the result store.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REAL_DISK } from './disk.ts';
import type { StoredResult } from './result-file.ts';
import { openResultStore, type ResultStore, readResultFile } from './result-store.ts';

let root: string;
let store: ResultStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-results-'));
  store = openResultStore(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const withCode = (code: string) => expect.objectContaining({ code });
const hash = (start: string): string => start.padEnd(64, '0');
const result = (createdAt: number): StoredResult => ({
  format: 'gridmill-result',
  createdAt,
  summary: { strategy: 'sma-cross', symbol: 'BTCUSDT', variants: 12, bestReturn: null },
  body: { rows: [{ key: 'a', score: 0.1 }], note: 'ü\n"' },
});

test('a result comes back by its id or a unique start, and the file is plain JSON', () => {
  expect(store.write(result(5), hash('abc1'))).toBe('abc1000000000000');
  store.write(result(6), hash('abc2'));
  expect(store.read('abc1')).toEqual({ id: 'abc1000000000000', result: result(5) });
  expect(store.read('abc2000000000000').result.createdAt).toBe(6);
  const text = readFileSync(join(root, 'results/abc1000000000000.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ format: 'gridmill-result', createdAt: 5, body: { note: 'ü\n"' } });
  expect(readResultFile(join(root, 'results/abc1000000000000.json'))).toEqual(result(5));
});

test('unknown, ambiguous and foreign ids are not found, with the candidates named', () => {
  store.write(result(5), hash('abc1'));
  store.write(result(6), hash('abc2'));
  expect(() => store.read('abc')).toThrow(/2 results start so: abc1000000000000, abc2000000000000/);
  for (const id of ['d', '', '../abc1', 'ABC1', 'abc1'.padEnd(17, '0')]) {
    expect(() => store.read(id)).toThrow(withCode('RESULT_NOT_FOUND'));
    expect(() => store.remove(id)).toThrow(withCode('RESULT_NOT_FOUND'));
  }
  expect(() => readResultFile(join(root, 'absent.json'))).toThrow(withCode('RESULT_NOT_FOUND'));
});

test('the list is newest first, reads heads only, and puts damaged files last', () => {
  expect(store.list()).toEqual([]);
  store.write(result(5), hash('01'));
  store.write(result(7), hash('02'));
  store.write(result(6), hash('03'));
  const path = join(root, 'results/0200000000000000.json');
  truncateSync(path, 40);
  const listed = store.list();
  expect(listed.map(({ id, head }) => [id.slice(0, 2), head?.createdAt])).toEqual([
    ['03', 6],
    ['01', 5],
    ['02', undefined],
  ]);
  expect(listed[0]!.head!.summary).toEqual(result(6).summary);
  expect(listed[2]!.damage).toContain('first line');
});

test('a listed head can be of a damaged body, which reading then refuses', () => {
  store.write(result(5), hash('01'));
  const path = join(root, 'results/0100000000000000.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('0.1', '0.9'));
  expect(store.list()[0]!.head?.createdAt).toBe(5);
  expect(() => store.read('01')).toThrow(withCode('RESULT_CORRUPT'));
});

test('pruning keeps the newest and never removes a damaged file', () => {
  for (let k = 1; k <= 5; k++) store.write(result(k), hash(`0${k}`));
  truncateSync(join(root, 'results/0500000000000000.json'), 40);
  expect(store.prune(2).map((id) => id.slice(0, 2))).toEqual(['02', '01']);
  expect(store.list().map(({ id }) => id.slice(0, 2))).toEqual(['04', '03', '05']);
  expect(store.prune(0)).toHaveLength(2);
});

test('the store refuses more results than its limit, but replaces equal ones', () => {
  const small = openResultStore(root, { resultsMax: 2 });
  small.write(result(1), hash('01'));
  small.write(result(2), hash('02'));
  small.write(result(3), hash('02'));
  expect(() => small.write(result(4), hash('03'))).toThrow(withCode('STORE_FULL'));
  expect(() => small.write(result(4), hash('03'))).toThrow('2 results are stored; the limit is 2');
  small.prune(1);
  small.write(result(4), hash('03'));
  expect(small.list()).toHaveLength(2);
});

test('a removed result is gone', () => {
  store.write(result(1), hash('01'));
  expect(store.remove('01')).toBe('0100000000000000');
  expect(store.list()).toEqual([]);
});

test('a number that JSON cannot hold is a bug of the caller, and a long summary is refused', () => {
  expect(() => store.write({ ...result(1), body: { score: Number.NaN } }, hash('01'))).toThrow(/finite/);
  const long = { ...result(1), summary: { strategy: 'x'.repeat(70_000) } };
  expect(() => store.write(long, hash('01'))).toThrow(withCode('LIMIT_EXCEEDED'));
});

test('a kept list reads again only what was written, replaced, damaged or removed since, and lists the same', () => {
  let opened = 0;
  const disk = {
    ...REAL_DISK,
    open(path: string) {
      opened++;
      return REAL_DISK.open(path);
    },
  };
  const kept = openResultStore(root, { keepsList: true, disk });
  const looks = (): number => {
    opened = 0;
    expect(kept.list()).toEqual(store.list());
    return opened;
  };
  store.write(result(5), hash('01'));
  store.write(result(7), hash('02'));
  expect([looks(), looks()]).toEqual([2, 0]);
  store.write(result(9), hash('01'));
  expect([looks(), kept.list()[0]!.head!.createdAt]).toEqual([1, 9]);
  truncateSync(join(root, 'results/0200000000000000.json'), 40);
  expect([looks(), looks()]).toEqual([1, 0]);
  store.remove('01');
  expect([looks(), kept.list().length]).toEqual([0, 1]);
});

// Tests of the log of costs: its bound, torn and damaged lines, and writers beside each other.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CostRecord, openCostLog } from './cost-log.ts';
import { REAL_DISK } from './disk.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-costs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const record = (atMs: number): CostRecord => ({
  atMs,
  engineVersion: '0.0.0',
  strategyKind: 'signals',
  engine: 'fast',
  bars: 1000,
  workers: 2,
  variantsPredicted: 10,
  variantsActual: 10,
  bytesPredicted: 1e8,
  bytesActual: 0.9e8,
  secondsPredicted: null,
  secondsActual: 0.25,
});
const file = (): string => join(root, 'costs', 'sweeps.log');
const times = (recordsMax?: number): number[] =>
  openCostLog(root, { recordsMax })
    .list()
    .map(({ atMs }) => atMs);

test('records come back oldest first, from any writer', () => {
  expect(times()).toEqual([]);
  const [one, other] = [openCostLog(root), openCostLog(root)];
  one.append(record(1));
  other.append(record(2));
  one.append(record(3));
  expect(openCostLog(root).list()).toEqual([record(1), record(2), record(3)]);
});

test('the newest are kept, and the file stays bounded', () => {
  const log = openCostLog(root, { recordsMax: 4 });
  let largest = 0;
  for (let n = 1; n <= 60; n++) {
    log.append(record(n));
    largest = Math.max(largest, statSync(file()).size);
  }
  expect(times(4)).toEqual([57, 58, 59, 60]);
  expect(largest).toBeLessThan(2 * 4 * 512 + 512);
});

test('a torn end and a damaged line take no other record with them', () => {
  const log = openCostLog(root);
  for (const n of [1, 2, 3]) log.append(record(n));
  truncateSync(file(), statSync(file()).size - 5);
  log.append(record(4));
  expect(times()).toEqual([1, 2, 4]);
  writeFileSync(file(), readFileSync(file(), 'utf8').replace('"atMs":2', '"atMs":7'));
  appendFileSync(file(), '\nnothing\n');
  expect(times()).toEqual([1, 4]);
});

test('a full disk is a typed error, and what was there stays', () => {
  openCostLog(root).append(record(1));
  const disk = Object.assign(Object.create(REAL_DISK) as typeof REAL_DISK, {
    write: () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    },
  });
  expect(() => openCostLog(root, { disk }).append(record(2))).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  expect(times()).toEqual([1]);
});

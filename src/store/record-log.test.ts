// Tests of the record log: what was appended is read again, torn ends are cut off, damage is counted and passed over.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { REAL_DISK } from './disk.ts';
import { openRecordLog } from './record-log.ts';

let folder: string;
let path: string;
const clock = createFakeClock();
const open = () => openRecordLog(REAL_DISK, path, clock);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-log-'));
  path = join(folder, 'trials.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...numbers: readonly number[]): void {
  const log = open();
  for (const n of numbers) log.append([n, 'é', [1.5, null]]);
  log.close();
}

test('records are found by number, whatever their order, each once', () => {
  write(3, 1);
  write(2);
  const log = open();
  expect(log.count).toBe(3);
  expect(log.take(2)).toEqual([2, 'é', [1.5, null]]);
  expect(log.take(2)).toBeUndefined();
  expect(log.take(4)).toBeUndefined();
  log.close();
});

test('a torn end is cut off, at every length, and the log goes on behind it', () => {
  write(0, 1);
  const whole = readFileSync(path);
  const first = whole.indexOf(0x0a) + 1;
  for (let size = first; size < whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size));
    const log = open();
    expect([log.count, log.damaged]).toEqual([1, 0]);
    log.append([7]);
    log.close();
    const again = open();
    expect([again.count, again.damaged, again.take(7)]).toEqual([2, 0, [7]]);
    again.close();
  }
});

test('a flipped bit anywhere damages its record alone', () => {
  write(0, 1, 2);
  const whole = readFileSync(path);
  const start = whole.indexOf(0x0a) + 1;
  const end = whole.indexOf(0x0a, start);
  for (let at = start; at < end; at++) {
    const bytes = Buffer.from(whole);
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
    const log = open();
    expect(log.take(0)).toBeDefined();
    expect(log.take(2)).toBeDefined();
    expect(log.take(1)).toBeUndefined();
    expect(log.damaged).toBeGreaterThan(0);
    log.close();
  }
});

test('zeros at the end, as a power loss may leave them, are cut off', () => {
  write(0);
  appendFileSync(path, Buffer.alloc(5_000));
  const log = open();
  expect([log.count, log.damaged]).toEqual([1, 0]);
  log.close();
  truncateSync(path, 10);
  const cut = open();
  expect(cut.count).toBe(0);
  cut.close();
});

test('records are on disk a moment after they came, before anyone syncs', () => {
  const log = open();
  log.append([0]);
  expect(readFileSync(path).length).toBe(0);
  clock.advance(250);
  log.append([1]);
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
  log.close();
});

// The checkpoint file: whole or absent, and never silently a fresh start.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCheckpointFile } from './checkpoint-file.ts';
import { REAL_DISK } from './disk.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('keeps the last value saved, across openings, until cleared', () => {
  const deep = join(folder, 'a', 'b');
  const file = openCheckpointFile(deep);
  expect(file.load()).toBeUndefined();
  file.save({ taken: 1 });
  file.save({ taken: 2, kept: [null, 0.1] });
  expect(openCheckpointFile(deep).load()).toEqual({ taken: 2, kept: [null, 0.1] });
  file.clear();
  file.clear();
  expect(openCheckpointFile(deep).load()).toBeUndefined();
});

test('a damaged file is an error that names it', () => {
  const file = openCheckpointFile(folder);
  file.save({ taken: 1 });
  const path = join(folder, 'sweep.checkpoint');
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1 << (at % 8);
    writeFileSync(path, damaged);
    expect(() => file.load(), `byte ${at}`).toThrow(/sweep\.checkpoint/);
    writeFileSync(path, bytes.subarray(0, at));
    expect(() => file.load(), `cut at ${at}`).toThrow(/sweep\.checkpoint/);
  }
});

test('a folder that cannot be made is told from a disk that is full', () => {
  const failing = (code: string) => ({
    ...REAL_DISK,
    makeFolder() {
      throw Object.assign(new Error('x'), { code, path: folder });
    },
  });
  expect(() => openCheckpointFile(folder, failing('ENOSPC'))).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
  expect(() => openCheckpointFile(folder, failing('EACCES'))).toThrow(
    expect.objectContaining({ code: 'STORE_UNWRITABLE' }),
  );
});

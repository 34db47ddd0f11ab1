// Tests of the mirror file: every part of it comes back bit by bit, and no damage is ever a number.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { CANDLE_COLUMNS, candlesHash, sliceCandles } from '../market/candles.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { REAL_DISK } from '../store/disk.ts';
import { attachMirrorFile, encodeMirrorFile, mirrorFileBytes } from './mirror-file.ts';

const BLOCK = 8192;
const barCount = 2 * BLOCK + 77;
const timeframe = parseTimeframe('15m');
const candles = syntheticCandles({ seed: 3, timeframe, barCount, startTime: -9_000_000, startPrice: 100 });
const hash = candlesHash(candles);
const encoded = Buffer.concat(encodeMirrorFile(candles, hash));

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-mirror-file-'));
  path = join(folder, 'one.candles');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const withCode = (code: string) => expect.objectContaining({ code });
function attachBytes(bytes: Uint8Array) {
  writeFileSync(path, bytes);
  return attachMirrorFile(path);
}

test('candles come back bit by bit, in shared memory, and whole columns start at a multiple of eight bytes', () => {
  expect(encoded.byteLength).toBe(mirrorFileBytes(barCount));
  const attached = attachBytes(encoded);
  expect(attached).toMatchObject({ path, timeframe, barCount, contentHash: hash });
  const read = attached.read();
  expect(candlesHash(read)).toBe(hash);
  expect(read.time.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(read.time.buffer.byteLength).toBe(48 * barCount);
  attached.close();
});

test.each([
  [0, 0],
  [0, 1],
  [1, BLOCK],
  [BLOCK - 1, BLOCK + 1],
  [BLOCK, 2 * BLOCK],
  [5, barCount],
  [barCount - 1, barCount],
  [barCount, barCount],
])('bars %d to %d are those of the whole, and take no more memory than their blocks', (from, to) => {
  const attached = attachBytes(encoded);
  const read = attached.read(from, to);
  expect(candlesHash(read)).toBe(candlesHash(sliceCandles(candles, from, to)));
  expect(read.time.buffer.byteLength).toBeLessThanOrEqual(48 * (to - from + 2 * BLOCK));
  attached.close();
});

test('a file that is replaced or removed stays, for who has it open, what it was', () => {
  const attached = attachBytes(encoded);
  const other = sliceCandles(candles, 0, 100);
  writeFileSync(join(folder, 'other'), Buffer.concat(encodeMirrorFile(other, candlesHash(other))));
  renameSync(join(folder, 'other'), path);
  expect(candlesHash(attached.read())).toBe(hash);
  expect(attachMirrorFile(path).barCount).toBe(100);
  rmSync(path);
  expect(candlesHash(attached.read())).toBe(hash);
  expect(() => attachMirrorFile(path)).toThrow(withCode('CANDLES_NOT_FOUND'));
  attached.close();
});

const SEED = 20;
const FLIPS = 300;
test(`each of ${FLIPS} random flipped bits (seed ${SEED}), and one in each byte of the description, is a typed error`, () => {
  const prng = createPrng(SEED);
  const head = encoded.byteLength - 48 * barCount;
  const places = Array.from({ length: head }, (_, at) => 8 * at + prng.nextBelow(8));
  for (let n = 0; n < FLIPS; n++) places.push(prng.nextBelow(8 * encoded.byteLength));
  const bytes = Buffer.from(encoded);
  const disk = { ...REAL_DISK, read: readFrom(bytes), size: () => bytes.byteLength };
  writeFileSync(path, '');
  for (const bit of places) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => attachMirrorFile(path, disk).read(), `bit ${bit}`).toThrow(withCode('CANDLE_FILE_CORRUPT'));
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  expect(candlesHash(attachMirrorFile(path, disk).read())).toBe(hash);
});

const readFrom =
  (bytes: Uint8Array) =>
  (_handle: number, target: Uint8Array, position: number): number => {
    const part = bytes.subarray(position, position + target.byteLength);
    target.set(part);
    return part.byteLength;
  };

test('a file cut at any place, empty, foreign or too long is a typed error', () => {
  const cuts = [0, 1, 7, 8, 127, 128, 200, encoded.byteLength >> 1, encoded.byteLength - 1];
  for (const cut of cuts) {
    expect(() => attachBytes(encoded.subarray(0, cut)).read(), `${cut}`).toThrow(withCode('CANDLE_FILE_CORRUPT'));
  }
  for (const bytes of [Buffer.concat([encoded, Buffer.from([0])]), Buffer.alloc(9000, 7), Buffer.from('time,open\n')]) {
    expect(() => attachBytes(bytes)).toThrow(withCode('CANDLE_FILE_CORRUPT'));
  }
});

test('a file cut while it is open is a typed error at the next read, never zeros', () => {
  const attached = attachBytes(encoded);
  writeFileSync(path, encoded.subarray(0, encoded.byteLength - 8));
  expect(() => attached.read()).toThrow(withCode('CANDLE_FILE_CORRUPT'));
  // Parts that are still there are still good.
  expect(attached.read(0, 10).barCount).toBe(10);
  attached.close();
});

test('links, folders and pipes are not followed, opened or waited for', () => {
  writeFileSync(join(folder, 'real'), encoded);
  symlinkSync(join(folder, 'real'), path);
  expect(() => attachMirrorFile(path)).toThrow(withCode('PATH_FORBIDDEN'));
  // A link that appears between the look and the opening.
  const disk = { ...REAL_DISK, inspect: () => ({ kind: 'file' as const, bytes: 1 }) };
  expect(() => attachMirrorFile(path, disk)).toThrow(withCode('PATH_FORBIDDEN'));
  mkdirSync(join(folder, 'folder'));
  expect(() => attachMirrorFile(join(folder, 'folder'))).toThrow(withCode('PATH_FORBIDDEN'));
});

test('what may not be read is a typed error that names the file', () => {
  writeFileSync(path, encoded);
  chmodSync(path, 0);
  const refuse = (): never => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  for (const disk of [
    { ...REAL_DISK, open: refuse },
    { ...REAL_DISK, read: refuse },
  ]) {
    expect(() => attachMirrorFile(path, disk)).toThrow(
      expect.objectContaining({ code: 'STORE_UNREADABLE', found: expect.stringContaining(path) }),
    );
  }
  chmodSync(path, 0o600);
});

test('the columns of a file are those of the candles, in the order of the candle columns', () => {
  const head = encoded.byteLength - 48 * barCount;
  writeFileSync(path, encoded);
  for (const [k, name] of CANDLE_COLUMNS.entries()) {
    const bytes = readFileSync(path).subarray(head + k * 8 * barCount, head + k * 8 * barCount + 24);
    expect([bytes.readDoubleLE(0), bytes.readDoubleLE(8), bytes.readDoubleLE(16)]).toEqual([
      ...candles[name].subarray(0, 3),
    ]);
  }
});

// Tests of the folder of mirror files: who may use it, how full it gets, and what is left when processes die.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { candlesHash, sliceCandles } from '../market/candles.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { type Disk, REAL_DISK } from '../store/disk.ts';
import { createMirror, type Mirror } from './mirror.ts';
import { attachMirrorFile, mirrorFileBytes } from './mirror-file.ts';
import { openMirrorFolder } from './mirror-folder.ts';

const timeframe = parseTimeframe('1m');
const candles = syntheticCandles({ seed: 3, timeframe, barCount: 900, startTime: 0, startPrice: 100 });
const shorter = sliceCandles(candles, 0, 500);
const [hash, shorterHash] = [candlesHash(candles), candlesHash(shorter)];
const key = { exchange: 'binance', symbol: 'BTCUSDT', timeframe };
const meta = { source: 'test', importedAt: 0, quality: null };
/** No process has this id: the highest that Linux gives is 2^22. */
const DEAD = 4_194_304 + 17;

const systemFolder = tmpdir();

let root: string;
let folder: string;
let notes: string[];
let mirrors: Mirror[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-mirror-folder-'));
  folder = join(root, 'files');
  // Where the folder is refused, the one that is tried instead must not outlive the test.
  process.env.TMPDIR = root;
  notes = [];
  mirrors = [];
});
afterEach(() => {
  for (const mirror of mirrors) mirror.close();
  rmSync(root, { recursive: true, force: true });
  process.env.TMPDIR = systemFolder;
});

const onNote = (text: string): void => void notes.push(text);
const open = (bytesMax = 1e6, disk?: Disk) => openMirrorFolder({ folder, bytesMax }, onNote, disk)!;
const names = (): string[] => readdirSync(folder).sort();
const store = () => openCandleStore(join(root, 'store'));
function mirrorOf(bytesMax = 1e6): Mirror {
  const options = { store: store(), clock: createFakeClock(), bytesMax: 1e7, reclaim: () => {}, onNote };
  const mirror = createMirror({ ...options, tmpfs: { folder, bytesMax } });
  mirrors.push(mirror);
  return mirror;
}

test('folder and files are for their user alone, and the file is gone when nobody holds it', () => {
  const opened = open();
  const lease = opened.write(hash, candles)!;
  expect(lstatSync(folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(folder).map((name) => lstatSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(candlesHash(attachMirrorFile(lease.path).read())).toBe(hash);
  expect(opened.usage()).toEqual({ files: 1, bytes: mirrorFileBytes(900) });
  const second = opened.find(hash)!;
  lease.release();
  lease.release();
  expect(existsSync(second.path)).toBe(true);
  second.release();
  expect(names()).toEqual([]);
  expect(opened.find(hash)).toBeUndefined();
});

test('a file is written once: the second mirror finds it and reads the candles from it', () => {
  store().write(key, candles, meta);
  const one = mirrorOf().get('binance/BTCUSDT/1m');
  const written = lstatSync(one.file!).ino;
  const reads: number[] = [];
  const read: Disk['read'] = (handle, target, at) => {
    reads.push(target.byteLength);
    return REAL_DISK.read(handle, target, at);
  };
  const watched = openCandleStore(join(root, 'store'), { disk: { ...REAL_DISK, read } });
  const other = createMirror({
    ...{ store: watched, clock: createFakeClock(), bytesMax: 1e7 },
    tmpfs: { folder, bytesMax: 1e6 },
  });
  mirrors.push(other);
  const two = other.get('binance/BTCUSDT/1m');
  expect([two.contentHash, candlesHash(two.candles), two.file]).toEqual([hash, hash, one.file]);
  expect(lstatSync(two.file!).ino).toBe(written);
  // Only the description of the stored file was read.
  expect(Math.max(...reads)).toBeLessThan(900 * 8);
  mirrors[0]!.close();
  expect(candlesHash(attachMirrorFile(two.file!).read())).toBe(hash);
  other.close();
  expect(names()).toEqual([]);
});

test('candles that do not fit the bytes of the folder are mirrored without a file, and a note says so once', () => {
  const mirror = mirrorOf(mirrorFileBytes(900));
  const [one, two] = [mirror.put(candles), mirror.put(shorter)];
  mirror.put(sliceCandles(candles, 0, 400));
  expect([one.file === undefined, two.file]).toEqual([false, undefined]);
  expect(candlesHash(two.candles)).toBe(shorterHash);
  expect(notes).toEqual([
    expect.stringMatching(/goes on without a file.*24,\d{3} bytes beside 43,\d{3} bytes/),
    expect.stringMatching(/19,\d{3} bytes beside/),
  ]);
  expect(mirror.status().tmpfs).toMatchObject({
    files: 1,
    bytes: mirrorFileBytes(900),
    bytesMax: mirrorFileBytes(900),
  });
});

test('a disk that is full half way leaves no half file, and the mirror goes on', () => {
  let left = 20_000;
  const disk: Disk = {
    ...REAL_DISK,
    write(handle, bytes) {
      if (left === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      const part = bytes.subarray(0, left);
      left -= part.byteLength;
      return REAL_DISK.write(handle, part);
    },
  };
  expect(open(1e6, disk).write(hash, candles)).toBeUndefined();
  expect(notes).toEqual([expect.stringContaining('ENOSPC')]);
  expect(names()).toEqual([]);
});

test('a damaged file is said, removed and written anew from the store', () => {
  store().write(key, candles, meta);
  const one = mirrorOf().get('binance/BTCUSDT/1m');
  const bytes = readFileSync(one.file!);
  for (const damage of [
    () =>
      writeFileSync(
        one.file!,
        bytes.map((byte, at) => (at === 9000 ? byte ^ 4 : byte)),
      ),
    () => truncateSync(one.file!, 12_000),
    () => writeFileSync(one.file!, ''),
  ]) {
    damage();
    notes = [];
    const two = mirrorOf().get('binance/BTCUSDT/1m');
    expect(notes).toEqual([expect.stringMatching(/binance\/BTCUSDT\/1m could not be read and is written anew/)]);
    expect(candlesHash(two.candles)).toBe(hash);
    expect(readFileSync(two.file!)).toEqual(bytes);
  }
});

test('a sound file with the candles of another series is no copy of this one', () => {
  store().write(key, candles, meta);
  const held = open().write(shorterHash, shorter)!;
  writeFileSync(join(folder, `${hash}.candles`), readFileSync(held.path), { mode: 0o600 });
  writeFileSync(join(folder, `${hash}.${process.pid}-9-9.use`), '');
  const found = mirrorOf().get('binance/BTCUSDT/1m');
  expect(candlesHash(found.candles)).toBe(hash);
  expect(candlesHash(attachMirrorFile(found.file!).read())).toBe(hash);
});

test('what dead processes left is removed when the folder is opened; what living ones hold stays', () => {
  mkdirSync(folder, { mode: 0o700 });
  const leave = (name: string): void => writeFileSync(join(folder, name), 'x');
  for (const name of [
    `${hash}.candles`,
    `${hash}.${DEAD}-0-1.use`,
    // An earlier process that had our id.
    `${hash}.${process.pid}-0-1.use`,
    `.${hash}.candles.${DEAD}-0-1.tmp`,
    `.trial.${DEAD}-0-1.tmp`,
    `${shorterHash}.candles`,
    `${shorterHash}.${process.ppid}-0-1.use`,
    `.${shorterHash}.candles.${process.ppid}-0-1.tmp`,
    'notes.txt',
  ]) {
    leave(name);
  }
  open();
  expect(names()).toEqual(
    [
      `.${shorterHash}.candles.${process.ppid}-0-1.tmp`,
      `${shorterHash}.${process.ppid}-0-1.use`,
      `${shorterHash}.candles`,
      'notes.txt',
    ].sort(),
  );
});

test('a link in the folder is not followed: neither read, nor written through, nor its target removed', () => {
  const target = join(root, 'target');
  writeFileSync(target, 'precious');
  mkdirSync(folder, { mode: 0o700 });
  symlinkSync(target, join(folder, `${hash}.candles`));
  const opened = open();
  expect(opened.find(hash)).toBeUndefined();
  const lease = opened.write(hash, candles)!;
  expect(lstatSync(lease.path).isFile()).toBe(true);
  expect(candlesHash(attachMirrorFile(lease.path).read())).toBe(hash);
  lease.release();
  expect(readFileSync(target, 'utf8')).toBe('precious');
});

function openToAll(): void {
  mkdirSync(folder);
  chmodSync(folder, 0o777);
}

test.each([
  ['is a link', () => symlinkSync(mkdtempSync(join(root, 'elsewhere-')), folder), /it is a link or a file/],
  ['is a file', () => writeFileSync(folder, ''), /it is a link or a file/],
  ['is open to others', openToAll, /others have access/],
  ['has no parent', () => (folder = join(root, 'no', 'such')), /no is not a folder/],
])('where the folder %s, the temporary folder serves and a note says why', (_, arrange, why) => {
  arrange();
  const opened = open();
  expect(opened.path).toBe(join(tmpdir(), `gridmill-${process.getuid?.() ?? 'user'}`));
  expect(notes).toEqual([expect.stringMatching(why)]);
  expect(notes[0]).toContain(`${opened.path} is tried instead`);
});

test('where the folder belongs to another user, cannot be written or is too small, a note says why', () => {
  const refuse = (): never => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  const inFolder = (path: string): boolean => path.startsWith(folder);
  const faults: readonly [Partial<Disk>, RegExp][] = [
    [{ isPrivate: (path) => !inFolder(path) }, /belongs to another user/],
    [{ create: (path, mode) => (inFolder(path) ? refuse() : REAL_DISK.create(path, mode)) }, /: EACCES; /],
    [{ freeBytes: (path) => (inFolder(path) ? 64e6 : 1e9) }, /room for 64.0 MB, not for 100.0 MB/],
  ];
  for (const [fault, why] of faults) {
    notes = [];
    expect(open(1e8, { ...REAL_DISK, ...fault }).path).not.toBe(folder);
    expect(notes).toEqual([expect.stringMatching(why)]);
  }
});

test('where no folder serves, the mirror goes on without', () => {
  const disk: Disk = { ...REAL_DISK, freeBytes: () => 0 };
  expect(openMirrorFolder({ folder, bytesMax: 1 }, onNote, disk)).toBeUndefined();
  expect(notes.at(-1)).toContain('workers read from the mirror alone');
});

// Tests of the candle mirror over a real store: reads once, keeps timeframes apart, pins, evicts, preloads, refreshes.
import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS, type Candles, candlesHash, createCandles, sliceCandles } from '../market/candles.ts';
import { resampleCandles } from '../market/resample.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { type CandleStore, openCandleStore } from '../store/candle-store.ts';
import { REAL_DISK } from '../store/disk.ts';
import { createMirror, type Mirror, type MirrorOptions } from './mirror.ts';

const [minute, hour] = [parseTimeframe('1m'), parseTimeframe('1h')];
const whole = syntheticCandles({ seed: 7, timeframe: minute, barCount: 2000, startTime: 0, startPrice: 100 });
const first = sliceCandles(whole, 0, 1500);
const meta = { source: 'test', importedAt: 0, quality: null };
/** Bytes of 1,500 candles as the mirror holds them, their file around them included; of 1,500 at most this. */
const SERIES = 76_000;

let root: string;
let opened: string[];
let store: CandleStore;
let mirrors: Mirror[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-mirror-'));
  opened = [];
  const open = (path: string): number => {
    opened.push(path);
    return REAL_DISK.open(path);
  };
  const disk = { ...REAL_DISK, open };
  store = openCandleStore(root, { disk });
  mirrors = [];
});
afterEach(() => {
  for (const mirror of mirrors) mirror.close();
  rmSync(root, { recursive: true, force: true });
});

const withCode = (code: string) => expect.objectContaining({ code });
const write = (symbol: string, candles: Candles): string =>
  store.write({ exchange: 'binance', symbol, timeframe: candles.timeframe }, candles, meta);
function mirrorOf(options: Partial<MirrorOptions> = {}): Mirror {
  const mirror = createMirror({ store, clock: createFakeClock(), bytesMax: 1e7, reclaim: () => {}, ...options });
  mirrors.push(mirror);
  return mirror;
}
const fileOf = (symbol: string, timeframe = '1m'): string =>
  join(root, 'candles/binance', symbol, `${timeframe}.arrow`);
const bits = (candles: Candles): string => candlesHash(candles);

test('candles are read once, bit by bit, into one shared memory, and served without another look at the disk', () => {
  const hash = write('BTCUSDT', first);
  const mirror = mirrorOf();
  const { candles, contentHash, bytes, key } = mirror.get('binance/BTCUSDT/1m');
  expect([key, contentHash, bits(candles)]).toEqual(['binance/BTCUSDT/1m', hash, hash]);
  expect(candles.time.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(new Set(CANDLE_COLUMNS.map((name) => candles[name].buffer)).size).toBe(1);
  expect(bytes).toBe(candles.time.buffer.byteLength);
  const openedOnce = opened.length;
  for (let i = 0; i < 5; i++) expect(mirror.get('binance/BTCUSDT/1m').candles).toBe(candles);
  expect(opened.length).toBe(openedOnce);
  expect(mirror.status()).toMatchObject({ entries: 1, bytes, hits: 5, misses: 1, pins: 0, evictions: 0 });
});

test('timeframes of one market lie side by side: one that is resampled or stored replaces no other', () => {
  write('BTCUSDT', first);
  const mirror = mirrorOf();
  const minutes = mirror.get('binance/BTCUSDT/1m');
  const hours = mirror.get('binance/BTCUSDT/1h');
  expect(hours).toMatchObject({ key: 'binance/BTCUSDT/1h', resampledFrom: 'binance/BTCUSDT/1m' });
  expect(hours.candles.timeframe).toBe('1h');
  expect(bits(hours.candles)).toBe(bits(resampleCandles(first, hour)));
  expect(hours.contentHash).toBe(bits(hours.candles));
  expect(hours.candles.time.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(mirror.get('binance/BTCUSDT/1m').candles).toBe(minutes.candles);
  expect(minutes.resampledFrom).toBeUndefined();
  expect(mirror.status().entries).toBe(2);
});

test('a stored timeframe is served as it is stored, and is never resampled instead', () => {
  write('BTCUSDT', first);
  const other = syntheticCandles({ seed: 9, timeframe: hour, barCount: 20, startTime: 0, startPrice: 5 });
  const hash = write('BTCUSDT', other);
  const found = mirrorOf().get('binance/BTCUSDT/1h');
  expect([found.contentHash, found.resampledFrom]).toEqual([hash, undefined]);
});

test('what the store does not have is a typed error, and so are keys that lead out of it', () => {
  write('BTCUSDT', resampleCandles(first, hour));
  const mirror = mirrorOf();
  expect(() => mirror.get('binance/ETHUSDT/1m')).toThrow(withCode('CANDLES_NOT_FOUND'));
  // A shorter timeframe cannot be made of a longer one.
  expect(() => mirror.get('binance/BTCUSDT/1m')).toThrow(withCode('CANDLES_NOT_FOUND'));
  expect(() => mirror.get('binance/BTCUSDT/1x')).toThrow(withCode('TIMEFRAME_INVALID'));
  for (const key of ['../BTCUSDT/1h', 'binance/../1h', '..%2f/x/1h', 'a b/x/1h']) {
    expect(() => mirror.get(key)).toThrow(withCode('PATH_FORBIDDEN'));
  }
  for (const key of ['binance/BTCUSDT', '/etc/passwd', '../../etc/passwd/1h', '']) {
    expect(() => mirror.get(key)).toThrow(withCode('REQUEST_INVALID'));
  }
  expect(() => mirror.get('content:../../x')).toThrow(withCode('CANDLES_NOT_FOUND'));
});

test('candles that are not of the store have a key of their content, and equal ones are held once', () => {
  const mirror = mirrorOf();
  const put = mirror.put(first);
  expect(put).toMatchObject({ key: `content:${bits(first)}`, contentHash: bits(first), bytes: 1500 * 48 });
  expect(bits(put.candles)).toBe(bits(first));
  expect(put.candles.time.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(mirror.put(createCandles(minute, { ...first })).candles).toBe(put.candles);
  expect(mirror.get(put.key).candles).toBe(put.candles);
  expect(mirror.status().entries).toBe(1);
});

test('the least recently used candles make room, in the order of their last use, and are read anew when asked for', () => {
  for (const symbol of ['A', 'B', 'C']) write(symbol, first);
  const mirror = mirrorOf({ bytesMax: 2 * SERIES });
  const a = mirror.get('binance/A/1m');
  mirror.get('binance/B/1m');
  mirror.get('binance/A/1m');
  mirror.get('binance/C/1m');
  expect(mirror.status()).toMatchObject({ entries: 2, evictions: 1, misses: 3 });
  mirror.get('binance/A/1m');
  expect(mirror.status().misses).toBe(3);
  mirror.get('binance/B/1m');
  expect(mirror.status()).toMatchObject({ misses: 4, evictions: 2 });
  expect(mirror.status().bytes).toBeLessThanOrEqual(2 * SERIES);
  // Who had them has them: eviction takes nothing away from a reader.
  expect(bits(a.candles)).toBe(bits(first));
});

test('what is acquired is never evicted, and when it fills the mirror the error says who holds it and how much', () => {
  for (const symbol of ['A', 'B', 'C']) write(symbol, first);
  const mirror = mirrorOf({ bytesMax: 2 * SERIES });
  const a = mirror.acquire('binance/A/1m');
  const again = mirror.acquire('binance/A/1m');
  const b = mirror.acquire('binance/B/1m');
  expect(() => mirror.get('binance/C/1m')).toThrow(
    expect.objectContaining({ code: 'BUDGET_BYTES', found: expect.stringMatching(/binance\/A\/1m, binance\/B\/1m/) }),
  );
  expect(mirror.status()).toMatchObject({ entries: 2, pins: 3, evictions: 0, pinnedBytes: a.bytes + b.bytes });
  a.release();
  a.release();
  // The second handle still holds it, however often the first is released.
  expect(() => mirror.get('binance/C/1m')).toThrow(withCode('BUDGET_BYTES'));
  again.release();
  mirror.get('binance/C/1m');
  expect(mirror.get('binance/B/1m').candles).toBe(b.candles);
  expect(mirror.status()).toMatchObject({ entries: 2, evictions: 1 });
});

test('memory that was let go is reclaimed before more than an eighth of the mirror waits for it', () => {
  for (const symbol of ['A', 'B', 'C']) write(symbol, first);
  let reclaims = 0;
  const mirror = mirrorOf({ bytesMax: SERIES, reclaim: () => reclaims++ });
  mirror.get('binance/A/1m');
  expect(reclaims).toBe(0);
  mirror.get('binance/B/1m');
  mirror.get('binance/C/1m');
  expect(reclaims).toBe(2);
  expect(mirror.status().droppedBytes).toBe(0);
});

test('preload reads what fits and reports what is missing or damaged', async () => {
  write('A', first);
  write('B', first);
  write('BAD', first);
  truncateSync(fileOf('BAD'), 5000);
  const mirror = mirrorOf();
  mirror.get('binance/A/1m');
  const keys = ['A/1m', 'A/1h', 'B/5m', 'BAD/1m', 'NONE/1m', 'A/1m'].map((key) => `binance/${key}`);
  const report = await mirror.preload(keys);
  expect(report.loaded.map(({ key, bars, resampledFrom }) => [key, bars, resampledFrom])).toEqual([
    ['binance/A/1m', 1500, undefined],
    ['binance/A/1h', 25, 'binance/A/1m'],
    ['binance/B/5m', 300, 'binance/B/1m'],
  ]);
  expect(report.missing).toEqual(['binance/NONE/1m']);
  expect(report.failed).toEqual([{ key: 'binance/BAD/1m', error: expect.stringContaining('no footer') }]);
  expect(report.bytes).toBe(report.loaded.reduce((sum, { bytes }) => sum + bytes, 0));
  const { misses } = mirror.status();
  for (const { key } of report.loaded) mirror.get(key);
  expect(mirror.status().misses).toBe(misses);
});

test('preload refuses what does not fit together before it reads a single candle', async () => {
  for (const symbol of ['A', 'B', 'C']) write(symbol, first);
  const mirror = mirrorOf({ bytesMax: 2.5 * SERIES });
  const keys = ['A', 'B', 'C'].map((symbol) => `binance/${symbol}/1m`);
  await expect(mirror.preload(keys)).rejects.toEqual(
    expect.objectContaining({
      code: 'BUDGET_BYTES',
      found: expect.stringMatching(/^3 series take 22\d,\d{3} bytes|^3 series take 0.2 MB/),
    }),
  );
  expect(mirror.status().entries).toBe(0);
  await mirror.preload(keys.slice(0, 2));
  const held = mirror.acquire(keys[0]!);
  // What is in use counts, but not twice.
  await mirror.preload(keys.slice(0, 2));
  await expect(mirror.preload(keys.slice(1))).rejects.toEqual(withCode('BUDGET_BYTES'));
  held.release();
  expect((await mirror.preload(keys.slice(1))).loaded).toHaveLength(2);
});

test('refresh reads nothing but descriptions while the store is as it was', async () => {
  write('A', first);
  const mirror = mirrorOf();
  const before = mirror.get('binance/A/1m').candles;
  mirror.get('binance/A/1h');
  opened.length = 0;
  expect(await mirror.refresh()).toMatchObject({ checked: 2, changed: [], removed: [], failed: [], bytesFreed: 0 });
  // One look at the one stored file per key.
  expect(opened).toEqual([fileOf('A'), fileOf('A')]);
  // The same candles stored again are no change.
  write('A', first);
  expect((await mirror.refresh()).changed).toEqual([]);
  expect(mirror.get('binance/A/1m').candles).toBe(before);
});

test('refresh puts the new candles beside the old ones, which whoever has them keeps bit by bit', async () => {
  const hashBefore = write('A', first);
  const mirror = mirrorOf();
  const held = mirror.acquire('binance/A/1m');
  const hours = mirror.get('binance/A/1h');
  const hashAfter = write('A', whole);
  expect(mirror.get('binance/A/1m').candles).toBe(held.candles);
  const report = await mirror.refresh();
  expect(report.changed).toEqual([
    {
      ...{ key: 'binance/A/1m', rowsBefore: 1500, rowsAfter: 2000, rowsAdded: 500, isExtension: true },
      ...{ hashBefore, hashAfter, bytesFreed: 0 },
    },
    expect.objectContaining({ key: 'binance/A/1h', rowsBefore: 25, rowsAfter: 33, bytesFreed: hours.bytes }),
  ]);
  expect(bits(held.candles)).toBe(hashBefore);
  const after = mirror.get('binance/A/1m');
  expect([after.contentHash, bits(after.candles)]).toEqual([hashAfter, hashAfter]);
  expect(after.snapshot).toBeGreaterThan(held.snapshot);
  expect(bits(mirror.get('binance/A/1h').candles)).toBe(bits(resampleCandles(whole, hour)));
  expect(mirror.status()).toMatchObject({ entries: 2, retired: 1, retiredBytes: held.bytes, pins: 1 });
  held.release();
  expect(mirror.status()).toMatchObject({ retired: 0, retiredBytes: 0, pins: 0 });
});

test('refresh tells candles that were rewritten from candles that were added', async () => {
  write('A', first);
  const mirror = mirrorOf();
  mirror.get('binance/A/1m');
  const close = whole.close.slice();
  close[3] = close[3]! + 1e-9;
  write('A', createCandles(minute, { ...whole, close }));
  const [change] = (await mirror.refresh()).changed;
  expect(change).toMatchObject({ rowsAdded: 500, isExtension: false });
});

test('refresh forgets what the store has no longer and serves on what it cannot read', async () => {
  write('A', first);
  const hash = write('B', first);
  const mirror = mirrorOf();
  const held = mirror.acquire('binance/A/1m');
  mirror.get('binance/B/1m');
  store.remove({ exchange: 'binance', symbol: 'A', timeframe: minute });
  appendFileSync(fileOf('B'), 'torn');
  const report = await mirror.refresh();
  expect(report).toMatchObject({ removed: ['binance/A/1m'], failed: [{ key: 'binance/B/1m' }], changed: [] });
  expect(() => mirror.get('binance/A/1m')).toThrow(withCode('CANDLES_NOT_FOUND'));
  expect(bits(held.candles)).toBe(bits(first));
  expect(mirror.get('binance/B/1m').contentHash).toBe(hash);
});

test('where there is no room for both, a refresh replaces candles that nobody has and leaves those in use', async () => {
  write('A', first);
  const mirror = mirrorOf({ bytesMax: 1.5 * SERIES });
  const held = mirror.acquire('binance/A/1m');
  const hash = write('A', whole);
  expect((await mirror.refresh()).failed).toEqual([
    { key: 'binance/A/1m', error: expect.stringContaining('fit the memory of the mirror') },
  ]);
  expect(mirror.get('binance/A/1m').candles).toBe(held.candles);
  held.release();
  expect((await mirror.refresh()).changed).toEqual([
    expect.objectContaining({ hashAfter: hash, bytesFreed: held.bytes }),
  ]);
  expect(mirror.get('binance/A/1m').contentHash).toBe(hash);
});

test('polling finds a change by itself and ends with the mirror', async () => {
  write('A', first);
  const reports: number[] = [];
  const mirror = mirrorOf({ refreshEveryMs: 1, onRefresh: (report) => reports.push(report.changed.length) });
  mirror.get('binance/A/1m');
  write('A', whole);
  const until = Date.now() + 20_000;
  while (reports.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(reports).toEqual([1]);
  mirror.close();
  expect(mirror.status()).toMatchObject({ entries: 0, bytes: 0 });
  expect(readdirSync(root)).toEqual(['candles']);
});

test('the number of series has a limit: the least recently used one goes, and an error says when all are in use', () => {
  const mirror = mirrorOf();
  const series = (n: number): Candles =>
    createCandles(minute, { ...sliceCandles(first, 0, 1), close: Float64Array.of(n) });
  const handles = Array.from({ length: LIMITS.mirrorEntriesMax }, (_, n) => mirror.acquire(mirror.put(series(n)).key));
  expect(() => mirror.put(series(-1))).toThrow(withCode('LIMIT_EXCEEDED'));
  for (const handle of handles) handle.release();
  mirror.put(series(-1));
  expect(mirror.status()).toMatchObject({ entries: LIMITS.mirrorEntriesMax, evictions: 1 });
  expect(() => mirror.get(handles[0]!.key)).toThrow(withCode('CANDLES_NOT_FOUND'));
});

test('a mirror that is closed takes nothing in, not even what it had begun to load', async () => {
  write('A', first);
  write('B', first);
  const mirror = mirrorOf();
  const loading = mirror.preload(['binance/A/1m', 'binance/B/1m']);
  const held = mirror.acquire('binance/A/1m');
  mirror.close();
  expect((await loading).loaded).toHaveLength(1);
  expect(mirror.status()).toMatchObject({ entries: 0, retired: 1 });
  expect(bits(held.candles)).toBe(bits(first));
  held.release();
  expect(mirror.status()).toMatchObject({ bytes: 0, retired: 0 });
  expect(() => mirror.get('binance/A/1m')).toThrow(/closed/);
});

test('a session sees one content of a key, and lets go of all it took at once', async () => {
  write('A', first);
  const mirror = mirrorOf();
  const session = mirror.session();
  const before = session.get('binance/A/1m');
  session.put(sliceCandles(first, 0, 9));
  write('A', whole);
  await mirror.refresh();
  expect(mirror.get('binance/A/1m').candles.barCount).toBe(2000);
  expect(session.get('binance/A/1m').candles).toBe(before.candles);
  expect(mirror.status()).toMatchObject({ pins: 2, retired: 1 });
  session.release();
  expect(mirror.status()).toMatchObject({ pins: 0, retired: 0 });
  expect(session.get('binance/A/1m').candles.barCount).toBe(2000);
});

test('a series built from one that could not be refreshed stays as it is, without being built again', async () => {
  write('A', first);
  const mirror = mirrorOf({ bytesMax: 1.5 * SERIES });
  const held = mirror.acquire('binance/A/1m');
  const hours = mirror.get('binance/A/1h');
  write('A', whole);
  expect(await mirror.refresh()).toMatchObject({ changed: [], failed: [{ key: 'binance/A/1m' }] });
  expect(mirror.get('binance/A/1h').snapshot).toBe(hours.snapshot);
  held.release();
});

test('a series that is being resampled is not let go to make room for what is built from it', () => {
  write('A', first);
  const { bytes } = mirrorOf().get('binance/A/1m');
  const mirror = mirrorOf({ bytesMax: bytes + 1000 });
  expect(() => mirror.get('binance/A/1h')).toThrow(withCode('BUDGET_BYTES'));
  expect(mirror.status()).toMatchObject({ entries: 1, evictions: 0, pins: 0 });
});

test('a series that has grown since its description was read, beyond the room there is, leaves nothing behind', () => {
  write('A', first);
  const growing: CandleStore = {
    ...store,
    read(key, options) {
      write('A', whole);
      return store.read(key, options);
    },
  };
  const folder = join(root, 'files');
  const mirror = mirrorOf({ store: growing, bytesMax: SERIES, tmpfs: { folder, bytesMax: 1e6 } });
  expect(() => mirror.get('binance/A/1m')).toThrow(withCode('BUDGET_BYTES'));
  expect(readdirSync(folder)).toEqual([]);
});

test('a closed mirror leaves no timer behind', () => {
  vi.useFakeTimers();
  try {
    const mirror = mirrorOf({ refreshEveryMs: 1000 });
    expect(vi.getTimerCount()).toBe(1);
    mirror.close();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('a refresh that makes room and then fails to read has let go of others, not of what it was to replace', async () => {
  write('A', first);
  write('B', first);
  let isFailing = false;
  const failing: CandleStore = {
    ...store,
    read(key, options) {
      if (isFailing) throw new AppError('STORE_UNREADABLE', { found: 'EIO.', todo: 'Check the disk.' });
      return store.read(key, options);
    },
  };
  const mirror = mirrorOf({ store: failing, bytesMax: 2.5 * SERIES });
  const before = mirror.get('binance/A/1m');
  mirror.get('binance/B/1m');
  write('A', whole);
  isFailing = true;
  expect((await mirror.refresh()).failed).toEqual([{ key: 'binance/A/1m', error: expect.stringContaining('EIO') }]);
  expect(mirror.get('binance/A/1m').candles).toBe(before.candles);
});

// Unit tests of the candle store.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from '@uwdata/flechette';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CANDLE_COLUMNS, type CandleKey, candlesHash } from '../market/candles.ts';
import { checkCandles } from '../market/quality.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { type CandleStore, openCandleStore } from './candle-store.ts';
import { xxhash32 } from './xxhash32.ts';

const timeframe = parseTimeframe('1m');
const key: CandleKey = { exchange: 'binance', symbol: 'BTCUSDT', timeframe };
const candles = syntheticCandles({ seed: 3, timeframe, barCount: 1003, startTime: -60_000_000, startPrice: 100 });
const meta = { source: 'a "file"\n.csv', importedAt: 17, quality: checkCandles(candles, timeframe).report };

let root: string;
let store: CandleStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gridmill-candles-'));
  store = openCandleStore(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const withCode = (code: string) => expect.objectContaining({ code });

test('a stored series comes back bit by bit with its hash, source and quality report', () => {
  expect(store.has(key)).toBe(false);
  expect(store.write(key, candles, meta)).toBe(candlesHash(candles));
  expect(store.has(key)).toBe(true);
  const stored = store.read(key);
  expect(candlesHash(stored.candles)).toBe(candlesHash(candles));
  expect(stored.contentHash).toBe(candlesHash(candles));
  expect(stored.meta).toEqual(meta);
  expect(store.verify(key)).toBe(candlesHash(candles));
});

test('the columns of one read are views of one piece of memory, shared when asked', () => {
  store.write(key, candles, meta);
  for (const shared of [false, true]) {
    const read = store.read(key, { shared }).candles;
    expect(read.time.buffer).toBeInstanceOf(shared ? SharedArrayBuffer : ArrayBuffer);
    for (const name of CANDLE_COLUMNS) {
      expect(read[name].buffer).toBe(read.time.buffer);
      expect(read[name].byteOffset % 64).toBe(0);
    }
    expect([...read.close]).toEqual([...candles.close]);
  }
});

test('the file is an Arrow file that any reader opens, with UTC times and checksums in its metadata', () => {
  store.write(key, candles, meta);
  const path = join(root, 'candles/binance/BTCUSDT/1m.arrow');
  const table = tableFromIPC(new Uint8Array(readFileSync(path)), { useBigIntTimestamp: true });
  expect(table.names).toEqual(CANDLE_COLUMNS);
  expect(table.numRows).toBe(1003);
  expect(table.schema.fields[0]!.type).toMatchObject({ unit: 1, timezone: 'UTC' });
  expect(table.getChild('time').at(1)).toBe(BigInt(candles.time[1]!));
  const header = JSON.parse(table.schema.metadata!.get('gridmill')!);
  const volume = table.getChild('volume').data[0]!.values as Float64Array;
  const padded = new Uint8Array(volume.buffer, volume.byteOffset, Math.ceil(1003 / 8) * 64);
  expect(header.checksums.volume).toBe(xxhash32(padded).toString(16).padStart(8, '0'));
  expect(header).toMatchObject({ barCount: 1003, firstTime: candles.time[0], lastTime: candles.time[1002] });
});

test('the list names every series in order, and nothing in an empty or absent store', () => {
  expect(store.list()).toEqual([]);
  expect(openCandleStore(join(root, 'absent')).list()).toEqual([]);
  for (const symbol of ['ETHUSDT', 'BTCUSDT']) store.write({ ...key, symbol }, candles, meta);
  expect(store.list().map((entry) => [entry.key.symbol, entry.header?.barCount, entry.damage])).toEqual([
    ['BTCUSDT', 1003, undefined],
    ['ETHUSDT', 1003, undefined],
  ]);
});

test('a removed series is gone, and removing it again answers false', () => {
  store.write(key, candles, meta);
  expect(store.remove(key)).toBe(true);
  expect(store.remove(key)).toBe(false);
  expect(() => store.read(key)).toThrow(withCode('CANDLES_NOT_FOUND'));
  expect(() => store.verify(key)).toThrow(withCode('CANDLES_NOT_FOUND'));
});

test('the disk limit counts what is stored, not what is replaced, and states the numbers', () => {
  store.write(key, candles, meta);
  const { bytes } = store.list()[0]!;
  const exact = openCandleStore(root, { storeBytesMax: 2 * bytes });
  exact.write(key, candles, meta);
  exact.write({ ...key, symbol: 'ETHUSDT' }, candles, meta);
  exact.write(key, candles, meta);
  const tooSmall = openCandleStore(root, { storeBytesMax: 2 * bytes - 1 });
  expect(() => tooSmall.write(key, candles, meta)).toThrow(withCode('STORE_FULL'));
  expect(() => tooSmall.write(key, candles, meta)).toThrow(`${bytes} stored; the limit is ${2 * bytes - 1}`);
});

describe('a key cannot leave the store', () => {
  const names = ['..', '.', '.hidden', '', 'a/b', '..\\x', 'a\0b', '%2e%2e', 'é', 'x'.repeat(65), '/etc', 'a b', 'a:b'];
  for (const name of names) {
    test(`as ${JSON.stringify(name.slice(0, 10))}`, () => {
      for (const bad of [
        { ...key, symbol: name },
        { ...key, exchange: name },
      ]) {
        expect(() => store.write(bad, candles, meta)).toThrow(withCode('PATH_FORBIDDEN'));
        expect(() => store.read(bad)).toThrow(withCode('PATH_FORBIDDEN'));
        expect(() => store.has(bad)).toThrow(withCode('PATH_FORBIDDEN'));
        expect(() => store.remove(bad)).toThrow(withCode('PATH_FORBIDDEN'));
      }
      expect(() => store.has({ ...key, timeframe: name as never })).toThrow(withCode('TIMEFRAME_INVALID'));
    });
  }

  test('64 characters are allowed', () => {
    store.write({ ...key, symbol: 'x'.repeat(64) }, candles, meta);
  });

  test('through a linked folder', () => {
    const outside = mkdtempSync(join(tmpdir(), 'gridmill-outside-'));
    mkdirSync(join(root, 'candles/binance'), { recursive: true });
    symlinkSync(outside, join(root, 'candles/binance/BTCUSDT'));
    expect(() => store.write(key, candles, meta)).toThrow(withCode('PATH_FORBIDDEN'));
    expect(() => store.read(key)).toThrow(withCode('PATH_FORBIDDEN'));
    expect(store.list()).toEqual([]);
    rmSync(outside, { recursive: true });
  });

  test('through a linked file', () => {
    store.write(key, candles, meta);
    const path = store.list()[0]!.path;
    const outside = join(root, 'outside.arrow');
    writeFileSync(outside, readFileSync(path));
    rmSync(path);
    symlinkSync(outside, path);
    expect(() => store.read(key)).toThrow(withCode('PATH_FORBIDDEN'));
    // Writing replaces the link itself.
    store.write(key, candles, meta);
    expect(store.verify(key)).toBe(candlesHash(candles));
  });

  test('but the root itself may be a link', () => {
    const linked = `${root}-link`;
    symlinkSync(root, linked);
    openCandleStore(linked).write(key, candles, meta);
    expect(store.has(key)).toBe(true);
    rmSync(linked);
  });
});

test('foreign files and folders in the store are passed over', () => {
  store.write(key, candles, meta);
  writeFileSync(join(root, 'candles/binance/BTCUSDT/notes.arrow'), 'x');
  writeFileSync(join(root, 'candles/readme.txt'), 'x');
  expect(store.list()).toHaveLength(1);
});

test('times that are no whole milliseconds are a bug of the caller', () => {
  const time = candles.time.map((ms) => ms + 0.5);
  expect(() => store.write(key, { ...candles, time }, meta)).toThrow(/whole milliseconds/);
});

test('a source text beyond the description limit is refused', () => {
  const long = { ...meta, source: 'x'.repeat(600_000) };
  expect(() => store.write(key, candles, long)).toThrow(withCode('LIMIT_EXCEEDED'));
});

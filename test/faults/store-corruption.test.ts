// Is every damaged stored file refused, with a typed error, before one of its numbers is used?
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from '@uwdata/flechette';
import { afterAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import { createPrng } from '../../src/core/prng.ts';
import { CANDLE_COLUMNS } from '../../src/market/candles.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { decodeCandleFile } from '../../src/store/candle-file.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';
import { decodeResult, encodeResult } from '../../src/store/result-file.ts';
import { xxhash32 } from '../../src/store/xxhash32.ts';

const BIT_FLIPS = 1000;
const SEED = 77;
const root = mkdtempSync(join(tmpdir(), 'gridmill-corrupt-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const timeframe = parseTimeframe('1m');
// 61 candles: 3 of padding in each column.
const candles = syntheticCandles({ seed: 5, timeframe, barCount: 61, startTime: 0, startPrice: 100 });
const key = { exchange: 'test', symbol: 'BTCUSDT', timeframe };
const store = openCandleStore(root);
store.write(key, candles, { source: 'synthetic', importedAt: 0, quality: null });
const path = store.list()[0]!.path;
const sound = readFileSync(path);
const columnBytes = 512;
const headBytes = sound.indexOf(Buffer.from(new Float64Array(candles.open).buffer)) - columnBytes;
const bodyEnd = headBytes + 6 * columnBytes;

/** Decodes a damaged copy; answers the message of the typed refusal, and throws when it was not refused. */
function refusal(damage: (bytes: Buffer) => Buffer | undefined): string {
  const copy = Buffer.from(sound);
  const bytes = damage(copy) ?? copy;
  try {
    decodeCandleFile('file', new Uint8Array(bytes));
  } catch (error) {
    if (isAppError(error, 'CANDLE_FILE_CORRUPT')) return error.message;
    throw error;
  }
  throw new Error('The damage was not noticed.');
}

const flip = (bit: number) => (bytes: Buffer) => {
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return bytes;
};

describe('a damaged candle file', () => {
  test('is sound before it is damaged', () => {
    expect([...decodeCandleFile('file', new Uint8Array(sound)).candles.close]).toEqual([...candles.close]);
    expect(headBytes % 64).toBe(0);
  });

  test('is refused for every flipped bit of its head and tail', () => {
    for (let bit = 0; bit < 8 * headBytes; bit++) refusal(flip(bit));
    for (let bit = 8 * bodyEnd; bit < 8 * sound.byteLength; bit++) refusal(flip(bit));
  });

  test(`is refused for ${BIT_FLIPS} random flipped bits of its columns (seed ${SEED}), naming the column`, () => {
    const prng = createPrng(SEED);
    for (let k = 0; k < BIT_FLIPS; k++) {
      const at = prng.nextBelow(6 * columnBytes);
      const column = CANDLE_COLUMNS[Math.floor(at / columnBytes)];
      const message = refusal(flip(8 * (headBytes + at) + prng.nextBelow(8)));
      expect(message).toContain(
        `file: column ${column} at byte ${headBytes + Math.floor(at / columnBytes) * columnBytes}`,
      );
    }
  });

  test('is refused when cut at any byte, emptied, or made longer', () => {
    for (let length = 0; length < sound.byteLength; length++) refusal((bytes) => bytes.subarray(0, length));
    refusal((bytes) => Buffer.concat([bytes, Buffer.alloc(64)]));
    refusal((bytes) => Buffer.concat([bytes, bytes]));
  });

  test('is refused when two columns are swapped or a block of zeros lies over a part', () => {
    const [from, to] = [headBytes + columnBytes, headBytes + 2 * columnBytes];
    refusal((bytes) => {
      const open = Buffer.from(bytes.subarray(from, to));
      bytes.copyWithin(from, to, to + columnBytes);
      open.copy(bytes, to);
      return bytes;
    });
    for (let at = 0; at < sound.byteLength; at += 64) {
      // The zeros after the last candle of a column are zeros already.
      if (sound.subarray(at, at + 64).some((byte) => byte !== 0))
        refusal((bytes) => bytes.fill(0, at, Math.min(at + 64, bytes.length)));
    }
  });

  test('is unreadable, not corrupt, when it is sound and of another format version', () => {
    const bytes = Buffer.from(sound);
    const sealAt = bytes.lastIndexOf('GRIDMILL');
    bytes.writeUInt32LE(2, sealAt + 8);
    bytes.writeUInt32LE(0, sealAt + 32);
    bytes.writeUInt32LE(xxhash32(new Uint8Array(bytes.subarray(bodyEnd))), sealAt + 32);
    expect(() => decodeCandleFile('file', new Uint8Array(bytes))).toThrow(
      expect.objectContaining({ code: 'CANDLE_FILE_UNREADABLE' }),
    );
  });

  test('shows up in the list and is refused by read and verify', () => {
    writeFileSync(path, flip(8 * 200)(Buffer.from(sound)));
    expect(store.list()[0]!.damage).toContain('head at byte 0');
    expect(() => store.read(key)).toThrow(expect.objectContaining({ code: 'CANDLE_FILE_CORRUPT' }));
    expect(() => store.verify(key)).toThrow(expect.objectContaining({ code: 'CANDLE_FILE_CORRUPT' }));
    writeFileSync(path, sound);
  });

  test('is refused when it was moved to the name of another market', () => {
    store.write({ ...key, symbol: 'ETHUSDT' }, candles, { source: 'synthetic', importedAt: 0, quality: null });
    renameSync(path, path.replace('BTCUSDT', 'ETHUSDT'));
    expect(() => store.read({ ...key, symbol: 'ETHUSDT' })).toThrow(/it holds test\/BTCUSDT\/1m/);
    expect(store.list().map(({ damage }) => damage)).toEqual([expect.stringContaining('moved or renamed')]);
    writeFileSync(path, sound);
  });

  // Anti-test: what a reader without the checksums makes of the same damage.
  test('gives wrong prices without a word to a reader that checks nothing', () => {
    const bytes = flip(8 * (headBytes + columnBytes + 6) + 3)(Buffer.from(sound));
    const open = tableFromIPC(new Uint8Array(bytes)).getChild('open').toArray() as Float64Array;
    expect(open[0]).toBeGreaterThan(0);
    expect(open[0]).not.toBe(candles.open[0]);
  });
});

describe('a damaged result file', () => {
  const whole = encodeResult({
    format: 'gridmill-result',
    createdAt: 1_700_000_000_000,
    summary: { strategy: 'sma-cross', bestReturn: 0.25 },
    body: { rows: [{ key: 'a', score: 1.5 }], note: 'ü' },
  });

  test('is refused for every flipped bit', () => {
    for (let bit = 0; bit < 8 * whole.byteLength; bit++) {
      const bytes = flip(bit)(Buffer.from(whole));
      expect(() => decodeResult('file', bytes)).toThrow(expect.objectContaining({ code: 'RESULT_CORRUPT' }));
    }
  });

  test('is refused when cut at any byte', () => {
    for (let length = 0; length < whole.byteLength; length++) {
      expect(() => decodeResult('file', whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'RESULT_CORRUPT' }),
      );
    }
  });

  test('gives wrong numbers without a word to a reader that only parses', () => {
    const text = Buffer.from(whole).toString().replace('0.25', '0.75');
    expect(JSON.parse(text)).toMatchObject({ summary: { bestReturn: 0.75 } });
  });
});

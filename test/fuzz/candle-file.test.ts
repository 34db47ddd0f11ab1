// Can any bytes make the readers of stored files crash, hang or answer numbers?
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import { createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { decodeCandleFile, encodeCandleFile } from '../../src/store/candle-file.ts';
import { decodeResult, decodeResultHead, encodeResult } from '../../src/store/result-file.ts';

const timeframe = parseTimeframe('1m');
const key = { exchange: 'fuzz', symbol: 'X', timeframe };

/** Candles with any doubles as values: the file must carry them bit by bit. */
const anyCandles = fc
  .array(fc.tuple(fc.double(), fc.double(), fc.double(), fc.double(), fc.double()), { minLength: 1, maxLength: 40 })
  .chain((rows) =>
    fc.maxSafeInteger().map((start) => {
      const column = (k: number): Float64Array => Float64Array.from(rows, (row) => row[k]!);
      const time = Float64Array.from(rows, (_, i) => Math.max(start - i, -Number.MAX_SAFE_INTEGER) || 0);
      return createCandles(timeframe, {
        time,
        open: column(0),
        high: column(1),
        low: column(2),
        close: column(3),
        volume: column(4),
      });
    }),
  );

const encode = (candles: Parameters<typeof encodeCandleFile>[1], source: string): Uint8Array =>
  new Uint8Array(Buffer.concat(encodeCandleFile(key, candles, { source, importedAt: 0, quality: null }).chunks));

const refuses = (read: () => unknown): boolean => {
  try {
    read();
    return false;
  } catch (error) {
    if (isAppError(error)) return true;
    throw error;
  }
};

describe('candle files', () => {
  test('carry any numbers, times and source text bit by bit', () => {
    fc.assert(
      fc.property(anyCandles, fc.string({ unit: 'binary', maxLength: 200 }), (candles, source) => {
        const { candles: back, header } = decodeCandleFile('file', encode(candles, source));
        for (const name of ['time', 'open', 'high', 'low', 'close', 'volume'] as const) {
          expect(Buffer.from(back[name].slice().buffer).equals(Buffer.from(candles[name].buffer)), name).toBe(true);
        }
        expect(header.source).toBe(source);
      }),
      { numRuns: 60 },
    );
  });

  test('are refused when they are any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(refuses(() => decodeCandleFile('file', bytes))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('are refused after any edit of a part', () => {
    const sound = encode(createCandles(timeframe, columnsOfOnes(20)), 'fuzz');
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.uint8Array({ minLength: 1, maxLength: 64 }), (at, edit) => {
        const bytes = sound.slice();
        bytes.set(edit.subarray(0, bytes.length - at), at);
        fc.pre(!Buffer.from(bytes).equals(sound));
        expect(refuses(() => decodeCandleFile('file', bytes))).toBe(true);
      }),
      { numRuns: 800 },
    );
  });
});

describe('result files', () => {
  test('carry any JSON', () => {
    const json = fc.jsonValue({ noUnicodeString: false });
    fc.assert(
      fc.property(json, fc.nat(), (body, createdAt) => {
        const bytes = encodeResult({ format: 'gridmill-result', createdAt, summary: { a: 1 }, body: body as never });
        const back = decodeResult('file', bytes);
        expect(back.createdAt).toBe(createdAt);
        expect(JSON.stringify(sorted(back.body))).toBe(JSON.stringify(sorted(body)));
        expect(decodeResultHead('file', bytes)).toEqual({ createdAt, summary: { a: 1 } });
      }),
      { numRuns: 150 },
    );
  });

  test('are refused when they are any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(refuses(() => decodeResult('file', bytes))).toBe(true);
        expect(refuses(() => decodeResultHead('file', bytes))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

function columnsOfOnes(barCount: number) {
  const ones = () => new Float64Array(barCount).fill(1);
  const time = Float64Array.from({ length: barCount }, (_, i) => i * 60_000);
  return { time, open: ones(), high: ones(), low: ones(), close: ones(), volume: ones() };
}

/** Keys in one order, so that two values can be compared as text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}

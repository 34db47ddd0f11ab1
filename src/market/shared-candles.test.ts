// Candles in shared memory: the same bits, one copy at most, views across threads.
import { expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import { CANDLE_COLUMNS, candlesHash, sliceCandles } from './candles.ts';
import { shareCandles } from './shared-candles.ts';

test('puts all columns into one shared memory without changing a bit', () => {
  const candles = testCandles(500);
  const shared = shareCandles(candles);
  expect(candlesHash(shared)).toBe(candlesHash(candles));
  expect(new Set(CANDLE_COLUMNS.map((name) => shared[name].buffer)).size).toBe(1);
  expect(shared.time.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(shared.time.buffer.byteLength).toBe(500 * 6 * 8);
});

test('copies nothing that is shared already, not even a slice of it', () => {
  const shared = shareCandles(testCandles(500));
  const slice = sliceCandles(shared, 100, 400);
  expect(shareCandles(shared)).toBe(shared);
  expect(shareCandles(slice)).toBe(slice);
});

test('a message carries shared candles as views of the same memory', () => {
  const shared = shareCandles(testCandles(50));
  const received = structuredClone(shared);
  shared.close[7] = 12_345;
  expect(received.close[7]).toBe(12_345);
});

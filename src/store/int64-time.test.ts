// Unit tests of the time conversion.
import { expect, test } from 'vitest';
import { floatTimes, writeInt64Times } from './int64-time.ts';

test('times become int64 and back in the same memory, negative and beyond 2^32 ones too', () => {
  const max = Number.MAX_SAFE_INTEGER;
  const time = Float64Array.of(0, 1, -1, 4294967295, 4294967296, -4294967297, 1_700_000_000_000, max, -max);
  const stored = new BigInt64Array(time.length);
  writeInt64Times(time, new Int32Array(stored.buffer));
  expect([...stored]).toEqual([...time].map(BigInt));
  const back = floatTimes(stored, time.length);
  expect([...back]).toEqual([...time]);
  expect(back.buffer).toBe(stored.buffer);
});

test('a time that is no whole number is refused', () => {
  expect(() => writeInt64Times(Float64Array.of(0.5), new Int32Array(2))).toThrow(/whole milliseconds/);
});

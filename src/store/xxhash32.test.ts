// Unit tests of the file checksum.
import { expect, test } from 'vitest';
import { xxhash32 } from './xxhash32.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 256);

test('equals XXH32 of the reference implementation (python xxhash 3)', () => {
  expect(xxhash32(text(''))).toBe(0x02cc5d05);
  expect(xxhash32(text('a'))).toBe(0x550d7456);
  expect(xxhash32(text('abc'))).toBe(0x32d153ff);
  expect(xxhash32(text('Nobody inspects the spammish repetition'))).toBe(0xe2293b2f);
  expect(xxhash32(counting(16))).toBe(0xb72837f4);
  expect(xxhash32(counting(101))).toBe(0x1a20e95b);
  expect(xxhash32(counting(1024))).toBe(0x58654d5a);
});

test('does not depend on where the bytes lie in memory', () => {
  for (let offset = 0; offset < 8; offset++) {
    const moved = new Uint8Array(offset + 101).subarray(offset);
    moved.set(counting(101));
    expect(xxhash32(moved)).toBe(0x1a20e95b);
  }
});

test('changes with every single flipped bit', () => {
  const bytes = counting(77);
  const original = xxhash32(bytes);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(xxhash32(bytes)).not.toBe(original);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

// Canonical JSON and the hash over it.
import { describe, expect, test } from 'vitest';
import { canonicalJson, hashJson, sha256Hex } from './hash.ts';

describe('canonicalJson', () => {
  test('sorts keys at every depth and drops undefined members', () => {
    expect(canonicalJson({ b: 1, a: { d: [1, 2], c: null }, e: undefined })).toBe('{"a":{"c":null,"d":[1,2]},"b":1}');
  });

  test('writes -0 as 0 and numbers as shortest round-trip doubles', () => {
    expect(canonicalJson([-0, 0.1, 1e21, 0.30000000000000004])).toBe('[0,0.1,1e+21,0.30000000000000004]');
  });

  test('refuses numbers that JSON cannot hold', () => {
    expect(() => canonicalJson([Number.NaN])).toThrow('finite');
    expect(() => canonicalJson({ a: Number.POSITIVE_INFINITY })).toThrow('finite');
  });
});

describe('sha256Hex', () => {
  test('matches the published digest of "abc" (FIPS 180-2)', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex('a', new TextEncoder().encode('bc'))).toBe(sha256Hex('abc'));
  });

  test('does not depend on the order of members', () => {
    expect(hashJson({ a: 1, b: 2 })).toBe(hashJson({ b: 2, a: 1 }));
    expect(hashJson({ a: 1, b: 2 })).not.toBe(hashJson({ a: 2, b: 1 }));
  });
});

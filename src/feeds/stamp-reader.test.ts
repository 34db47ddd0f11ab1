// Times of every unit come out as epoch milliseconds, and ambiguous or uneven ones are refused.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { StampReader } from './stamp-reader.ts';

const NEW_YEAR = Date.UTC(2024, 0, 1);
const read = (text: string): number => new StampReader().fromText(text);

describe('units', () => {
  test('seconds, milliseconds, microseconds, nanoseconds and ISO 8601 name the same moment', () => {
    const spellings = [
      ['1704067200', 's'],
      ['1704067200.0', 's'],
      ['1704067200000', 'ms'],
      ['1704067200000000', 'us'],
      ['1704067200000000000', 'ns'],
      ['20240101', 'date'],
      ['2024-01-01', 'iso'],
      ['2024/01/01 00:00', 'iso'],
      ['2024-01-01T00:00:00Z', 'iso'],
      ['2024-01-01 00:00:00 UTC', 'iso'],
      ['2024-01-01 00:00:00+00:00', 'iso'],
      ['2023-12-31T19:00:00.000-0500', 'iso'],
      ['2024-01-01 05:30:00.000000000+05:30', 'iso'],
      ['2024-01-01t01:00:00,000+01', 'iso'],
    ] as const;
    for (const [text, unit] of spellings) {
      const reader = new StampReader();
      expect([reader.fromText(text), reader.unit], text).toEqual([NEW_YEAR, unit]);
    }
  });

  test('nanoseconds are exact beyond 2^53', () => {
    expect(read('1704067200001000000')).toBe(NEW_YEAR + 1);
    expect(read('1704067200001000001')).toBeNaN();
  });

  test('what is finer than a millisecond is refused, not rounded', () => {
    for (const text of ['1704067200.0005', '1704067200000.5', '1704067200000001', '2024-01-01T00:00:00.0001']) {
      expect(read(text), text).toBeNaN();
    }
    expect(read('1704067200.5')).toBe(NEW_YEAR + 500);
  });

  test('a file keeps its unit, but for the switch from milliseconds to microseconds', () => {
    const reader = new StampReader();
    expect(reader.fromNumber(1_735_689_540_000)).toBe(1_735_689_540_000);
    expect(reader.switched).toBe(false);
    expect(reader.fromNumber(1_735_689_600_000_000)).toBe(1_735_689_600_000);
    expect(reader.switched).toBe(true);
    expect(reader.fromNumber(1_735_689_660)).toBeNaN();
    expect(reader.fromText('2025-01-01')).toBeNaN();
  });

  test('a given unit overrules size', () => {
    expect(new StampReader('ms').fromNumber(60_000)).toBe(60_000);
    expect(new StampReader('s').fromNumber(20_240_101)).toBe(20_240_101_000);
    expect(new StampReader('ms').fromText('2024-01-01')).toBeNaN();
    expect(new StampReader('ns').fromBigInt(5_000_000n)).toBe(5);
  });

  test('times before 1970 work in every unit', () => {
    expect(read('-86400')).toBe(-86_400_000);
    expect(read('1928-01-03')).toBe(Date.UTC(1928, 0, 3));
  });
});

describe('ISO 8601', () => {
  test('equals Date.parse on 20,000 random moments from year 1 to 9999', () => {
    const seed = 7;
    const prng = createPrng(seed);
    for (let round = 0; round < 20_000; round++) {
      const ms = Math.floor(prng.next() * 315_000_000_000_000) - 62_000_000_000_000;
      const text = new Date(ms).toISOString();
      expect(read(text), `${text} (seed ${seed})`).toBe(ms);
    }
  });

  test('days, hours and zones that do not exist are refused', () => {
    const wrong = [
      '2023-02-29',
      '1900-02-29',
      '2024-13-01',
      '2024-00-10',
      '2024-04-31',
      '2024-01-01T24:00',
      '2024-01-01T23:60',
      '2024-01-01T00:00:60Z',
      '2024-01-01T00:00+24:00',
      '2024-01-01T00:00Zx',
      '2024-01-01T00',
      '2024-01-01T',
      '2024-1-1',
      '01/02/2024',
      '2024-01/01',
      '2024-01-01T00:00:00.Z',
      '2024-01-01T00:00 PST',
      '24-01-01 00:00',
    ];
    for (const text of wrong) expect(read(text), text).toBeNaN();
    expect(read('2000-02-29')).toBe(Date.UTC(2000, 1, 29));
  });

  test('a time without zone is marked as assumed', () => {
    const reader = new StampReader();
    reader.fromText('2024-01-01T00:00Z');
    expect(reader.naive).toBe(false);
    reader.fromText('2024-01-01T00:00');
    expect(reader.naive).toBe(true);
  });
});

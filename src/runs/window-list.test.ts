// Windows as they are written, and as they are split off the time that all markets have.
import { describe, expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import type { Candles } from '../market/candles.ts';
import { parseWindows, spanText, splitWindows } from './window-list.ts';

const texts = (text: string): string[] => parseWindows(text).map(spanText);

describe('windows written out', () => {
  test('as periods, sorted by time, with open ends', () => {
    expect(texts('2024-07-01..2025-01-01, 2024-01-01..2024-07-01')).toEqual([
      '2024-01-01..2024-07-01',
      '2024-07-01..2025-01-01',
    ]);
    expect(texts('2024-03..,..2024-03')).toEqual(['..2024-03-01', '2024-03-01..']);
    expect(texts('2024-03-01T12:00..2024-03-02')).toEqual(['2024-03-01T12:00..2024-03-02']);
  });

  test('as years, halves, quarters and months', () => {
    expect(texts('2023,2024')).toEqual(['2023-01-01..2024-01-01', '2024-01-01..2025-01-01']);
    expect(texts('2024-H1,2024-h2')).toEqual(['2024-01-01..2024-07-01', '2024-07-01..2025-01-01']);
    expect(texts('2024-Q4')).toEqual(['2024-10-01..2025-01-01']);
    expect(texts('2024-12')).toEqual(['2024-12-01..2025-01-01']);
  });

  test.each([
    ['2024-H3', /"2024-H3"/],
    ['..', /"\.\."/],
    ['2024-07-01..2024-01-01', /must begin before it ends/],
    ['2024,2024-01-01..2025-01-01', /2024-01-01\.\.2025-01-01 twice/],
    ['2024..x', /--windows must be a time/],
    ['2023,', /""/],
  ])('%s is refused', (text, message) => {
    expect(() => parseWindows(text)).toThrow(message);
  });
});

describe('windows split off', () => {
  const market = (name: string, candles: Candles) => ({ market: name, candles });
  const minute = 60_000;

  test('are equal, consecutive, and cover what all markets have', () => {
    const early = testCandles(1_000);
    const late = { ...early, barCount: 900, time: early.time.subarray(100) };
    const spans = splitWindows(4, [market('A', early), market('B', late)], {});
    expect(spans[0]!.from).toBe(late.time[0]);
    expect(spans.at(-1)!.to).toBe(early.time[999]! + minute);
    expect(spans.map(({ from, to }) => (to! - from!) / minute)).toEqual([225, 225, 225, 225]);
    for (const [i, span] of spans.slice(1).entries()) expect(span.from).toBe(spans[i]!.to);
  });

  test('of ten days and more meet at midnight', () => {
    const candles = testCandles(3_000, 1, '1h');
    const spans = splitWindows(3, [market('A', candles)], {
      from: Date.UTC(2025, 0, 2, 5),
      to: Date.UTC(2025, 2, 10, 7),
    });
    expect(spans.map(spanText)).toEqual([
      '2025-01-02T05:00..2025-01-25',
      '2025-01-25..2025-02-16',
      '2025-02-16..2025-03-10T07:00',
    ]);
  });

  test('need time that all markets have', () => {
    const first = testCandles(100);
    const second = { ...first, time: first.time.map((ms) => ms + 86_400_000) };
    expect(() => splitWindows(2, [market('A', first), market('B', second)], {})).toThrow(
      /B begins 2025-01-02 and A ends 2025-01-01T01:40, for 2 windows/,
    );
  });
});

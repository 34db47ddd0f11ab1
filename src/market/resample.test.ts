// Unit tests of resampling and of the closed-candle rule; test/oracle/resample.test.ts compares with exchanges.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { CANDLE_COLUMNS, type Candles, createCandles, sliceCandles } from './candles.ts';
import { alignHigherTimeframe, resampleCandles } from './resample.ts';
import { syntheticCandles } from './synthetic.ts';
import { injectDefects } from './synthetic-defects.ts';
import { parseTimeframe, timeframeMs } from './timeframe.ts';

const m1 = parseTimeframe('1m');
const m5 = parseTimeframe('5m');
const base = syntheticCandles({ seed: 8, timeframe: m1, barCount: 3000, startTime: 1_700_000_000_000, startPrice: 50 });
const sparse = injectDefects(base, 8, { gaps: 300, fillers: 300 });
const withCode = (code: string) => expect.objectContaining({ code });

function expectEqual(found: Candles, wanted: Candles): void {
  for (const name of CANDLE_COLUMNS) expect(found[name], name).toEqual(wanted[name]);
}

/** The rule said again, slowly: bars grouped by bucket, empty ones left out unless all are. */
function slowResample(candles: Candles, to: string): Candles {
  const bucketMs = timeframeMs(parseTimeframe(to));
  const groups = new Map<number, number[]>();
  for (let i = 0; i < candles.barCount; i++) {
    const bucket = candles.time[i]! - (candles.time[i]! % bucketMs);
    groups.set(bucket, [...(groups.get(bucket) ?? []), i]);
  }
  const rows = [...groups].map(([time, all]) => {
    const traded = all.filter((i) => candles.volume[i] !== 0);
    const used = traded.length > 0 ? traded : all;
    const pick = (name: 'open' | 'high' | 'low' | 'close' | 'volume') => used.map((i) => candles[name][i]!);
    const volume = pick('volume').reduce((sum, v) => sum + v, 0);
    return [time, pick('open')[0]!, Math.max(...pick('high')), Math.min(...pick('low')), pick('close').at(-1)!, volume];
  });
  const column = (k: number) => Float64Array.from(rows, (row) => row[k]!);
  return createCandles(parseTimeframe(to), {
    time: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
  });
}

describe('resampled candles', () => {
  test('equal the rule said slowly, with gaps and empty minutes, in every timeframe', () => {
    for (const to of ['3m', '5m', '15m', '1h', '4h', '1d']) {
      expectEqual(resampleCandles(sparse, parseTimeframe(to), { keepIncomplete: true }), slowResample(sparse, to));
    }
  });

  test('are the same in one step or in two', () => {
    const hour = parseTimeframe('1h');
    const whole = sliceCandles(base, 0, 2400);
    const twice = resampleCandles(resampleCandles(whole, m5), hour);
    const once = resampleCandles(whole, hour);
    for (const name of ['time', 'open', 'high', 'low', 'close'] as const) expect(twice[name]).toEqual(once[name]);
  });

  test('leave out a first candle the data begin inside of and a last one not closed yet, unless they are wanted', () => {
    // 1_700_000_000_000 lies 20 seconds into a minute and 3 minutes into its 5m candle.
    for (let end = 1; end <= 12; end++) {
      const part = sliceCandles(base, 0, end);
      const closed = resampleCandles(part, m5);
      const known = part.time[end - 1]! + 60_000;
      expect(closed.time.every((open) => open + 300_000 <= known)).toBe(true);
      const kept = resampleCandles(part, m5, { keepIncomplete: true });
      expect(closed.time.every((open) => open >= part.time[0]!)).toBe(true);
      const whole = kept.time.filter((open) => open >= part.time[0]! && open + 300_000 <= known);
      expect(closed.time).toEqual(whole);
    }
  });

  test('do not change when later candles come', () => {
    const all = resampleCandles(sparse, m5);
    for (const end of [7, 100, 1234, 2000]) {
      const part = resampleCandles(sliceCandles(sparse, 0, end), m5);
      for (const name of CANDLE_COLUMNS) expect(part[name]).toEqual(all[name].subarray(0, part.barCount));
    }
  });

  test('count every candle of a series without any volume, and a quiet candle at a new price', () => {
    const part = sliceCandles(base, 0, 100);
    const rising = part.close.map((_, i) => 1 + i);
    const flat = { ...part, open: rising, high: rising, low: rising, close: rising };
    const withVolume = resampleCandles({ ...flat, volume: new Float64Array(100).fill(1) }, m5);
    const oneTrade = new Float64Array(100);
    oneTrade[0] = 1;
    for (const volume of [new Float64Array(100), oneTrade]) {
      const built = resampleCandles({ ...flat, volume }, m5);
      for (const name of ['open', 'high', 'low', 'close'] as const) expect(built[name]).toEqual(withVolume[name]);
    }
  });

  test('of weeks start on Monday', () => {
    const days = syntheticCandles({
      seed: 1,
      timeframe: parseTimeframe('1d'),
      barCount: 30,
      startTime: Date.UTC(2024, 0, 3),
      startPrice: 100,
    });
    const weeks = resampleCandles(days, parseTimeframe('1w'));
    // From a Wednesday to a Thursday: three whole weeks, and a part of one on either side.
    expect(weeks.barCount).toBe(3);
    expect(resampleCandles(days, parseTimeframe('1w'), { keepIncomplete: true }).barCount).toBe(5);
    expect([...weeks.time].every((time) => new Date(time).getUTCDay() === 1)).toBe(true);
  });

  test('of the same timeframe are the candles themselves', () => {
    expect(resampleCandles(base, m1).close).toBe(base.close);
  });

  test('exist only for multiples, and only where each candle lies inside one bucket', () => {
    expect(() => resampleCandles(resampleCandles(base, m5), parseTimeframe('3m'))).toThrow(
      withCode('TIMEFRAME_INVALID'),
    );
    expect(() => resampleCandles(base, parseTimeframe('30s'))).toThrow(withCode('TIMEFRAME_INVALID'));
    const hours = syntheticCandles({
      seed: 1,
      timeframe: parseTimeframe('1h'),
      barCount: 10,
      startTime: 0,
      startPrice: 100,
    });
    const halfPast = { ...hours, time: hours.time.map((ms) => ms + 1_800_000) };
    expect(() => resampleCandles(halfPast, parseTimeframe('2h'))).toThrow(withCode('CANDLES_MISALIGNED'));
  });
});

describe('the higher candle visible at a bar', () => {
  test('is the last one closed by then: by hand', () => {
    const times = (step: number, count: number): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => i * step);
    const of = (timeframe: typeof m1, time: Float64Array): Candles =>
      createCandles(timeframe, { time, open: time, high: time, low: time, close: time, volume: time });
    const aligned = alignHigherTimeframe(of(m1, times(60_000, 12)), of(m5, times(300_000, 3)));
    // Minute 4 closes with the first 5m candle, minute 9 with the second.
    expect([...aligned]).toEqual([-1, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1, 1]);
  });

  test('is the last one whose close time is at most that of the bar: by the slow rule', () => {
    const prng = createPrng(5);
    for (let k = 0; k < 50; k++) {
      const part = sliceCandles(sparse, prng.nextBelow(1000), 1001 + prng.nextBelow(1000));
      const higher = resampleCandles(sparse, m5, { keepIncomplete: true });
      const aligned = alignHigherTimeframe(part, higher);
      for (const i of [0, 1, 7, part.barCount - 1, prng.nextBelow(part.barCount)]) {
        const known = part.time[i]! + 60_000;
        expect(aligned[i]).toBe(higher.time.findLastIndex((open) => open + 300_000 <= known));
      }
    }
  });

  test('is none before the first has closed and stays the last after the end', () => {
    const higher = sliceCandles(resampleCandles(base, m5), 10, 12);
    const aligned = alignHigherTimeframe(base, higher);
    expect(aligned[0]).toBe(-1);
    expect(aligned.at(-1)).toBe(1);
    expect([...alignHigherTimeframe(base, sliceCandles(higher, 0, 0))].every((index) => index === -1)).toBe(true);
  });
});

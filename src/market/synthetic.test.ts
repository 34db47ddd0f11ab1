// Unit tests of the candle generator: the same bits everywhere, and the features real markets have.
import { expect, test } from 'vitest';
import { candlesHash } from './candles.ts';
import { checkCandles } from './quality.ts';
import { type SyntheticOptions, syntheticCandles } from './synthetic.ts';
import { injectDefects } from './synthetic-defects.ts';
import { parseTimeframe } from './timeframe.ts';

const options: SyntheticOptions = {
  seed: 1,
  timeframe: parseTimeframe('1m'),
  barCount: 525_600,
  startTime: Date.UTC(2024, 0, 1),
  startPrice: 50_000,
};
const year = syntheticCandles(options);

test('a seed gives the same bits on every engine and version', () => {
  // Recorded on Node 24; Node 20 must agree.
  expect(candlesHash(year)).toBe('b6df1f06c4ade70399d50bb2c60d5fab4d6fa15c9c4c5f1d6b3b595b06238620');
  expect(candlesHash(syntheticCandles({ ...options, barCount: 1000, timeframe: parseTimeframe('1d') }))).toBe(
    '86d24a744c74e11855b465a6f8f3249839f71d11ab23c7c62efc7cc8255197b7',
  );
  expect(candlesHash(syntheticCandles({ ...options, seed: 2, barCount: 1000 }))).not.toBe(
    candlesHash(syntheticCandles({ ...options, barCount: 1000 })),
  );
});

test('a shorter series is the start of a longer one', () => {
  const part = syntheticCandles({ ...options, barCount: 500 });
  expect(part.close).toEqual(year.close.slice(0, 500));
});

test('a year of minutes has no defects, two decimals, and opens within a tick of the last close', () => {
  expect(checkCandles(year, options.timeframe).report.defects).toEqual([]);
  for (let i = 1; i < 20_000; i++) {
    expect(Math.round(year.high[i]! * 100) / 100).toBe(year.high[i]);
    expect(Math.abs(year.open[i]! - year.close[i - 1]!)).toBeLessThan(0.0101);
  }
});

test('moves cluster, have fat tails and the asked size, and volume follows the range', () => {
  const size = Float64Array.from(year.close, (close, i) => (i === 0 ? 0 : close / year.close[i - 1]! - 1));
  const squares = size.reduce((sum, move) => sum + move * move, 0) / size.length;
  expect(Math.sqrt(1440 * squares)).toBeGreaterThan(0.025);
  expect(Math.sqrt(1440 * squares)).toBeLessThan(0.04);
  expect(size.reduce((sum, move) => sum + move ** 4, 0) / size.length / squares ** 2).toBeGreaterThan(6);
  const distance = size.map(Math.abs);
  expect(correlation(distance.subarray(1), distance.subarray(0, -1))).toBeGreaterThan(0.1);
  expect(
    correlation(
      year.high.map((high, i) => high - year.low[i]!),
      year.volume,
    ),
  ).toBeGreaterThan(0.4);
  const atHour = (hour: number): number =>
    distance.filter((_, i) => Math.floor(i / 60) % 24 === hour).reduce((sum, move) => sum + move, 0);
  expect(atHour(14)).toBeGreaterThan(1.4 * atHour(4));
});

test('longer timeframes keep the daily volatility, and cheap coins stay above zero', () => {
  for (const timeframe of ['1h', '1d'] as const) {
    const candles = syntheticCandles({ ...options, timeframe: parseTimeframe(timeframe), barCount: 3000 });
    const moves = candles.close.map((close, i) => (i === 0 ? 0 : close / candles.close[i - 1]! - 1));
    const perDay = timeframe === '1h' ? 24 : 1;
    const daily = Math.sqrt((perDay * moves.reduce((sum, move) => sum + move * move, 0)) / 3000);
    expect(daily, timeframe).toBeGreaterThan(0.02);
    expect(daily, timeframe).toBeLessThan(0.05);
  }
  const cheap = syntheticCandles({ ...options, startPrice: 1.5, dailyVolatility: 0.5, barCount: 50_000 });
  expect(checkCandles(cheap, options.timeframe).report.defects.filter(({ kind }) => kind !== 'spike')).toEqual([]);
});

test('injected defects are placed by their seed', () => {
  const some = syntheticCandles({ ...options, barCount: 300 });
  const injected = injectDefects(some, 5, { gaps: 2, duplicates: 1 });
  expect(injected.barCount).toBe(299);
  expect(candlesHash(injectDefects(some, 5, { gaps: 2, duplicates: 1 }))).toBe(candlesHash(injected));
  expect(candlesHash(injectDefects(some, 6, { gaps: 2, duplicates: 1 }))).not.toBe(candlesHash(injected));
  expect(() => injectDefects(some, 5, { gaps: 1000 })).toThrow(/have room/);
});

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

// Indicators of the controllers: values by hand, no look-ahead, flat markets.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../core/prng.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { bandPlace, macdLines, rangeShare, trendBand } from './pandas-indicators.ts';

const candles = syntheticCandles({
  seed: 3,
  timeframe: parseTimeframe('1m'),
  barCount: 400,
  startTime: 0,
  startPrice: 100,
});

describe('bands', () => {
  test('a place and a width by hand', () => {
    // Closes 1, 3: mean 2, population deviation 1; bands 0 and 4.
    const { percent, width } = bandPlace(Float64Array.of(1, 3), 2, 2, false);
    expect(percent[0]).toBeNaN();
    expect(percent[1]).toBe(0.75);
    expect(width[1]).toBe(200);
  });

  test('a flat window lies on the lower band in Hummingbot, and nowhere when fixed', () => {
    const flat = new Float64Array(5).fill(7);
    expect(bandPlace(flat, 3, 2, false).percent[4]).toBe(0);
    expect(bandPlace(flat, 3, 2, true).percent[4]).toBeNaN();
  });
});

describe('macd', () => {
  test('both averages start at the bar that fills the slow one', () => {
    // Closes 1..6, lengths 2, 3, 2: at bar 2 the averages are 2.5 and 2, and each follows a slope of 1.
    const { macd, histogram } = macdLines(Float64Array.of(1, 2, 3, 4, 5, 6), 2, 3, 2);
    expect([...macd.slice(0, 3)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(macd[3]).toBeCloseTo(0.5, 12);
    expect(histogram[3]).toBeCloseTo(0, 12);
  });

  test('too short a history has no value', () => {
    expect(macdLines(Float64Array.of(1, 2), 2, 3, 2).macd.every(Number.isNaN)).toBe(true);
  });
});

test('a trend starts up, turns below its band and up again above the other', () => {
  const close = Float64Array.of(10, 10, 10, 5, 5, 20);
  const high = close.map((value) => value + 1);
  const low = close.map((value) => value - 1);
  const { direction, line } = trendBand(high, low, close, 2, 1);
  expect([...direction]).toEqual([1, 1, 1, -1, -1, 1]);
  expect(line[1]).toBeNaN();
  expect(line[2]).toBeCloseTo(8, 12);
});

test('values so far do not depend on what follows', () => {
  const prng = createPrng(5);
  const { high, low, close } = candles;
  for (let n = 0; n < 20; n++) {
    const cut = 60 + prng.nextBelow(300);
    const short = <T extends Float64Array>(column: T) => column.slice(0, cut);
    const all = [
      bandPlace(close, 20, 2, true).percent,
      macdLines(close, 5, 12, 4).histogram,
      rangeShare(high, low, close, 14),
      trendBand(high, low, close, 10, 3).line,
    ];
    const past = [
      bandPlace(short(close), 20, 2, true).percent,
      macdLines(short(close), 5, 12, 4).histogram,
      rangeShare(short(high), short(low), short(close), 14),
      trendBand(short(high), short(low), short(close), 10, 3).line,
    ];
    past.forEach((column, k) => {
      expect(column).toEqual(all[k]!.slice(0, cut));
    });
  }
});

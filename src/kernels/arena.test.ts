// The arena: alignment, accounting by name, release, and the bytes that the market tables say they take.
import { expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import { wholeMarket } from '../../test/twins/whole-market.ts';
import { ARENA_ALIGNMENT, Arena } from './arena.ts';
import { SUM_BARS } from './market-layout.ts';
import { irregularBar, marketTileBytes } from './market-tables.ts';

test('regions are aligned, do not overlap, and are accounted for by name', () => {
  const arena = new Arena(new ArrayBuffer(1024), 10);
  const column = arena.float64('columns', 3);
  const bits = arena.uint32('bits', 1);
  const more = arena.uint8('bits', 65);
  expect([column, bits, more].map((view) => view.byteOffset)).toEqual([64, 128, 192]);
  expect(arena.usage()).toEqual({ columns: 64, bits: 192 });
  expect(arena.bytesUsed).toBe(320);
});

test('a release gives back everything allocated after the mark', () => {
  const arena = new Arena(new ArrayBuffer(256));
  arena.float64('kept', 1);
  const mark = arena.mark();
  arena.float64('given back', 16);
  arena.release(mark);
  expect(arena.usage()).toEqual({ kept: ARENA_ALIGNMENT });
  expect(arena.float64('again', 16).byteOffset).toBe(64);
});

test('an arena holds what it is made for, and not a byte more', () => {
  const arena = new Arena(new ArrayBuffer(128));
  arena.uint8('all', 128);
  expect(() => arena.uint8('more', 1)).toThrow(/holds region more/);
});

test.each([1, 16, 17, 1000])('the tables of %d bars take exactly the bytes they announce', (bars) => {
  const arena = new Arena(new ArrayBuffer(marketTileBytes(bars)));
  wholeMarket(arena, testCandles(bars));
  expect(arena.bytesUsed).toBe(marketTileBytes(bars));
});

test('prefix sums begin anew at multiples of SUM_BARS; inside a stretch a difference is the sum of the returns between', () => {
  const candles = testCandles(5000);
  const { close, barSums } = wholeMarket(new Arena(new ArrayBuffer(marketTileBytes(5000))), candles);
  const sumOf = (from: number, to: number): [returns: number, squares: number] => {
    let sum = 0;
    let squares = 0;
    for (let bar = from; bar <= to; bar++) {
      const r = (close[bar]! - close[bar - 1]!) / close[bar - 1]!;
      sum += r;
      squares += r * r;
    }
    return [sum, squares];
  };
  for (const last of [SUM_BARS, SUM_BARS + 1, 2 * SUM_BARS - 1, 2 * SUM_BARS + 300]) {
    const [sum, squares] = sumOf(last - (last % SUM_BARS), last);
    expect(barSums[4 * last]!).toBeCloseTo(sum, 14);
    expect(barSums[4 * last + 1]! / squares).toBeCloseTo(1, 13);
  }
  const [sum, squares] = sumOf(2801, 3300);
  expect(barSums[4 * 3300]! - barSums[4 * 2800]!).toBeCloseTo(sum, 14);
  expect((barSums[4 * 3300 + 1]! - barSums[4 * 2800 + 1]!) / squares).toBeCloseTo(1, 12);
});

test('a bar outside its own high and low, or at no price, is found', () => {
  const candles = testCandles(10);
  expect(irregularBar(candles)).toBeUndefined();
  const high = candles.high.slice();
  high[4] = candles.low[4]! / 2;
  expect(irregularBar({ ...candles, high })).toBe(4);
  expect(irregularBar({ ...candles, low: candles.low.map((price, i) => (i === 7 ? Number.NaN : price)) })).toBe(7);
});

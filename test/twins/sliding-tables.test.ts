// Walks over tables that move along the window write the bits of walks over tables of the whole window.
import { expect, test } from 'vitest';
import { Arena } from '../../src/kernels/arena.ts';
import type { Kernels, WalkInput } from '../../src/kernels/kernels.ts';
import { CARRY_BLOCK, CARRY_STRETCH } from '../../src/kernels/market-layout.ts';
import {
  createMarketTile,
  type MarketTile,
  marketNeeds,
  marketTileBytes,
  moveMarket,
} from '../../src/kernels/market-tables.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import * as layout from '../../src/kernels/walk-layout.ts';
import type { Candles } from '../../src/market/candles.ts';
import { randomCandles, randomWalk } from './markets.ts';
import { createWasm, forRounds } from './twins.ts';
import { FULL_CELLS, MONEY_CELLS, TRADES_CELLS } from './walk-detail.ts';

const { wasm, arena } = createWasm(1 << 21);
const start = arena.mark();
const MOST_BARS = 5000;
const LEVELS = [
  [layout.FULL, FULL_CELLS],
  [layout.MONEY, MONEY_CELLS],
  [layout.TRADES, TRADES_CELLS],
] as const;

/** Walks tile by tile over tables, and events, of each tile alone; what lies around them is spoilt. */
function slide(kernels: Kernels, input: WalkInput, candles: Candles, tile: MarketTile, tileBars: number): Float64Array {
  const words = tileBars / 32;
  const cut = (): Uint32Array => arena.uint32('events of a tile', words);
  const events = { enterLong: cut(), exitLong: cut(), enterShort: cut(), exitShort: cut() };
  const walk = { ...input, ...events, market: tile, eventsFrom: 0 };
  const needs = marketNeeds(input.settings);
  kernels.beginWalk(walk);
  for (let from = 0; from < candles.barCount; from += tileBars) {
    for (const table of Object.values(tile)) if (table instanceof Float64Array && table !== tile.carry) table.fill(NaN);
    for (const name of ['enterLong', 'exitLong', 'enterShort', 'exitShort'] as const) {
      events[name].fill(0).set(input[name].subarray(from / 32, from / 32 + words));
    }
    walk.eventsFrom = from;
    const to = Math.min(from + tileBars, candles.barCount);
    moveMarket(tile, candles, from, to, kernels, needs);
    kernels.walkTo(walk, to);
  }
  kernels.endWalk(walk);
  return walk.sums;
}

test.each([64, 256, 2048, 5056])('tiles of %d bars', (tileBars) => {
  let trades = 0;
  const all = forRounds(250, (prng) => {
    arena.release(start);
    const bars = 1 + prng.nextBelow(MOST_BARS);
    const candles = randomCandles(bars, prng);
    const input = randomWalk(arena, candles, prng);
    SCALAR_KERNELS.beginWalk(input);
    SCALAR_KERNELS.walkTo(input, bars);
    SCALAR_KERNELS.endWalk(input);
    const whole = input.sums.slice();
    trades += whole[layout.CLOSED_TRADES]!;
    const tile = createMarketTile(arena, tileBars);
    for (const [detail, cells] of LEVELS) {
      input.settings[layout.DETAIL] = detail;
      for (const kernels of [SCALAR_KERNELS, wasm]) {
        const sums = slide(kernels, input, candles, tile, tileBars);
        for (const cell of cells) {
          if (Object.is(sums[cell], whole[cell])) continue;
          expect.fail(`cell ${cell}, detail ${detail}, ${kernels.name}: ${whole[cell]} became ${sums[cell]}`);
        }
      }
    }
  });
  if (all) expect(trades).toBeGreaterThan(5000);
});

test('prefix sums of a pass over tiles have the bits of one pass over the window', () => {
  forRounds(40, (prng) => {
    arena.release(start);
    const candles = randomCandles(1 + prng.nextBelow(MOST_BARS), prng);
    const whole = createMarketTile(arena, MOST_BARS);
    moveMarket(whole, candles, 0, candles.barCount, SCALAR_KERNELS, 15);
    const tileBars = [16, 64, 2048, 3008][prng.nextBelow(4)]!;
    const tile = createMarketTile(arena, tileBars);
    for (let from = 0; from < candles.barCount; from += tileBars) {
      const to = Math.min(from + tileBars, candles.barCount);
      moveMarket(tile, candles, from, to, prng.nextBelow(2) ? wasm : SCALAR_KERNELS, 15);
      for (let bar = tile.firstBar; bar < Math.min(to + 16, candles.barCount); bar++) {
        const found = tile.barSums.slice(4 * (bar - tile.firstBar), 4 * (bar - tile.firstBar) + 4);
        expect(found, `bar ${bar}`).toEqual(whole.barSums.slice(4 * bar, 4 * bar + 4));
      }
    }
    const largest = (market: MarketTile) => market.carry.slice(CARRY_STRETCH, CARRY_BLOCK + 4);
    expect(largest(tile), 'the largest sums of a stretch and a block').toEqual(largest(whole));
  });
});

test.each([16, 64, 2048])('the tables of a tile of %d bars take the bytes they announce', (tileBars) => {
  const own = new Arena(new ArrayBuffer(marketTileBytes(tileBars)));
  createMarketTile(own, tileBars);
  expect(own.bytesUsed).toBe(marketTileBytes(tileBars));
});

test('a tile that does not follow the last one is refused', () => {
  forRounds(1, (prng) => {
    arena.release(start);
    const candles = randomCandles(1000, prng);
    const tile = createMarketTile(arena, 64);
    moveMarket(tile, candles, 0, 64, wasm, 15);
    expect(() => moveMarket(tile, candles, 128, 192, wasm, 15)).toThrow(/begins where the last one ended/);
  });
});

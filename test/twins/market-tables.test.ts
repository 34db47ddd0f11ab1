// The two twins fill the tables of a window with the same bits.
import { expect, test } from 'vitest';
import { marketTileBytes } from '../../src/kernels/market-tables.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import { randomCandles } from './markets.ts';
import { createWasm, firstDifference, forRounds, LENGTHS } from './twins.ts';
import { wholeMarket } from './whole-market.ts';

const { wasm, arena } = createWasm(1 << 20);
const start = arena.mark();

test('prefix sums and blocks are bit-equal', () => {
  forRounds(500, (prng, round) => {
    arena.release(start);
    // Room behind the bars of a short window is filled by nobody.
    arena.uint8('old bytes', 2 * marketTileBytes(3000)).fill(0);
    arena.release(start);
    const bars = round % 3 === 0 ? prng.nextBelow(3000) : LENGTHS[round % LENGTHS.length]!;
    const candles = randomCandles(bars, prng);
    const scalar = wholeMarket(arena, candles, SCALAR_KERNELS);
    const simd = wholeMarket(arena, candles, wasm);
    for (const [name, table] of Object.entries(scalar)) {
      const twin = simd[name as keyof typeof simd];
      if (typeof table === 'number' || typeof twin === 'number') expect(twin).toBe(table);
      else expect(firstDifference(Float64Array.from(twin), Float64Array.from(table)), `${name}, ${bars} bars`).toBe(-1);
    }
  });
});

test('the tables stay inside their memory', () => {
  forRounds(LENGTHS.length, (prng, round) => {
    arena.release(start);
    const candles = randomCandles(LENGTHS[round - 1]!, prng);
    const bytes = marketTileBytes(candles.barCount);
    arena.uint8('old bytes', bytes + 64).fill(0xab);
    arena.release(start);
    wholeMarket(arena, candles, wasm);
    expect(arena.uint8('behind', 64), 'the bytes behind the tables').toEqual(new Uint8Array(64).fill(0xab));
  });
});

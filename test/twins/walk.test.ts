// The two twins of the walk write the same sums, bit for bit, under every rule, sizing, cost and barrier.
import { expect, test } from 'vitest';
import type { WalkInput } from '../../src/kernels/kernels.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import * as layout from '../../src/kernels/walk-layout.ts';
import { randomCandles, randomWalk } from './markets.ts';
import { createWasm, firstDifference, forRounds, LENGTHS } from './twins.ts';

const { wasm, arena } = createWasm(1 << 20);
const start = arena.mark();
const MOST_BARS = 3000;

/** The results of both twins and the profits of their trades; working cells are a twin's own business. */
function walkBoth(input: WalkInput): { readonly scalar: Float64Array; readonly simd: Float64Array } {
  const run = (walk: (input: WalkInput) => void): Float64Array => {
    walk(input);
    const closed = input.sums[layout.CLOSED_TRADES];
    return Float64Array.from([...input.sums.subarray(0, layout.WALK_RESULTS), ...input.profits.subarray(0, closed)]);
  };
  return { scalar: run(SCALAR_KERNELS.walk), simd: run((walk) => wasm.walk(walk)) };
}

const nameOf = (index: number): string => {
  const names = Object.entries(layout).filter(([name]) => !/^(WALK|TRADE|BY|SIZING|AT|SCOPE)_/.test(name));
  const results = names.slice(names.findIndex(([name]) => name === 'FINAL_EQUITY'));
  return index < layout.WALK_RESULTS ? results.find(([, value]) => value === index)![0] : `profit ${index}`;
};

test('sums and profits are bit-equal', () => {
  const seen = { trades: 0, skipped: 0, ambiguous: 0, ruined: 0, vectorbt: 0, open: 0 };
  const all = forRounds(1500, (prng, round) => {
    arena.release(start);
    const bars = round % 4 === 0 ? 1 + prng.nextBelow(MOST_BARS) : Math.max(1, LENGTHS[round % LENGTHS.length]!);
    const input = randomWalk(arena, randomCandles(bars, prng), prng);
    const { scalar, simd } = walkBoth(input);
    const index = firstDifference(scalar, simd);
    if (index >= 0) expect.fail(`${nameOf(index)}: scalar ${scalar[index]}, SIMD ${simd[index]}, ${bars} bars`);
    seen.trades += scalar[layout.CLOSED_TRADES]!;
    seen.open += scalar[layout.OPEN_TRADES]!;
    seen.skipped += scalar[layout.SKIPPED_ORDERS]!;
    seen.ambiguous += scalar[layout.AMBIGUOUS_BARS]!;
    seen.ruined += scalar[layout.RUINED]!;
    seen.vectorbt += input.settings[layout.RULE_BOOK] === layout.VECTORBT ? 1 : 0;
  });
  if (!all) return;
  expect(seen.trades, 'closed trades').toBeGreaterThan(20_000);
  expect(seen.open, 'trades left open').toBeGreaterThan(100);
  expect(seen.skipped, 'skipped orders').toBeGreaterThan(500);
  expect(seen.ambiguous, 'ambiguous bars').toBeGreaterThan(50);
  expect(seen.ruined, 'ruined accounts').toBeGreaterThan(3);
  expect(seen.vectorbt, 'walks under vectorbt rules').toBeGreaterThan(300);
});

test('a window without events leaves the cash as it is', () => {
  forRounds(20, (prng) => {
    arena.release(start);
    const input = randomWalk(arena, randomCandles(100, prng), prng);
    for (const bits of [input.enterLong, input.enterShort, input.exitLong, input.exitShort]) bits.fill(0);
    const { scalar, simd } = walkBoth(input);
    expect(simd).toEqual(scalar);
    expect(simd[layout.TOTAL_RETURN]).toBe(0);
  });
});

test('a price that differs in its last bit is found', () => {
  let found = 0;
  const all = forRounds(50, (prng) => {
    arena.release(start);
    const input = randomWalk(arena, randomCandles(300, prng), prng);
    SCALAR_KERNELS.walk(input);
    const before = Float64Array.from(input.sums);
    const { close } = input.market;
    for (let i = 0; i < close.length; i++) close[i] = close[i]! * (1 + Number.EPSILON);
    wasm.walk(input);
    if (firstDifference(before.subarray(0, layout.WALK_RESULTS), input.sums.subarray(0, layout.WALK_RESULTS)) >= 0) {
      found++;
    }
  });
  if (all) expect(found, 'rounds whose sums notice').toBeGreaterThan(25);
});

// The two twins of the walk write the same sums, bit for bit, under every rule, sizing, cost and barrier.
import { expect, test } from 'vitest';
import type { Prng } from '../../src/core/prng.ts';
import type { Kernels, WalkInput } from '../../src/kernels/kernels.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import * as layout from '../../src/kernels/walk-layout.ts';
import { randomCandles, randomWalk } from './markets.ts';
import { createWasm, firstDifference, forRounds, LENGTHS } from './twins.ts';
import { detailFor, FULL_CELLS, MONEY_CELLS, TRADES_CELLS } from './walk-detail.ts';

const { wasm, arena } = createWasm(1 << 20);
const start = arena.mark();
const MOST_BARS = 3000;

/** Walks in steps that end at `cuts` and answers the results; working cells are a twin's own business. */
function results(kernels: Kernels, input: WalkInput, cuts: readonly number[]): Float64Array {
  kernels.beginWalk(input);
  for (const cut of cuts) kernels.walkTo(input, cut);
  kernels.walkTo(input, input.market.barCount);
  kernels.endWalk(input);
  return input.sums.slice(0, layout.WALK_RESULTS);
}

/** Up to three ascending bars to cut a walk at. */
function randomCuts(bars: number, prng: Prng): number[] {
  const cuts = Array.from({ length: prng.nextBelow(4) }, () => prng.nextBelow(bars + 1));
  return cuts.sort((a, b) => a - b);
}

const nameOf = (index: number): string => {
  const results = Object.entries(layout).slice(Object.keys(layout).indexOf('FINAL_EQUITY'));
  return results.find(([, value]) => value === index)![0];
};

test('sums are bit-equal, wherever the steps are cut', () => {
  const seen = { trades: 0, skipped: 0, ambiguous: 0, ruined: 0, vectorbt: 0, open: 0 };
  const all = forRounds(1500, (prng, round) => {
    arena.release(start);
    const bars = round % 4 === 0 ? 1 + prng.nextBelow(MOST_BARS) : Math.max(1, LENGTHS[round % LENGTHS.length]!);
    const input = randomWalk(arena, randomCandles(bars, prng), prng);
    const scalar = results(SCALAR_KERNELS, input, randomCuts(bars, prng));
    const simd = results(wasm, input, randomCuts(bars, prng));
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

test('a lower detail keeps the bits of every result it promises', () => {
  const levels = [
    [layout.FULL, FULL_CELLS],
    [layout.MONEY, MONEY_CELLS],
    [layout.TRADES, TRADES_CELLS],
  ] as const;
  let plain = 0;
  const all = forRounds(300, (prng) => {
    arena.release(start);
    const bars = 1 + prng.nextBelow(MOST_BARS);
    const input = randomWalk(arena, randomCandles(bars, prng), prng);
    const { settings } = input;
    // Half of them are walked the short way.
    if (prng.nextBelow(2) === 0) {
      settings.fill(Number.NaN, layout.STOP_LOSS, layout.CLOSE_AT_END);
      settings[layout.RULE_BOOK] = layout.GRIDMILL;
      settings[layout.SIZING_KIND] = layout.SIZING_FRACTION;
      settings[layout.SIZING_VALUE] = prng.nextBelow(3) === 0 ? 0.5 : 1;
      settings[layout.SIZE_STEP] = 0;
      plain += settings[layout.LONG_ONLY]!;
    }
    const full = results(SCALAR_KERNELS, input, []);
    for (const [detail, cells] of levels) {
      settings[layout.DETAIL] = detail;
      for (const kernels of [SCALAR_KERNELS, wasm]) {
        const found = results(kernels, input, randomCuts(bars, prng));
        for (const cell of cells) {
          expect(found[cell], `${nameOf(cell)}, detail ${detail}, ${kernels.name}, ${bars} bars`).toBe(full[cell]);
        }
      }
    }
  });
  if (all) expect(plain, 'walks that may take the short way').toBeGreaterThan(25);
});

test('metrics that need only money are walked for money only', () => {
  expect(detailFor([layout.TOTAL_RETURN, layout.CLOSED_TRADES])).toBe(layout.MONEY);
  expect(detailFor([layout.TOTAL_RETURN, layout.WINS])).toBe(layout.TRADES);
  expect(detailFor([layout.MAX_DRAWDOWN])).toBe(layout.FULL);
});

test('the drawdown of a long hold is bit-equal, where whole blocks of new peaks are skipped', () => {
  forRounds(400, (prng) => {
    arena.release(start);
    const bars = 200 + prng.nextBelow(MOST_BARS);
    const input = randomWalk(arena, randomCandles(bars, prng), prng);
    for (const bits of [input.enterLong, input.enterShort, input.exitLong, input.exitShort]) bits.fill(0);
    input.enterLong[0] = 1 << prng.nextBelow(32);
    const { settings } = input;
    settings.fill(0, layout.FEE_RATE, layout.STOP_LOSS).fill(Number.NaN, layout.STOP_LOSS, layout.CLOSE_AT_END);
    settings[layout.SIZING_KIND] = layout.SIZING_FRACTION;
    settings[layout.SIZING_VALUE] = 1;
    const scalar = results(SCALAR_KERNELS, input, []);
    const index = firstDifference(scalar, results(wasm, input, randomCuts(bars, prng)));
    if (index >= 0) expect.fail(`${nameOf(index)} differs`);
    expect(scalar[layout.EXPOSED_BARS]).toBeGreaterThan(100);
  });
});

test('a window without events leaves the cash as it is', () => {
  forRounds(20, (prng) => {
    arena.release(start);
    const input = randomWalk(arena, randomCandles(100, prng), prng);
    for (const bits of [input.enterLong, input.enterShort, input.exitLong, input.exitShort]) bits.fill(0);
    const scalar = results(SCALAR_KERNELS, input, []);
    const simd = results(wasm, input, [50]);
    expect(simd).toEqual(scalar);
    expect(simd[layout.TOTAL_RETURN]).toBe(0);
  });
});

test('a price that differs in its last bit is found', () => {
  let found = 0;
  const all = forRounds(50, (prng) => {
    arena.release(start);
    const input = randomWalk(arena, randomCandles(300, prng), prng);
    const before = results(SCALAR_KERNELS, input, []);
    const { close } = input.market;
    for (let i = 0; i < close.length; i++) close[i] = close[i]! * (1 + Number.EPSILON);
    if (firstDifference(before, results(wasm, input, [])) >= 0) found++;
  });
  if (all) expect(found, 'rounds whose sums notice').toBeGreaterThan(25);
});

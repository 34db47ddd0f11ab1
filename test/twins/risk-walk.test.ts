// A risk walk of either twin gives every point the results of a walk of its own, bit for bit, wherever it is cut.
import { expect, test } from 'vitest';
import type { Prng } from '../../src/core/prng.ts';
import { EXIT_REASONS } from '../../src/kernels/exit-reasons.ts';
import type { Kernels, RiskGrid, RiskWalkInput, WalkInput } from '../../src/kernels/kernels.ts';
import { createMarketTile, marketNeeds, moveMarket } from '../../src/kernels/market-tables.ts';
import { prepareRiskGrid, riskWalkCells } from '../../src/kernels/risk-grid.ts';
import { SHARED_TRADES, SINGLE_TRADES } from '../../src/kernels/risk-layout.ts';
import { SCALAR_KERNELS } from '../../src/kernels/scalar-kernels.ts';
import * as layout from '../../src/kernels/walk-layout.ts';
import type { Candles } from '../../src/market/candles.ts';
import { randomCandles, randomWalk } from './markets.ts';
import { createWasm, forRounds, LENGTHS } from './twins.ts';
import { FULL_CELLS, MONEY_CELLS, TRADES_CELLS } from './walk-detail.ts';

const { wasm, arena } = createWasm(1 << 23);
const start = arena.mark();
const MOST_BARS = 5000;

const pick = <T>(prng: Prng, ...values: readonly T[]): T => values[prng.nextBelow(values.length)]!;

/** Some ascending values of an axis, and off in half of the cases. */
function axis(prng: Prng, most: number, value: () => number): number[] {
  const values = Array.from({ length: prng.nextBelow(most + 1) }, value);
  return values.length === 0 || prng.nextBelow(2) === 0 ? [...values, Number.NaN] : values;
}

/** A grid of barriers over `base`: the product of its axes, or points drawn at random, some of them equal. */
function randomGrid(base: Float64Array, prng: Prng): Float64Array {
  const scale = pick(prng, 0.001, 0.01, 0.1);
  const distance = (): number => pick(prng, scale * (0.2 + prng.next()), scale * (1 + prng.nextBelow(4)));
  const stops = axis(prng, 4, distance);
  const targets = axis(prng, 4, distance);
  const trails = pick(prng, [Number.NaN], axis(prng, 3, distance));
  const limits = pick(
    prng,
    [Number.NaN],
    axis(prng, 3, () => 1 + prng.nextBelow(40)),
  );
  const points: number[][] = [];
  for (const a of stops)
    for (const b of targets) for (const c of trails) for (const d of limits) points.push([a, b, c, d]);
  const drawn = prng.nextBelow(3) === 0;
  const count = drawn ? 1 + prng.nextBelow(20) : points.length;
  const settings = new Float64Array(count * layout.WALK_SETTINGS);
  for (let point = 0; point < count; point++) {
    const barriers = drawn ? pick(prng, ...points) : points[point]!;
    settings.set(base, point * layout.WALK_SETTINGS);
    settings.set(barriers, point * layout.WALK_SETTINGS + layout.STOP_LOSS);
  }
  return settings;
}

function randomCuts(bars: number, prng: Prng): number[] {
  const cuts = Array.from({ length: pick(prng, 0, 1, 3, 20) }, () => prng.nextBelow(bars + 1));
  return cuts.sort((a, b) => a - b);
}

function walkTogether(kernels: Kernels, input: RiskWalkInput, cuts: readonly number[]): Float64Array {
  input.sums.fill(Number.NaN);
  input.scratch.fill(Number.NaN);
  kernels.beginRiskWalk(input);
  for (const cut of cuts) kernels.riskWalkTo(input, cut);
  kernels.riskWalkTo(input, input.market.barCount);
  kernels.endRiskWalk(input);
  return input.sums.slice();
}

/** The same over tables, and events, of one tile after the other; what lies around them is spoilt. */
function slideTogether(kernels: Kernels, input: RiskWalkInput, candles: Candles, tileBars: number): Float64Array {
  const words = tileBars / 32;
  const cut = (): Uint32Array => arena.uint32('events of a tile', words);
  const events = { enterLong: cut(), exitLong: cut(), enterShort: cut(), exitShort: cut() };
  const tile = createMarketTile(arena, tileBars);
  const walk = { ...input, ...events, market: tile, eventsFrom: 0 };
  const { grid } = input;
  let needs = 0;
  for (let point = 0; point < grid.points; point++) needs |= marketNeeds(settingsOf(grid, point));
  input.sums.fill(Number.NaN);
  input.scratch.fill(Number.NaN);
  kernels.beginRiskWalk(walk);
  for (let from = 0; from < candles.barCount; from += tileBars) {
    for (const table of Object.values(tile)) if (table instanceof Float64Array && table !== tile.carry) table.fill(NaN);
    for (const name of ['enterLong', 'exitLong', 'enterShort', 'exitShort'] as const) {
      events[name].fill(0).set(input[name].subarray(from / 32, from / 32 + words));
    }
    walk.eventsFrom = from;
    const to = Math.min(from + tileBars, candles.barCount);
    moveMarket(tile, candles, from, to, kernels, needs);
    kernels.riskWalkTo(walk, to);
  }
  kernels.endRiskWalk(walk);
  return walk.sums.slice();
}

const settingsOf = (grid: RiskGrid, point: number): Float64Array =>
  grid.settings.slice(point * layout.WALK_SETTINGS, (point + 1) * layout.WALK_SETTINGS);

/** The walk of one point; adds the reasons its trades ended for to `reasons`. */
function walkAlone(base: WalkInput, settings: Float64Array, reasons: Float64Array): Float64Array {
  const { barCount } = base.market;
  const trades = new Float64Array((barCount + 1) * layout.TRADE_CELLS);
  const input = { ...base, settings, record: { equity: new Float64Array(barCount), trades } };
  SCALAR_KERNELS.beginWalk(input);
  SCALAR_KERNELS.walkTo(input, barCount);
  SCALAR_KERNELS.endWalk(input);
  const results = base.sums.slice(0, layout.WALK_RESULTS);
  for (let trade = 0; trade < results[layout.CLOSED_TRADES]!; trade++) {
    reasons[trades[trade * layout.TRADE_CELLS + layout.TRADE_REASON]!]! += 1;
  }
  return results;
}

const nameOf = (index: number): string => {
  const names = Object.entries(layout).filter(([name]) => !/^(WALK|TRADE|BY|SIZING|AT|SCOPE)_/.test(name));
  const results = names.slice(names.findIndex(([name]) => name === 'FINAL_EQUITY'));
  return results.find(([, value]) => value === index)![0];
};

/** The results that a walk keeps at each detail. */
const KEPT = { [layout.FULL]: FULL_CELLS, [layout.MONEY]: MONEY_CELLS, [layout.TRADES]: TRADES_CELLS };

/** Settings that let positions be shared more often than `randomWalk` does. */
function favourSharing(settings: Float64Array, prng: Prng): void {
  settings[layout.RULE_BOOK] = pick(prng, layout.GRIDMILL, layout.GRIDMILL, layout.GRIDMILL, layout.VECTORBT);
  settings[layout.SIZING_KIND] = layout.SIZING_FRACTION;
  settings[layout.SIZING_VALUE] = 1;
  settings[layout.SIZE_STEP] = 0;
  settings[layout.FIXED_FEE] = pick(prng, 0, 0, 0.5, 40);
}

test('every point has the results of its own walk, wherever the steps are cut', () => {
  const reasons = new Float64Array(EXIT_REASONS.length);
  const seen = { shared: 0, single: 0, mixed: 0, parted: 0, ambiguous: 0, ruined: 0, skipped: 0, open: 0 };
  const all = forRounds(1500, (prng, round) => {
    arena.release(start);
    const bars = round % 3 === 0 ? 1 + prng.nextBelow(MOST_BARS) : Math.max(1, LENGTHS[round % LENGTHS.length]!);
    const candles = randomCandles(bars, prng);
    const base = randomWalk(arena, candles, prng);
    if (round % 8 !== 0) favourSharing(base.settings, prng);
    const detail = pick(prng, layout.FULL, layout.FULL, layout.MONEY, layout.TRADES);
    base.settings[layout.DETAIL] = detail;
    const grid = prepareRiskGrid(arena, randomGrid(base.settings, prng));
    const sums = arena.float64('sums', grid.points * layout.WALK_CELLS);
    const scratch = arena.float64('scratch', riskWalkCells(grid));
    const input: RiskWalkInput = { ...base, grid, sums, scratch };
    const counters: number[][] = [];
    const outcomes = [SCALAR_KERNELS, wasm].map((kernels) => {
      const tileBars = pick(prng, 0, 64, 192, 2048);
      const outcome =
        tileBars === 0
          ? walkTogether(kernels, input, randomCuts(bars, prng))
          : slideTogether(kernels, input, candles, tileBars);
      counters.push([scratch[SHARED_TRADES]!, scratch[SINGLE_TRADES]!]);
      return outcome;
    });
    let trades = 0;
    const counts = new Set<number>();
    for (let point = 0; point < grid.points; point++) {
      const alone = walkAlone(base, settingsOf(grid, point), reasons);
      for (const [twin, outcome] of outcomes.entries()) {
        const from = point * layout.WALK_CELLS;
        const index = KEPT[detail].find((cell) => !Object.is(alone[cell], outcome[from + cell]));
        if (index === undefined) continue;
        const where = `point ${point} of ${grid.points}, ${bars} bars, ${twin === 0 ? 'scalar' : 'SIMD'}`;
        expect.fail(`${nameOf(index)}: alone ${alone[index]}, together ${outcome[from + index]}, ${where}`);
      }
      counts.add(alone[layout.CLOSED_TRADES]!);
      trades += alone[layout.CLOSED_TRADES]! + alone[layout.OPEN_TRADES]!;
      seen.ambiguous += alone[layout.AMBIGUOUS_BARS]!;
      seen.ruined += alone[layout.RUINED]!;
      seen.skipped += alone[layout.SKIPPED_ORDERS]!;
      seen.open += alone[layout.OPEN_TRADES]!;
    }
    expect(counters[0], 'shared and single trades of both twins').toEqual(counters[1]);
    const [shared, single] = counters[0] as [number, number];
    expect(shared + single, 'shared and single trades').toBe(trades);
    seen.shared += shared;
    seen.single += single;
    if (shared > 0 && single > 0) seen.mixed++;
    if (shared > 0 && counts.size > 1) seen.parted++;
  });
  if (!all) return;
  expect(seen.shared, 'trades found together').toBeGreaterThan(100_000);
  expect(seen.single, 'trades walked one by one').toBeGreaterThan(100_000);
  expect(seen.mixed, 'walks with both').toBeGreaterThan(100);
  expect(seen.parted, 'shared walks whose points part and meet again').toBeGreaterThan(100);
  for (const [reason, name] of EXIT_REASONS.entries()) {
    if (name !== 'open') expect(reasons[reason], `trades ended by ${name}`).toBeGreaterThan(name === 'ruin' ? 0 : 1000);
  }
  expect(seen.ambiguous, 'ambiguous bars').toBeGreaterThan(1000);
  expect(seen.ruined, 'ruined accounts').toBeGreaterThan(10);
  expect(seen.skipped, 'skipped orders').toBeGreaterThan(1000);
  expect(seen.open, 'trades left open').toBeGreaterThan(1000);
});

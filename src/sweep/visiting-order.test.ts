// The order of variants: all of them once, under the constraint, and with few columns computed again.
import { describe, expect, test } from 'vitest';
import { testRequest } from '../../test/synthetic-request.ts';
import { createPrng } from '../core/prng.ts';
import { choice, range } from '../strategy/parameters.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { ColumnSlots } from './column-slots.ts';
import { createGrid, type Grid, meetsConstraint } from './grid.ts';
import { nearbyFirst, nearbyVariants } from './visiting-order.ts';

interface Operand {
  readonly strides: readonly number[];
}

function gridOf(lengths: readonly number[], constraint?: Grid['constraint']): Grid {
  const axes = lengths.map((length, a) => ({ name: `a${a}`, values: Array.from({ length }, (_, i) => i) }));
  const basePoints = lengths.reduce((product, length) => product * length, 1);
  return { strategyName: 's', arithmetic: 'standard', axes, riskAxes: [], basePoints, riskPoints: 1, constraint };
}

/** One operand per entry: the axes it depends on. */
const operandsOf = (grid: Grid, ...uses: readonly (readonly number[])[]): Operand[] =>
  uses.map((used) => ({ strides: grid.axes.map((_, a) => (used.includes(a) ? 1 : 0)) }));

/** Columns computed when one variant after the other asks `slotCount` slots for its columns. */
function columnsComputed(grid: Grid, operands: readonly Operand[], order: Iterable<number>, slotCount: number): number {
  const slots = new ColumnSlots(slotCount);
  const ids = new Map<string, number>();
  for (const index of order) {
    const digits: number[] = [];
    let rest = index;
    for (const { values } of grid.axes.toReversed()) {
      digits.unshift(rest % values.length);
      rest = Math.floor(rest / values.length);
    }
    const keys = operands.map(({ strides }, o) => `${o}:${digits.filter((_, a) => strides[a]! > 0)}`);
    for (const key of keys) if (!ids.has(key)) ids.set(key, ids.size);
    slots.release(slots.acquire(keys.map((key) => ids.get(key)!))!.ids);
  }
  return slots.stats.misses;
}

function* gridOrder(grid: Grid): Generator<number> {
  for (let index = 0; index < grid.basePoints; index++) if (meetsConstraint(grid, index)) yield index;
}

const near = (grid: Grid, operands: readonly Operand[]) => nearbyVariants(grid, operands, 0, grid.basePoints);

describe('columns computed again', () => {
  test('two axes of 100 with room for 60 of 200 columns: below 1,000 instead of 10,000', () => {
    const grid = gridOf([100, 100]);
    const operands = operandsOf(grid, [0], [1]);
    expect(columnsComputed(grid, operands, gridOrder(grid), 60)).toBeGreaterThanOrEqual(10_000);
    expect(columnsComputed(grid, operands, near(grid, operands), 60)).toBeLessThan(1_000);
  });

  test('the same order suits every number of slots', () => {
    const grid = gridOf([64, 64]);
    const operands = operandsOf(grid, [0], [1]);
    for (const slotCount of [6, 12, 24, 48, 96, 128]) {
      // A block of side s needs 2 s columns, and there are (64 / s)² blocks; slots hold a block of half their number.
      const side = slotCount / 2;
      const computed = columnsComputed(grid, operands, near(grid, operands), slotCount);
      expect(computed, `${slotCount} slots`).toBeLessThanOrEqual(Math.max(128, 2 * (64 / side) * 64));
    }
  });

  test('three axes, of which a threshold costs no column and the third one depends on two', () => {
    const grid = gridOf([40, 12, 30]);
    const operands = operandsOf(grid, [0], [2]);
    const inGridOrder = columnsComputed(grid, operands, gridOrder(grid), 20);
    const nearby = columnsComputed(grid, operands, near(grid, operands), 20);
    expect(inGridOrder).toBeGreaterThan(14_000);
    expect(nearby).toBeLessThan(350);
    const mixed = gridOf([30, 30, 4]);
    const crossed = operandsOf(mixed, [0], [1, 2]);
    const distinct = 30 + 30 * 4;
    expect(columnsComputed(mixed, crossed, near(mixed, crossed), 30)).toBeLessThan(6 * distinct);
    expect(columnsComputed(mixed, crossed, gridOrder(mixed), 30)).toBeGreaterThan(20 * distinct);
  });

  test('with room for all of them each column is computed once', () => {
    const grid = gridOf([9, 7, 5]);
    const operands = operandsOf(grid, [0], [1], [2]);
    expect(columnsComputed(grid, operands, near(grid, operands), 21)).toBe(21);
  });
});

describe('the order', () => {
  test('holds every variant of random ranges of random grids once, under the constraint', () => {
    const seed = 77;
    const prng = createPrng(seed);
    for (let round = 0; round < 300; round++) {
      const lengths = Array.from({ length: 1 + prng.nextBelow(4) }, () => 1 + prng.nextBelow(9));
      const constraint =
        prng.nextBelow(2) === 0 ? undefined : (p: Readonly<Record<string, number>>) => p['a0']! % 3 !== 1;
      const grid = gridOf(lengths, constraint);
      const used = Array.from({ length: prng.nextBelow(4) }, () =>
        lengths.map((_, a) => a).filter(() => prng.nextBelow(2) === 0),
      );
      const from = prng.nextBelow(grid.basePoints + 1);
      const to = from + prng.nextBelow(grid.basePoints - from + 1);
      const expected = [...gridOrder(grid)].filter((index) => index >= from && index < to);
      const found = [...nearbyVariants(grid, operandsOf(grid, ...used), from, to)];
      expect(
        [...found].sort((a, b) => a - b),
        `seed ${seed}, round ${round}`,
      ).toEqual(expected);
    }
  });

  test('of some variants is the order of all without the others', () => {
    const seed = 78;
    const prng = createPrng(seed);
    for (let round = 0; round < 200; round++) {
      const lengths = Array.from({ length: 1 + prng.nextBelow(4) }, () => 1 + prng.nextBelow(9));
      const grid = gridOf(lengths);
      const used = Array.from({ length: 1 + prng.nextBelow(3) }, () =>
        lengths.map((_, a) => a).filter(() => prng.nextBelow(2) === 0),
      );
      const operands = operandsOf(grid, ...used);
      const some = [...gridOrder(grid)].filter(() => prng.nextBelow(3) === 0);
      const expected = [...near(grid, operands)].filter((index) => some.includes(index));
      expect(nearbyFirst(grid, operands, some), `seed ${seed}, round ${round}`).toEqual(expected);
    }
  });

  test('is grid order where nothing depends on the axes', () => {
    const grid = gridOf([4, 5]);
    expect([...near(grid, [])]).toEqual([...gridOrder(grid)]);
  });

  test('begins at once in a grid of 10^9 points, and in a part of it', () => {
    const { strategy } = testRequest('sma-cross');
    const parameters = { fast: range(1, 10_000), slow: range(1, 100_000) };
    const grid = createGrid({ strategy, arithmetic: 'standard', parameters });
    const { operands } = new ColumnCatalog(strategy, grid);
    const order = nearbyVariants(grid, operands, 0, grid.basePoints);
    const first = Array.from({ length: 1000 }, () => order.next().value as number);
    expect(new Set(first).size).toBe(1000);
    expect([...nearbyVariants(grid, operands, 300_000, 300_200)]).toHaveLength(196);
  });

  test('follows the columns of a strategy, not its parameters', () => {
    const { strategy } = testRequest('rsi-reversion');
    const parameters = { length: range(5, 36), low: choice(20, 25, 30), high: choice(70, 75) };
    const grid = createGrid({ strategy, arithmetic: 'standard', parameters });
    const catalog = new ColumnCatalog(strategy, grid);
    const lengths = [...nearbyVariants(grid, catalog.operands, 0, grid.basePoints)].map((index) =>
      Math.floor(index / 6),
    );
    const changes = lengths.filter((length, i) => i > 0 && length !== lengths[i - 1]).length;
    expect(changes).toBe(31);
  });
});

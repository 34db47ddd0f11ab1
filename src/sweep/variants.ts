// Which base variants a sweep visits, and in which order.
import type { OperandColumn } from './column-catalog.ts';
import { type Grid, meetsConstraint } from './grid.ts';
import type { SweepRequest } from './request.ts';
import { createPermutation } from './sampler.ts';
import { nearbyFirst, nearbyVariants } from './visiting-order.ts';

/** Up to this many grid points the variants under the constraint are counted before a sweep; beyond, they are not. */
export const COUNTED_POINTS_MAX = 10_000_000;

/** Drawn variants that are put in order at a time: a sample of any size takes constant memory. */
const ORDERED_DRAWS = 65_536;

/** Which base variants to visit: all, a range of grid points, or a random sample. */
export type VariantSelection = Pick<SweepRequest, 'seed' | 'sample' | 'offset' | 'limit'>;

/** `grid`: ascending, or as drawn. `near`: neighbours share columns. Results do not depend on it. */
export type VisitingOrder = 'grid' | 'near';

/** The range [from, to) of grid points that a selection visits in grid order. */
export function pointRange(grid: Grid, { offset = 0, limit }: VariantSelection): { from: number; to: number } {
  return { from: offset, to: Math.min(grid.basePoints, limit === undefined ? grid.basePoints : offset + limit) };
}

/**
 * Base indices that satisfy the constraint: in grid order, near each other by the columns of `operands` when those are
 * given, or `sample` of them in a seeded random order, of which each stretch is put near each other.
 */
export function* baseVariants(
  grid: Grid,
  selection: VariantSelection,
  operands?: readonly Pick<OperandColumn, 'strides'>[],
): Generator<number> {
  if (selection.sample !== undefined) {
    yield* inStretches(grid, drawVariants(grid, selection.sample, selection.seed), operands);
    return;
  }
  const { from, to } = pointRange(grid, selection);
  if (operands !== undefined) yield* nearbyVariants(grid, operands, from, to);
  else for (let index = from; index < to; index++) if (meetsConstraint(grid, index)) yield index;
}

/**
 * Base variants of a part of a selection: those at grid points from `from` to before `to`, or of a random search those at
 * these places in the order drawn.
 */
export function stretchVariants(
  grid: Grid,
  { seed, sample }: VariantSelection,
  { from, to }: { readonly from: number; readonly to: number },
  operands?: readonly Pick<OperandColumn, 'strides'>[],
): Generator<number> {
  if (sample === undefined) return baseVariants(grid, { seed, offset: from, limit: to - from }, operands);
  return inStretches(grid, drawVariants(grid, Math.min(sample, to), seed, from), operands);
}

function* inStretches(
  grid: Grid,
  drawn: Iterable<number>,
  operands: readonly Pick<OperandColumn, 'strides'>[] | undefined,
): Generator<number> {
  if (operands === undefined) {
    yield* drawn;
    return;
  }
  let some: number[] = [];
  for (const index of drawn) {
    some.push(index);
    if (some.length < ORDERED_DRAWS) continue;
    yield* nearbyFirst(grid, operands, some);
    some = [];
  }
  yield* nearbyFirst(grid, operands, some);
}

/** The draws at places `from` to before `sample`. */
function* drawVariants(grid: Grid, sample: number, seed: number, from = 0): Generator<number> {
  const draw = createPermutation(grid.basePoints, seed);
  // Without a constraint the place in the order is the number of the draw.
  let drawn = grid.constraint === undefined ? from : 0;
  for (let i = drawn; i < grid.basePoints && drawn < sample; i++) {
    const index = draw(i);
    if (!meetsConstraint(grid, index)) continue;
    if (drawn++ >= from) yield index;
  }
}

/** Base variants of a selection under the constraint, or undefined when there are too many points to count. */
export function countBaseVariants(grid: Grid, selection: VariantSelection = { seed: 0 }): number | undefined {
  const { from, to } = pointRange(grid, selection);
  const points = Math.max(0, to - from);
  if (grid.constraint !== undefined && points > COUNTED_POINTS_MAX) {
    return selection.sample === undefined ? undefined : selection.sample;
  }
  let count = grid.constraint === undefined ? points : 0;
  for (let index = from; grid.constraint !== undefined && index < to; index++)
    if (meetsConstraint(grid, index)) count++;
  return selection.sample === undefined ? count : Math.min(count, selection.sample);
}

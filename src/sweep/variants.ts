// Which base variants a sweep visits, in which order, and in batches of what size.
import type { Clock } from '../core/clock.ts';
import { type Grid, parametersAt, satisfiesConstraint } from './grid.ts';
import { createPermutation } from './sampler.ts';

/** Up to this many grid points the variants under the constraint are counted before a sweep; beyond, they are not. */
export const COUNTED_POINTS_MAX = 10_000_000;

/** Base indices that satisfy the constraint: in grid order, or `sample` of them in a seeded random order. */
export function* baseVariants(grid: Grid, seed: number, sample?: number): Generator<number> {
  if (sample === undefined) {
    for (let index = 0; index < grid.basePoints; index++) {
      if (satisfiesConstraint(grid, parametersAt(grid, index))) yield index;
    }
    return;
  }
  const draw = createPermutation(grid.basePoints, seed);
  let drawn = 0;
  for (let i = 0; i < grid.basePoints && drawn < sample; i++) {
    const index = draw(i);
    if (!satisfiesConstraint(grid, parametersAt(grid, index))) continue;
    drawn++;
    yield index;
  }
}

/** Base variants under the constraint, or undefined when the grid is too large to count. */
export function countBaseVariants(grid: Grid): number | undefined {
  if (grid.constraint === undefined) return grid.basePoints;
  if (grid.basePoints > COUNTED_POINTS_MAX) return undefined;
  let count = 0;
  for (let index = 0; index < grid.basePoints; index++) {
    if (satisfiesConstraint(grid, parametersAt(grid, index))) count++;
  }
  return count;
}

const BATCH_MS = 25;
const BATCH_VARIANTS_MAX = 1024;

/** Sizes batches so that one takes about 25 ms: short enough to cancel between, long enough to waste nothing. */
export class BatchSizer {
  readonly #clock: Clock;
  #size = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  /** Runs one batch and learns from how long it took. */
  async time<T>(variants: number, run: () => Promise<T>): Promise<T> {
    const started = this.#clock.monotonicMs();
    const result = await run();
    const each = (this.#clock.monotonicMs() - started) / variants;
    const wanted = each > 0 ? Math.floor(BATCH_MS / each) : this.#size * 2;
    this.#size = Math.max(1, Math.min(BATCH_VARIANTS_MAX, wanted, this.#size * 2));
    return result;
  }
}

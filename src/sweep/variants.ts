// Which base variants a sweep visits, in which order, and in batches of what size.
import type { Clock } from '../core/clock.ts';
import { type Grid, parametersAt, satisfiesConstraint } from './grid.ts';
import type { SweepRequest } from './request.ts';
import { createPermutation } from './sampler.ts';

/** Up to this many grid points the variants under the constraint are counted before a sweep; beyond, they are not. */
export const COUNTED_POINTS_MAX = 10_000_000;

/** Which base variants to visit: all, a range of grid points, or a random sample. */
export type VariantSelection = Pick<SweepRequest, 'seed' | 'sample' | 'offset' | 'limit'>;

/** The range [from, to) of grid points that a selection visits in grid order. */
function pointRange(grid: Grid, { offset = 0, limit }: VariantSelection): { from: number; to: number } {
  return { from: offset, to: Math.min(grid.basePoints, limit === undefined ? grid.basePoints : offset + limit) };
}

/** Base indices that satisfy the constraint: in grid order, or `sample` of them in a seeded random order. */
export function* baseVariants(grid: Grid, selection: VariantSelection): Generator<number> {
  const { seed, sample } = selection;
  if (sample === undefined) {
    const { from, to } = pointRange(grid, selection);
    for (let index = from; index < to; index++) {
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

/** Base variants of a selection under the constraint, or undefined when there are too many points to count. */
export function countBaseVariants(grid: Grid, selection: VariantSelection = { seed: 0 }): number | undefined {
  const { from, to } = pointRange(grid, selection);
  const points = Math.max(0, to - from);
  if (grid.constraint !== undefined && points > COUNTED_POINTS_MAX) {
    return selection.sample === undefined ? undefined : selection.sample;
  }
  let count = grid.constraint === undefined ? points : 0;
  for (let index = from; grid.constraint !== undefined && index < to; index++) {
    if (satisfiesConstraint(grid, parametersAt(grid, index))) count++;
  }
  return selection.sample === undefined ? count : Math.min(count, selection.sample);
}

/** How long one batch takes: short enough to cancel between, long enough to waste nothing. */
export const BATCH_MS = 25;
/** With checkpoints a batch is also what a kill costs at most, and each ends in a durable write. */
export const CHECKPOINT_BATCH_MS = 250;
const BATCH_VARIANTS_MAX = 1024;

/** Sizes batches so that one takes about `targetMs`. */
export class BatchSizer {
  readonly #clock: Clock;
  readonly #targetMs: number;
  #size = 1;

  constructor(clock: Clock, targetMs: number) {
    this.#clock = clock;
    this.#targetMs = targetMs;
  }

  get size(): number {
    return this.#size;
  }

  /** Runs one batch and learns from how long it took. */
  async time<T>(variants: number, run: () => Promise<T>): Promise<T> {
    const started = this.#clock.monotonicMs();
    const result = await run();
    const each = (this.#clock.monotonicMs() - started) / variants;
    const wanted = each > 0 ? Math.floor(this.#targetMs / each) : this.#size * 2;
    this.#size = Math.max(1, Math.min(BATCH_VARIANTS_MAX, wanted, this.#size * 2));
    return result;
  }
}

// The port behind which a mode chooses trials: asked in order, told results in order, never more than the lag allows.

import type { Point } from './space.ts';
import type { Judged } from './standing.ts';

export interface Proposal {
  readonly point: Point;
  /** Which window it is tried on: 0 is the shortest, the last is the whole. */
  readonly rung: number;
}

/** A judged trial with the window it ran on. */
export interface ToldTrial extends Judged {
  readonly rung: number;
}

/**
 * `ask(n)` is called for n = 0, 1, 2, …; before it `tell` was called for the trials 0 to n - lag, in order, and no other.
 * A proposal is a function of the seed, n, and what was told: never of time, threads or batches.
 */
export interface Sampler {
  /** False where no trial depends on results: then any number may be in flight, and nothing is told. */
  readonly learns: boolean;
  /** Undefined when nothing is left to try. */
  ask(n: number): Proposal | undefined;
  tell(trial: ToldTrial): void;
}

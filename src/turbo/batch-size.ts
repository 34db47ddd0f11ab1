// How many trials make a batch: enough that messages cost nothing, few enough that nobody waits for a long last one.
import { LIMITS } from '../core/limits.ts';

/** Work that one batch should be. */
const TARGET_MS = 80;
/** Below this a message begins to cost something: batches at the end of a run get no smaller. */
const LEAST_MS = 2;
/** A batch is at most this many times as large as the largest before: first trials say little. */
const GROWTH = 4;
/** How much the latest trials count against those before, per batch. */
const NEWS = 0.3;
/** Batches at one worker: the one it is at, and one at its door so that it never waits for an answer. */
export const BATCHES_PER_WORKER = 2;

/** The size of the batches of one setup, learned from how long its trials take. */
export class BatchSize {
  readonly #fixed: number | undefined;
  #msPerTrial: number | undefined;
  /** The largest batch so far. */
  #largest = 1;

  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  /** Takes in that `trials` trials took `ms` in one worker. */
  learn(trials: number, ms: number): void {
    if (trials === 0) return;
    const pace = ms / trials;
    // The first trials compile code and open windows: what comes after them says more.
    this.#msPerTrial =
      this.#msPerTrial === undefined ? pace : (1 - NEWS) * Math.min(this.#msPerTrial, 8 * pace) + NEWS * pace;
  }

  /** Trials of the next batch, when `waiting` of a run are left for `workers`. */
  next(waiting: number, workers: number): number {
    if (this.#fixed !== undefined) return Math.min(this.#fixed, waiting);
    // Equal shares of what is left: the last batches become small, so that all workers end together.
    const share = Math.ceil(waiting / (workers * BATCHES_PER_WORKER));
    const size = Math.max(Math.min(this.steady, share), this.#atPace(LEAST_MS), 1);
    const next = Math.min(size, this.#largest * GROWTH, waiting);
    this.#largest = Math.max(this.#largest, next);
    return next;
  }

  /** Trials of a batch in the middle of a long run. */
  get steady(): number {
    return this.#fixed ?? Math.max(1, Math.min(this.#atPace(TARGET_MS), this.#largest * GROWTH));
  }

  #atPace(ms: number): number {
    if (this.#msPerTrial === undefined) return 1;
    return Math.min(LIMITS.batchTrialsMax, Math.floor(ms / Math.max(this.#msPerTrial, 1e-4)));
  }
}

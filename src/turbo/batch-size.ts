// How many trials make a batch: enough that messages cost nothing, few enough that nobody waits for a long last one.
import { LIMITS } from '../core/limits.ts';

/** Work that one batch should be. */
const TARGET_MS = 100;
/** Below this a message begins to cost something: batches at the end of a run get no smaller. */
const LEAST_MS = 2;
/** A batch is at most this many times as large as the largest before: first trials say little. */
const GROWTH = 4;
/** How much of what was known before a new batch still counts. */
const MEMORY = 0.7;
/** Batches of one size do not tell what a batch costs by itself: one that is larger by this factor is tried … */
const PROBE = 1.25;
/** … unless it takes longer than this already. */
const PROBE_MS_MAX = 1000;
/** Batches at one worker: the one it is at, and one at its door so that it never waits for an answer. */
export const BATCHES_PER_WORKER = 2;

/**
 * The size of the batches of one setup, learned from how long they take. A batch costs something by itself, such as a
 * walk over the candles that all its trials share: a line through what batches of different sizes took tells that from
 * what each trial adds, and more trials share it.
 */
export class BatchSize {
  readonly #fixed: number | undefined;
  #largest = 1;
  /** Sums over past batches, the older the lighter: their number, n, n², ms and n·ms. */
  #sums = { batches: 0, n: 0, nn: 0, ms: 0, nms: 0 };

  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  /** Takes in that `trials` trials took `ms` in one worker. */
  learn(trials: number, ms: number): void {
    if (trials === 0) return;
    const { batches, n, nn, ms: all, nms } = this.#sums;
    this.#sums = {
      batches: batches * MEMORY + 1,
      n: n * MEMORY + trials,
      nn: nn * MEMORY + trials * trials,
      ms: all * MEMORY + ms,
      nms: nms * MEMORY + trials * ms,
    };
  }

  /** Trials of the next batch, when `waiting` of a run, and `all` of all runs, are left for `workers`. */
  next(waiting: number, all: number, workers: number): number {
    if (this.#fixed !== undefined) return Math.min(this.#fixed, waiting);
    // Equal shares of what is left: the last batches become small, so that all workers end together.
    const share = Math.ceil(all / (workers * BATCHES_PER_WORKER));
    const size = Math.max(Math.min(this.steady, share), this.#atPace(LEAST_MS), 1);
    const next = Math.min(size, this.#largest * GROWTH, waiting);
    this.#largest = Math.max(this.#largest, next);
    return next;
  }

  /** Trials of a batch in the middle of a long run. */
  get steady(): number {
    return this.#fixed ?? Math.max(1, Math.min(this.#atPace(TARGET_MS), this.#largest * GROWTH));
  }

  /** Trials that add `ms` to a batch: what it costs by itself is shared by as many as that. */
  #atPace(ms: number): number {
    const { batches, n, nn, ms: all, nms } = this.#sums;
    if (batches === 0) return 1;
    const mean = all / n;
    const spread = batches * nn - n * n;
    const isKnown = spread > 1e-6 * nn * batches;
    const slope = isKnown ? (batches * nms - n * all) / spread : mean;
    // Noise must not make trials look free.
    const perTrial = Math.max(Math.min(slope, mean), mean / GROWTH, 1e-4);
    const probe = isKnown || all / batches > PROBE_MS_MAX ? 0 : Math.ceil((n / batches) * PROBE);
    return Math.min(LIMITS.batchTrialsMax, Math.max(Math.floor(ms / perTrial), ms < TARGET_MS ? 0 : probe));
  }
}

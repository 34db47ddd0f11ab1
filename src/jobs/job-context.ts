// What a running job sees of the queue, and the writes that end its attempt.
import type { StopToken } from '../core/cancel.ts';
import { isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { Prng } from '../core/prng.ts';
import { createBackoff } from './backoff.ts';
import type { Job, JobProgress, NewShard } from './job.ts';
import type { ClaimedJob, JobStore } from './job-store.ts';
import type { LeaseWords } from './lease-words.ts';
import type { Time } from './time.ts';

export interface JobContext {
  /** To be polled at least every 200 ms of work. Once it answers a reason, return or throw: the outcome does not count. */
  readonly stop: StopToken;
  /** What the last attempt kept, or undefined. */
  readonly resumed: Json | undefined;
  /**
   * To be called at least every few seconds, also from within long computations: a job that does not move for the length
   * of a lease is given to another runner.
   */
  progress(progress: JobProgress): void;
  /** Keeps `value` for the next attempt; durable when it resolves. Errors: LEASE_LOST, LIMIT_EXCEEDED. */
  checkpoint(value: Json): Promise<void>;
}

/** Answered in place of a result: these shards come first, and then the job is merged from them and those before. */
export class Cut {
  readonly shards: readonly NewShard[];

  constructor(shards: readonly NewShard[]) {
    this.shards = shards;
  }
}

/** Runs a job, or a shard of one, to its result. Called again after a crash, possibly while a lost attempt still runs. */
export type RunJob = (job: Job, context: JobContext) => Promise<Json | Cut>;
/** Makes the result of a job from those of its shards, which come in their order; or cuts it once more. */
export type MergeShards = (job: Job, results: readonly Json[], context: JobContext) => Promise<Json | Cut>;

export interface AttemptPorts {
  readonly store: JobStore;
  readonly time: Time;
  readonly prng: Prng;
}

export interface Attempt {
  readonly context: JobContext;
  /** Whether the job was told to stop: its outcome may be a part of the work. */
  wasTold(): boolean;
}

export function createAttempt(ports: AttemptPorts, claimed: ClaimedJob, words: LeaseWords): Attempt {
  const { store } = ports;
  let { sequence } = claimed.checkpoint;
  let told = false;
  const stop: StopToken = {
    reason() {
      const cause = words.stop();
      if (cause === undefined) return undefined;
      told = true;
      return cause === 'deadline' ? 'deadline' : 'cancelled';
    },
  };
  const context: JobContext = {
    stop,
    resumed: claimed.checkpoint.value,
    progress(progress) {
      words.setProgress(progress);
      words.tick();
    },
    async checkpoint(value) {
      words.tick();
      sequence++;
      const write = (): Promise<void> => store.checkpoint(claimed.lease, { sequence, value });
      try {
        await persist(ports, words, write);
      } catch (error) {
        if (isAppError(error, 'LEASE_LOST')) words.setStop('lost');
        throw error;
      }
    },
  };
  return { context, wasTold: () => told };
}

const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 5_000;

/** Repeats a call while the store does not answer, for at most LIMITS.settleMsMax; then throws its last error. */
export async function persist<T>({ time, prng }: AttemptPorts, words: LeaseWords, call: () => Promise<T>): Promise<T> {
  const backoff = createBackoff(prng, BACKOFF_BASE_MS, BACKOFF_MAX_MS);
  const endMs = time.monotonicMs() + LIMITS.settleMsMax;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isAppError(error) || !error.retryable || time.monotonicMs() >= endMs || words.stop() === 'lost') throw error;
    }
    // Whoever tries to hand in its work is alive.
    words.tick();
    await time.sleep(backoff.nextMs());
  }
}

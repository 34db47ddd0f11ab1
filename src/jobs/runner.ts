// Claims jobs from a store and runs them, a few at once, under leases that a keeper renews.
import { assert } from '../core/assert.ts';
import type { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { createBackoff } from './backoff.ts';
import type { JobError, Lease, Owner } from './job.ts';
import type { AttemptPorts } from './job-context.ts';
import type { ClaimedJob } from './job-store.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { checkLeaseSettings, type LeaseSettings } from './lease-settings.ts';
import { createLeaseWords, type LeaseWords } from './lease-words.ts';
import type { OwnerLocks } from './owner-locks.ts';
import type { Liveness } from './process-identity.ts';
import { type AttemptEnd, errorOf, type JobWork, runAttempt } from './run-attempt.ts';
import { createSweeper } from './sweeper.ts';

/** For logs: one event per fault, with what it was about. */
export type RunnerEvent =
  | { readonly kind: 'claimed'; readonly lease: Lease; readonly attempt: number }
  | {
      readonly kind: 'ended';
      readonly lease: Lease;
      readonly attempt: number;
      readonly end: AttemptEnd;
      readonly error?: JobError;
    }
  | { readonly kind: 'expired'; readonly lease: Lease; readonly error: JobError }
  /** Once when the store stops answering, whatever the number of tries. */
  | { readonly kind: 'store'; readonly error: JobError };

export interface RunnerOptions extends AttemptPorts, JobWork {
  /** Unique among all runners there ever were. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** Jobs at once, up to LIMITS.runnerJobsMax. */
  readonly concurrency: number;
  readonly settings: LeaseSettings;
  readonly keeper: LeaseKeeper;
  readonly liveness: Liveness;
  /** Of a store that processes of one machine share: `name` is locked there. */
  readonly locks?: Pick<OwnerLocks, 'isFree'>;
  /** Milliseconds between two looks for a job while there is none, half of it at random; 1 s unless given. */
  readonly pollMs?: number;
  readonly onEvent?: (event: RunnerEvent) => void;
}

export interface Runner {
  /** Looks for a job now. */
  wake(): void;
  /** Whether it still claims jobs. */
  isOpen(): boolean;
  /** Leases of the attempts that run now. */
  running(): readonly Lease[];
  /**
   * Claims nothing more. Running jobs may finish for `finishMs`, then they are told to stop and go back to the queue; what
   * has not returned `graceMs` later is handed back without it. The store and the keeper stay open.
   */
  close(options?: { readonly finishMs?: number; readonly graceMs?: number }): Promise<void>;
}

const POLL_MS = 1_000;
const BACKOFF_BASE_MS = 200;
const BACKOFF_MAX_MS = 10_000;
const GRACE_MS = 8_000;

interface Active {
  readonly lease: Lease;
  readonly words: LeaseWords;
  readonly ended: Promise<void>;
}

/** Starts at once. Errors: REQUEST_INVALID for settings that cannot work. */
export function startRunner(options: RunnerOptions): Runner {
  const { store, time, prng, name, kinds, concurrency, keeper, liveness, pollMs = POLL_MS } = options;
  checkLeaseSettings(options.settings);
  assert(Number.isInteger(concurrency) && concurrency >= 1, 'a runner runs at least one job at once');
  assert(concurrency <= LIMITS.runnerJobsMax, 'a runner keeps to its limit of jobs at once');
  const owner: Owner = liveness.self === undefined ? { runner: name } : { runner: name, process: liveness.self };
  const onEvent = options.onEvent ?? (() => undefined);
  const active = new Map<LeaseWords, Active>();
  const end = new AbortController();
  let nudge = new AbortController();
  let claims = 0;

  /** Sleeps, unless a job ends, somebody wakes the runner, or it closes. */
  const rest = async (ms: number): Promise<void> => {
    if (nudge.signal.aborted) nudge = new AbortController();
    await time.sleep(ms, nudge.signal);
  };
  const launch = (claimed: ClaimedJob, sentMs: number): void => {
    const { lease, job } = claimed;
    const words = createLeaseWords();
    const { spentMs, deadlineMs } = job;
    keeper.hold({ lease, shared: words.shared, ageMs: time.monotonicMs() - sentMs, spentMs, deadlineMs });
    onEvent({ kind: 'claimed', lease, attempt: job.attempts });
    const attempt = async (): Promise<void> => {
      const outcome = await runAttempt(options, claimed, words, options);
      keeper.drop(lease);
      active.delete(words);
      onEvent({ kind: 'ended', lease, attempt: job.attempts, ...outcome });
      nudge.abort();
    };
    active.set(words, { lease, words, ended: attempt() });
  };
  const claim = async (): Promise<number> => {
    if (active.size >= concurrency) return pollMs;
    const sentMs = time.monotonicMs();
    const claimed = await store.claim({ owner, claimId: `${name}:${claims}`, kinds }, time.wallMs());
    if (claimed === undefined) return pollMs * (0.5 + prng.next() / 2);
    claims++;
    launch(claimed, sentMs);
    return 0;
  };
  const sweeper = createSweeper({
    ...options,
    retention: { endedMax: LIMITS.endedJobsMax },
    onExpired: (lease, error) => onEvent({ kind: 'expired', lease, error }),
  });

  /** Repeats `step`, which answers when to come again, until the runner closes. */
  const loop = async (step: () => Promise<number>, sleep: (ms: number) => Promise<void>): Promise<void> => {
    const backoff = createBackoff(prng, BACKOFF_BASE_MS, BACKOFF_MAX_MS);
    let reported: AppError['code'] | undefined;
    while (!end.signal.aborted) {
      let pauseMs: number;
      try {
        pauseMs = await step();
        backoff.reset();
        reported = undefined;
      } catch (error) {
        pauseMs = backoff.nextMs();
        const found = errorOf(error);
        if (found.code !== reported) onEvent({ kind: 'store', error: found });
        reported = found.code;
      }
      if (pauseMs > 0 && !end.signal.aborted) await sleep(pauseMs);
    }
  };
  const loops = [loop(claim, rest), loop(sweeper.sweep, (ms) => time.sleep(ms, end.signal))];

  const allEnded = async (): Promise<void> => {
    await Promise.all([...active.values()].map(({ ended }) => ended));
  };
  /** The timer ends with the work: it would keep a process alive that has nothing left to do. */
  const atMost = async (ms: number, work: Promise<unknown>): Promise<void> => {
    const done = new AbortController();
    await Promise.race([work.finally(() => done.abort()), time.sleep(ms, done.signal)]);
  };
  return {
    wake: () => nudge.abort(),
    isOpen: () => !end.signal.aborted,
    running: () => [...active.values()].map(({ lease }) => lease),
    async close({ finishMs = 0, graceMs = GRACE_MS } = {}) {
      end.abort();
      nudge.abort();
      // A claim that is under way may still bring a job.
      await atMost(graceMs, Promise.all(loops));
      if (finishMs > 0) await atMost(finishMs, allEnded());
      for (const { words } of active.values()) words.setStop('shutdown');
      await atMost(graceMs, allEnded());
      for (const { lease, words } of active.values()) {
        words.setStop('lost');
        keeper.drop(lease);
        // When the store does not answer either, the lease runs out.
        await store.release(lease, time.wallMs()).catch(() => undefined);
      }
    },
  };
}

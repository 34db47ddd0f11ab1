// Finds leases whose owner is gone, by watching them for a while, and gives their jobs back to the queue.
import type { JobError, Lease, Owner } from './job.ts';
import type { JobStore, LeaseInUse, Retention } from './job-store.ts';
import type { LeaseSettings } from './lease-settings.ts';
import type { OwnerLocks } from './owner-locks.ts';
import type { Liveness } from './process-identity.ts';
import type { Time } from './time.ts';

export interface SweeperOptions {
  readonly store: Pick<JobStore, 'reach' | 'leases' | 'expire' | 'tidy'>;
  readonly time: Time;
  readonly settings: LeaseSettings;
  readonly liveness: Liveness;
  /** Of a store that processes of one machine share. */
  readonly locks?: Pick<OwnerLocks, 'isFree'>;
  readonly retention: Retention;
  readonly onExpired?: (lease: Lease, error: JobError) => void;
}

export interface Sweeper {
  /** Looks once. Answers after how many milliseconds to look again. */
  sweep(): Promise<number>;
}

interface Observation {
  readonly token: number;
  readonly beat: number;
  seenMs: number;
  silentMs: number;
}

/**
 * No clock of another machine matters: a lease is silent for as long as this observer saw it unchanged. Between two looks
 * counts at most SWEEPS_PER_LOOK sweeps, so that neither a leap of the clock nor a pause of this process takes leases away.
 */
const SWEEPS_PER_LOOK = 2;
/** Not sooner than this after a look, however close a lease is to its end. */
const PAUSE_MIN_MS = 50;

export function createSweeper(options: SweeperOptions): Sweeper {
  const { store, time, settings, liveness, locks, retention, onExpired } = options;
  let observed = new Map<string, Observation>();

  /** Two ways to be certain: its process id says so, or the lock that only it can hold is free. */
  const hasEnded = ({ runner, process }: Owner): boolean =>
    (process !== undefined && liveness.isGone(process, store.reach)) ||
    (store.reach === 'machine' && locks?.isFree(runner) === true);

  const observe = (lease: LeaseInUse, askedMs: number, seenMs: number): Observation => {
    const before = observed.get(lease.jobId);
    if (before?.token !== lease.token || before.beat !== lease.beat) {
      return { token: lease.token, beat: lease.beat, seenMs, silentMs: 0 };
    }
    // Unchanged at least from the reply of one look to the question of the next.
    const credit = Math.min(askedMs - before.seenMs, SWEEPS_PER_LOOK * settings.sweepMs);
    return { ...before, seenMs, silentMs: before.silentMs + Math.max(0, credit) };
  };

  return {
    async sweep() {
      const askedMs = time.monotonicMs();
      const leases = await store.leases();
      const seenMs = time.monotonicMs();
      const next = new Map<string, Observation>();
      let pauseMs = settings.sweepMs;
      for (const lease of leases) {
        const observation = observe(lease, askedMs, seenMs);
        next.set(lease.jobId, observation);
        const isGone = hasEnded(lease.owner);
        if (!isGone && observation.silentMs < settings.leaseMs) {
          pauseMs = Math.min(pauseMs, settings.leaseMs - observation.silentMs);
          continue;
        }
        const error = isGone ? ownerGone(lease) : ownerSilent(lease, settings.leaseMs);
        if (await store.expire(lease, error, time.wallMs())) onExpired?.(lease, error);
      }
      observed = next;
      await store.tidy(retention, time.wallMs());
      return Math.max(PAUSE_MIN_MS, pauseMs);
    },
  };
}

const ownerGone = ({ owner }: LeaseInUse): JobError => ({
  code: 'JOB_PARKED',
  found: `${owner.process === undefined ? 'the process' : `process ${owner.process.pid}`} of runner ${owner.runner} ended while it ran the job.`,
  todo: 'Look for what ended it: memory, a crash, a kill.',
});

const ownerSilent = ({ owner }: LeaseInUse, leaseMs: number): JobError => ({
  code: 'JOB_PARKED',
  found: `runner ${owner.runner} showed no progress for ${leaseMs / 1000} s.`,
  todo: 'Look for a hang, or for a machine that went away.',
});

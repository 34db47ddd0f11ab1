// Renews leases while their attempts move, and tells attempts to stop: on cancel, deadline, and loss of the lease.
import { isAppError } from '../core/errors.ts';
import type { Prng } from '../core/prng.ts';
import { createBackoff } from './backoff.ts';
import type { Lease } from './job.ts';
import type { JobStore } from './job-store.ts';
import type { LeaseSettings } from './lease-settings.ts';
import { createLeaseWords, type LeaseWords } from './lease-words.ts';
import type { Time } from './time.ts';

export interface HeldLease {
  readonly lease: Lease;
  /** Of the attempt's LeaseWords. */
  readonly shared: SharedArrayBuffer;
  /** Milliseconds since the claim, or a renewal that succeeded, was sent. */
  readonly ageMs: number;
  /** Running time so far, over all attempts. */
  readonly spentMs: number;
  readonly deadlineMs?: number;
}

export interface LeaseKeeper {
  hold(held: HeldLease): void;
  drop(lease: Lease): void;
  close(): Promise<void>;
}

export interface KeeperOptions {
  readonly store: Pick<JobStore, 'renew' | 'look'>;
  readonly time: Time;
  readonly prng: Prng;
  readonly settings: LeaseSettings;
}

interface Entry {
  readonly lease: Lease;
  readonly words: LeaseWords;
  readonly sinceMs: number;
  readonly spentMs: number;
  readonly deadlineMs: number;
  /** When the last renewal that succeeded was sent: nobody can have taken the lease within leaseMs from then. */
  confirmedMs: number;
  ticks: number;
  isRenewing: boolean;
}

const BACKOFF_BASE_MS = 200;
const BACKOFF_MAX_MS = 2_000;

/**
 * Keeps leases in the calling thread, which must not compute. Nothing here waits for the store: a store that hangs
 * cannot keep an attempt from being stopped.
 */
export function keepLeases({ store, time, prng, settings }: KeeperOptions): LeaseKeeper {
  const { leaseMs, heartbeatMs, watchMs } = settings;
  const entries = new Map<string, Entry>();
  const backoff = createBackoff(prng, BACKOFF_BASE_MS, Math.min(BACKOFF_MAX_MS, heartbeatMs));
  const end = new AbortController();
  let tryAgainMs = Number.NEGATIVE_INFINITY;
  let isLooking = false;

  const failed = (error: unknown, entry: Entry | undefined): void => {
    if (entry !== undefined && isAppError(error, 'LEASE_LOST')) entry.words.setStop('lost');
    else tryAgainMs = time.monotonicMs() + backoff.nextMs();
  };
  const renew = async (entry: Entry, nowMs: number): Promise<void> => {
    entry.isRenewing = true;
    const ticks = entry.words.ticks();
    try {
      const spentMs = entry.spentMs + nowMs - entry.sinceMs;
      const { cancelRequested } = await store.renew(entry.lease, { progress: entry.words.progress(), spentMs });
      entry.confirmedMs = nowMs;
      entry.ticks = ticks;
      if (cancelRequested) entry.words.setStop('cancelled');
      backoff.reset();
    } catch (error) {
      failed(error, entry);
    } finally {
      entry.isRenewing = false;
    }
  };
  const look = async (): Promise<void> => {
    isLooking = true;
    const asked = [...entries.values()];
    try {
      const views = await store.look(asked.map(({ lease }) => lease));
      for (const [i, { words }] of asked.entries()) {
        if (views[i] === 'lost') words.setStop('lost');
        else if (views[i] === 'cancel') words.setStop('cancelled');
      }
      backoff.reset();
    } catch (error) {
      failed(error, undefined);
    } finally {
      isLooking = false;
    }
  };
  const step = (): void => {
    const nowMs = time.monotonicMs();
    for (const entry of entries.values()) {
      if (entry.spentMs + nowMs - entry.sinceMs >= entry.deadlineMs) entry.words.setStop('deadline');
      if (nowMs - entry.confirmedMs >= leaseMs) entry.words.setStop('lost');
      // An attempt that does not move is not renewed: somebody else shall have the job.
      const isDue = nowMs - entry.confirmedMs >= heartbeatMs && entry.words.ticks() !== entry.ticks;
      if (isDue && !entry.isRenewing && nowMs >= tryAgainMs) void renew(entry, nowMs);
    }
    if (entries.size > 0 && !isLooking && nowMs >= tryAgainMs) void look();
  };
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      step();
      await time.sleep(watchMs, end.signal);
    }
  };
  const running = loop();

  return {
    hold({ lease, shared, ageMs, spentMs, deadlineMs = Number.POSITIVE_INFINITY }) {
      const sinceMs = time.monotonicMs();
      entries.set(keyOf(lease), {
        lease,
        words: createLeaseWords(shared),
        sinceMs,
        spentMs,
        deadlineMs,
        confirmedMs: sinceMs - ageMs,
        ticks: 0,
        isRenewing: false,
      });
    },
    drop(lease) {
      entries.delete(keyOf(lease));
    },
    async close() {
      end.abort();
      await running;
    },
  };
}

export const keyOf = ({ jobId, token }: Lease): string => `${jobId} ${token}`;

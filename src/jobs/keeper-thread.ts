// Starts the thread that renews leases with the first lease, replaces it when it dies, and ends it when there was none for a while.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { LIMITS } from '../core/limits.ts';
import type { KeeperMessage, KeeperSetup } from './keeper-messages.ts';
import { type HeldLease, keyOf, type LeaseKeeper } from './lease-keeper.ts';
import { createLeaseWords } from './lease-words.ts';

export interface ThreadKeeperOptions extends KeeperSetup {
  readonly clock: Clock;
  /** The compiled lease-thread file, unless it is the one of the build. */
  readonly file?: URL;
  /** Milliseconds without a lease after which the thread is ended: an isolate and its connection take 10 MB. */
  readonly idleMs?: number;
  /** The thread died; `how` completes the sentence "the thread that renews leases …". */
  readonly onDeath?: (how: string) => void;
}

/** Megabytes of old and of new objects: it makes few of either. */
const HEAP_MB = 64;
const YOUNG_MB = 2;

const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread/lease-thread.js' : '../thread/lease-thread.js',
  import.meta.url,
);

interface Held extends HeldLease {
  readonly heldMs: number;
}

/** Renews leases from a thread of its own, on its own connection. */
export function startKeeperThread(options: ThreadKeeperOptions): LeaseKeeper {
  const { location, settings, seed, clock, file = THREAD_FILE, idleMs = LIMITS.leaseThreadIdleMs, onDeath } = options;
  const held = new Map<string, Held>();
  let idle: NodeJS.Timeout | undefined;
  let starts = 0;
  let startedMs = 0;
  let isClosed = false;
  let worker: Worker | undefined;

  const post = (message: KeeperMessage): void => worker?.postMessage(message);
  const start = (): void => {
    starts++;
    startedMs = clock.monotonicMs();
    const own = new Worker(file, {
      name: 'gridmill-lease',
      workerData: { location, settings, seed: seed + starts } satisfies KeeperSetup,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker = own;
    let fault: string | undefined;
    own.on('error', (error: unknown) => {
      fault = `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    });
    own.on('exit', (code) => {
      if (worker === own && !isClosed) replace(fault ?? `left with exit code ${code}`);
    });
    for (const { heldMs, ...lease } of held.values()) {
      const elapsedMs = startedMs - heldMs;
      // The last renewal is not known here; the new thread begins with one.
      const ageMs = Math.min(lease.ageMs + elapsedMs, settings.heartbeatMs);
      post({ hold: { ...lease, ageMs, spentMs: lease.spentMs + elapsedMs } });
    }
  };
  const replace = (how: string): void => {
    onDeath?.(how);
    worker = undefined;
    if (clock.monotonicMs() - startedMs > settings.leaseMs) starts = 0;
    if (starts < LIMITS.leaseThreadStartsMax) start();
    // Nobody renews any more: what runs must stop before its leases run out.
    else for (const { shared } of held.values()) createLeaseWords(shared).setStop('lost');
  };
  /** Nothing is held: nothing is lost with it. */
  const retire = (): void => {
    void worker?.terminate();
    worker = undefined;
    starts = 0;
  };

  return {
    hold(lease) {
      clearTimeout(idle);
      if (worker === undefined && starts < LIMITS.leaseThreadStartsMax) start();
      held.set(keyOf(lease.lease), { ...lease, heldMs: clock.monotonicMs() });
      if (worker === undefined) createLeaseWords(lease.shared).setStop('lost');
      else post({ hold: lease });
    },
    drop(lease) {
      held.delete(keyOf(lease));
      post({ drop: lease });
      if (held.size > 0 || worker === undefined) return;
      clearTimeout(idle);
      idle = setTimeout(retire, idleMs).unref();
    },
    async close() {
      isClosed = true;
      clearTimeout(idle);
      await worker?.terminate();
    },
  };
}

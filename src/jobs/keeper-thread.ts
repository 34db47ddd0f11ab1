// Starts the thread that renews leases, and replaces it when it dies.
import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { LIMITS } from '../core/limits.ts';
import type { KeeperMessage, KeeperSetup } from './keeper-messages.ts';
import { type HeldLease, keyOf, type LeaseKeeper } from './lease-keeper.ts';
import { createLeaseWords } from './lease-words.ts';

export interface ThreadKeeperOptions extends KeeperSetup {
  readonly clock: Clock;
  /** The compiled lease-thread file, unless it lies beside this one. */
  readonly file?: URL;
  /** The thread died; `how` completes the sentence "the thread that renews leases …". */
  readonly onDeath?: (how: string) => void;
}

const HEAP_MB = 64;

interface Held extends HeldLease {
  readonly heldMs: number;
}

/** Renews leases from a thread of its own, on its own connection. */
export function startKeeperThread(options: ThreadKeeperOptions): LeaseKeeper {
  const { location, settings, seed, clock, file = new URL('./lease-thread.js', import.meta.url), onDeath } = options;
  const held = new Map<string, Held>();
  let starts = 0;
  let startedMs = 0;
  let isClosed = false;
  let worker: Worker | undefined;

  const post = (message: KeeperMessage): void => worker?.postMessage(message);
  const start = (): void => {
    starts++;
    startedMs = clock.monotonicMs();
    worker = new Worker(file, {
      name: 'gridmill-lease',
      workerData: { location, settings, seed: seed + starts } satisfies KeeperSetup,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    let fault: string | undefined;
    worker.on('error', (error: unknown) => {
      fault = `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    });
    worker.on('exit', (code) => {
      if (!isClosed) replace(fault ?? `left with exit code ${code}`);
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
  start();

  return {
    hold(lease) {
      held.set(keyOf(lease.lease), { ...lease, heldMs: clock.monotonicMs() });
      if (worker === undefined) createLeaseWords(lease.shared).setStop('lost');
      else post({ hold: lease });
    },
    drop(lease) {
      held.delete(keyOf(lease));
      post({ drop: lease });
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

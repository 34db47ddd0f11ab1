// What a service keeps between requests: candles, workers and answers; and how their memory is given back.

import type { Clock } from '../core/clock.ts';
import { LIMITS } from '../core/limits.ts';
import { createCollector } from '../core/reclaim.ts';
import { createMirror, type Mirror } from '../mirror/mirror.ts';
import type { RefreshReport } from '../mirror/refresh.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { type Answers, createAnswers } from './answers.ts';
import { connectRedis } from './redis-answers.ts';
import { createWarmWorkers, type WarmWorkers, type WarmWorkersOptions } from './warm-workers.ts';

export interface WarmOptions {
  readonly storeRoot: string;
  readonly clock: Clock;
  /** Workers of the turbo pool, which start with the first request for them. */
  readonly workers: number;
  /** When the process has more resident than this, workers are replaced. */
  readonly residentBytesMax: number;
  readonly mirror: {
    readonly bytesMax: number;
    /** Stored series that are read at once. */
    readonly preload: readonly string[];
    /** Most bytes of mirror files; none are written when left out. */
    readonly tmpfsBytes?: number;
    readonly refreshEveryMs?: number;
  };
  readonly answers: {
    readonly entriesMax: number;
    readonly bytesMax: number;
    readonly ttlMs: number;
    readonly redisUrl?: string;
  };
  /** Resident bytes of this process, as the kernel counts them. */
  readonly residentBytes: () => number;
  /** Hears what the user should know, as one sentence. */
  readonly onNote: (note: string) => void;
}

export interface CollectReport {
  readonly residentBytesBefore: number;
  readonly residentBytesAfter: number;
  readonly workersCollected: number;
  readonly setupsClosed: number;
  readonly answersDropped: number;
  readonly ms: number;
}

export interface Warm {
  readonly mirror: Mirror;
  readonly workers: WarmWorkers;
  readonly answers: Answers;
  /** Reads anew what the store has changed; running work keeps the candles it began with. */
  refresh(): Promise<RefreshReport>;
  /** Drops what is kept and not in use, candles apart, and gives its memory back to the system. */
  collect(): Promise<CollectReport>;
  /** For a service that nobody asks: ends idle workers, forgets answers that are too old, gives memory back to the system. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

const MIB = 2 ** 20;

/** Errors: BUDGET_BYTES for a preload that does not fit, DEPENDENCY_MISSING, those of connectRedis. */
export async function createWarm(options: WarmOptions): Promise<Warm> {
  const { storeRoot, clock, onNote, residentBytes } = options;
  const { preload, bytesMax, tmpfsBytes, refreshEveryMs } = options.mirror;
  const { redisUrl, ...kept } = options.answers;
  const remote = redisUrl === undefined ? undefined : await connectRedis(redisUrl, onNote);
  const answers = createAnswers({ ...kept, clock, remote });
  const { workers: count, residentBytesMax } = options;
  // No worker's heap alone may be more than what all of them together may take.
  const heapMb = Math.min(LIMITS.workerHeapMbMax, Math.ceil((residentBytesMax ?? Number.POSITIVE_INFINITY) / MIB));
  const start = startPool(heapMb);
  const workers = createWarmWorkers({ workers: count, residentBytesMax, clock, onNote, start });
  const mirror = createMirror({
    store: openCandleStore(storeRoot),
    clock,
    bytesMax,
    onNote,
    ...(tmpfsBytes === undefined ? {} : { tmpfs: { bytesMax: tmpfsBytes } }),
    refreshEveryMs,
    onRefresh: (report) => void follow(report),
  });
  /** Setups over candles that have changed would never be asked for again, and hold those candles. */
  const follow = async ({ changed, removed }: RefreshReport): Promise<void> => {
    const hashes = new Set(changed.map(({ hashBefore }) => hashBefore));
    const gone = new Set(removed);
    await workers.dropIdle(({ key, contentHash }) => hashes.has(contentHash) || gone.has(key));
  };
  const close = async (): Promise<void> => {
    await Promise.all([workers.close(), answers.close()]);
    mirror.close();
  };
  try {
    await preloaded(mirror, preload, onNote);
  } catch (error) {
    await close();
    throw error;
  }
  const collectGarbage = createCollector();
  return {
    mirror,
    workers,
    answers,
    close,
    async refresh() {
      const report = await mirror.refresh();
      await follow(report);
      return report;
    },
    async rest() {
      await workers.retire();
      answers.dropOld();
      collectGarbage();
    },
    async collect() {
      const startedMs = clock.monotonicMs();
      const residentBytesBefore = residentBytes();
      const { entries: answersDropped } = answers.status();
      answers.clear();
      const setupsClosed = await workers.dropIdle();
      const workersCollected = await workers.collect();
      collectGarbage();
      const residentBytesAfter = residentBytes();
      const ms = clock.monotonicMs() - startedMs;
      return { residentBytesBefore, residentBytesAfter, workersCollected, setupsClosed, answersDropped, ms };
    },
  };
}

/** What drives workers is loaded with the first of them; they leave the processor to whoever answers. */
const startPool =
  (heapMb: number): WarmWorkersOptions['start'] =>
  async (options) => {
    const { createThreadTurboPool } = await import('../turbo/thread-turbo-pool.ts');
    return createThreadTurboPool({ ...options, heapMb, isBelowAnswers: true });
  };

async function preloaded(mirror: Mirror, keys: readonly string[], onNote: (note: string) => void): Promise<void> {
  if (keys.length === 0) return;
  const { missing, failed } = await mirror.preload(keys);
  for (const key of missing) onNote(`The mirror was to preload ${key}, which is not stored.`);
  for (const { key, error } of failed) onNote(`The mirror could not preload ${key}: ${error}`);
}

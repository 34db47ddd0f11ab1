// A turbo pool of real threads.
import { LIMITS } from '../core/limits.ts';
import { startThread } from '../pool/thread.ts';
import type { ToWorker } from './messages.ts';
import { createTurboPool } from './turbo-pool.ts';
import type { TurboPool, TurboPoolOptions } from './turbo-port.ts';

export interface ThreadTurboPoolOptions extends Omit<TurboPoolOptions, 'start'> {
  /** Most megabytes of JavaScript heap of one worker; LIMITS.workerHeapMbMax when left out. */
  readonly heapMb?: number;
  /** Whether threads leave the processor to the one that starts them, where they ask for it at once; no unless given. */
  readonly isBelowAnswers?: boolean;
}

/** Threads run compiled code, bundled into few files, also when this file itself is run from the sources. */
const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread/trial-thread.js' : '../thread/trial-thread.js',
  import.meta.url,
);

/** Starts the threads at once; they live until the pool is closed. Errors: REQUEST_INVALID. */
export function createThreadTurboPool(options: ThreadTurboPoolOptions): TurboPool {
  const { heapMb = LIMITS.workerHeapMbMax, isBelowAnswers = false } = options;
  return createTurboPool({
    ...options,
    start: (events, number) => startThread<ToWorker>(THREAD_FILE, { isBelowAnswers }, number, heapMb, events),
  });
}

// Ends a process whose main thread has been silent for too long, from a thread of its own, so that whoever supervises it starts it again.
import { Worker } from 'node:worker_threads';

export interface WatchdogSetup {
  /** One word that the watched thread counts up. */
  readonly beat: Int32Array;
  /** Milliseconds of silence after which the process is ended. */
  readonly silenceMs: number;
}

export interface Watchdog {
  /** Nobody watches from here on. */
  stop(): Promise<void>;
}

export const BEAT_MS = 500;

const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread/watchdog-thread.js' : '../thread/watchdog-thread.js',
  import.meta.url,
);

/** Watches the thread it is called in. Does not keep the process alive. */
export function startWatchdog(silenceMs: number): Watchdog {
  const beat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const thread = new Worker(THREAD_FILE, {
    name: 'gridmill-watchdog',
    workerData: { beat, silenceMs } satisfies WatchdogSetup,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  thread.unref();
  const beats = setInterval(() => Atomics.add(beat, 0, 1), BEAT_MS);
  beats.unref();
  return {
    async stop() {
      clearInterval(beats);
      await thread.terminate();
    },
  };
}

// Waiting as a port, so that a simulation can run hours of queue in a moment.
import type { Clock } from '../core/clock.ts';

export interface Time extends Clock {
  /** Resolves after `ms` milliseconds, or at once when `wake` aborts. */
  sleep(ms: number, wake?: AbortSignal): Promise<void>;
}

export function createTime(clock: Clock): Time {
  return {
    ...clock,
    sleep: (ms, wake) =>
      new Promise((resolve) => {
        if (wake?.aborted) {
          resolve();
          return;
        }
        const end = (): void => {
          clearTimeout(timer);
          wake?.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        wake?.addEventListener('abort', end);
      }),
  };
}

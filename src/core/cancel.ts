// Cooperative stop: one token joins "the user cancelled" and "the deadline passed".
import type { Clock } from './clock.ts';

export type StopReason = 'cancelled' | 'deadline';

/** Polled between slices of work. Once it answers a reason it keeps answering that reason. */
export interface StopToken {
  /** Why work must stop now, or undefined to go on. */
  reason(): StopReason | undefined;
}

export const NEVER_STOP: StopToken = { reason: () => undefined };

export interface StopSource extends StopToken {
  cancel(): void;
}

/** Creates a token that stops on `cancel()` or, when `deadlineMs` is given, that many ms from now on `clock`. */
export function createStopSource(clock: Clock, deadlineMs?: number): StopSource {
  let stopped: StopReason | undefined;
  const endMs = deadlineMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() + deadlineMs;
  return {
    reason(): StopReason | undefined {
      if (stopped === undefined && clock.monotonicMs() >= endMs) stopped = 'deadline';
      return stopped;
    },
    cancel(): void {
      stopped ??= 'cancelled';
    },
  };
}

// What routes need from the process around them.
import type { Machine } from '../compute/machine.ts';
import type { Clock } from '../core/clock.ts';

/** Settings of the service that routes read; docs/api.md names where each comes from. */
export interface ServiceSettings {
  readonly syncDeadlineSeconds: number;
  /** Scoring threads of one computation when the request names no number. */
  readonly maxThreads: number;
  /** Most variants of a job; a request that waits for its answer gets half of it. */
  readonly maxVariantsPerCompute: number;
  /** Most bytes of a job; a request that waits for its answer gets half of it. */
  readonly maxComputeBytesTotal: number;
}

export interface Surroundings {
  readonly engineVersion: string;
  readonly storeRoot: string;
  /** Strategies that requests may name, besides the built-in ones. */
  readonly strategiesFolder: string;
  readonly clock: Clock;
  readonly settings: ServiceSettings;
}

export interface RouteContext extends Surroundings {
  readonly machine: Machine;
  /** Aborted when the service stops: whatever is computed for clients that wait is given up. */
  readonly stopping: AbortSignal;
}

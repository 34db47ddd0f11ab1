// What routes need from the process around them.
import type { JobDesk } from '../compute/job-desk.ts';
import type { Machine } from '../compute/machine.ts';
import type { Clock } from '../core/clock.ts';
import type { Warm } from '../warm/warm.ts';

/** Settings of the service that routes read; docs/api.md names where each comes from. */
export interface ServiceSettings {
  readonly syncDeadlineSeconds: number;
  /** Scoring threads of one computation when the request names no number. */
  readonly maxThreads: number;
  /** Most variants of a job; a request that waits for its answer gets half of it. */
  readonly maxVariantsPerCompute: number;
  /** Most bytes of a job; a request that waits for its answer gets half of it. */
  readonly maxComputeBytesTotal: number;
  /** Whether strategy files are taken over HTTP, from users with a token; not when left out. */
  readonly strategyUploads?: boolean;
  /** Predicted seconds of one shard of a large job; 0 leaves all jobs whole. */
  readonly shardSeconds: number;
}

export interface Surroundings {
  readonly engineVersion: string;
  readonly storeRoot: string;
  /** Strategies that requests may name, besides the built-in ones. */
  readonly strategiesFolder: string;
  readonly clock: Clock;
  readonly settings: ServiceSettings;
  /** What `import … from 'gridmill'` means in a strategy. */
  readonly entry: () => Promise<Readonly<Record<string, unknown>>>;
  /** Resident bytes of this process, as the kernel counts them. */
  readonly residentBytes: () => number;
  /** Memory of the machine, or of the container it is in. */
  readonly memoryBytes: number;
}

export interface RouteContext extends Surroundings {
  readonly machine: Machine;
  /** Absent where the service takes no jobs. */
  readonly desk: JobDesk | undefined;
  readonly warm: Warm;
  /** Whether this service takes strategy files: switched on, and asking for tokens. */
  readonly takesStrategies: boolean;
  /** Aborted when the service stops: whatever is computed for clients that wait is given up. */
  readonly stopping: AbortSignal;
}

/** How long a request waits for its answer: as it asks, up to the service's deadline. */
export const waitingSeconds = (
  { deadlineSeconds = Number.POSITIVE_INFINITY }: { readonly deadlineSeconds?: number },
  { settings }: Pick<Surroundings, 'settings'>,
): number => Math.min(deadlineSeconds, settings.syncDeadlineSeconds);

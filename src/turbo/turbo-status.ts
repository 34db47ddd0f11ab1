// What a turbo pool says of itself while it works.
import type { TrialFailure, TrialSpec } from '../trials/trial.ts';
import type { WorkerMemory } from './messages.ts';

export interface TurboStatus {
  /** False once it takes no more work: closed, or no worker could be kept alive. */
  readonly isOpen: boolean;
  readonly workers: {
    readonly expected: number;
    /** Started, answering and not about to leave. */
    readonly online: number;
    /** With a batch in hand. */
    readonly busy: number;
    /** Started in place of one that died or hung. */
    readonly restarted: number;
    /** Started in place of one that had done its runs or had grown too large. */
    readonly recycled: number;
  };
  readonly trials: {
    /** With an outcome, failed ones among them. */
    readonly done: number;
    readonly failed: number;
    /** Handed over and not yet at a worker. */
    readonly waiting: number;
  };
  /** Trials of a batch in the middle of a long run, as learned so far; 0 before the first. */
  readonly batchSize: number;
  /** Time inside scoring as a share of the time that all workers together had while there was work; null before any. */
  readonly usefulShare: number | null;
  readonly memory: {
    /** Of this process; threads are inside it. */
    readonly rssBytes: number;
    readonly workers: readonly (WorkerMemory & { readonly number: number; readonly runs: number })[];
  };
  /** One entry per busy worker: how many trials it holds, and which one it is at. */
  readonly inFlight: readonly {
    readonly number: number;
    readonly trials: number;
    readonly trial: TrialSpec | undefined;
  }[];
  /** The latest trials that failed, at most LIMITS.failuresKept. */
  readonly failures: readonly TrialFailure[];
}

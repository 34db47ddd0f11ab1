// What a turbo pool is asked and what it needs: setups of trials, and how workers are started.
import type { Clock } from '../core/clock.ts';
import type { Candles } from '../market/candles.ts';
import type { SharedModels } from '../models/model-file.ts';
import type { StrategyRef } from '../pool/messages.ts';
import type { ScoringThread, ThreadEvents } from '../pool/thread.ts';
import type { RunTrials, TrialExecution } from '../trials/trial.ts';
import type { ToWorker } from './messages.ts';
import type { TurboStatus } from './turbo-status.ts';

/** What trials are trials of. */
export interface TrialSetup extends TrialExecution {
  readonly strategyRef: StrategyRef;
  /** What errors call the strategy; its reference when left out. */
  readonly name?: string;
  /** `strategyIdentity` of the strategy as the caller holds it: a worker that loads another one refuses. */
  readonly identity?: string;
  /** The whole candles of every market that a cell names. They are copied into shared memory unless they lie there. */
  readonly markets: Readonly<Record<string, Candles>>;
  /** Prediction models that the strategy names, packed by shareModels; none when left out. */
  readonly models?: SharedModels;
  /** Most bytes of finished columns that each worker keeps for this setup; DEFAULT_CACHE_BYTES when left out. */
  readonly cacheBytes?: number;
  /** Of the study; named in failures, so that they can be run again. */
  readonly seed?: number;
}

/** The trials of one setup, until they are closed. */
export interface OpenTrials extends RunTrials {
  /** Refuses what still runs, and lets workers forget the setup. */
  close(): Promise<void>;
}

export interface TurboPool {
  /** Loads the strategy in a worker. Errors: what loading throws, WORKER_DIED, LIMIT_EXCEEDED, CANCELLED. */
  open(setup: TrialSetup): Promise<OpenTrials>;
  status(): TurboStatus;
  /** Has every worker collect garbage once it has done what it holds; answers how many did. */
  collect(): Promise<number>;
  /** Ends the workers and refuses what still runs. */
  close(): Promise<void>;
}

export interface TurboPoolOptions {
  /** From 1 to LIMITS.workersMax. */
  readonly workers: number;
  /** Starts a worker, whatever it runs in. Numbers of living workers differ. */
  readonly start: (events: ThreadEvents, number: number) => ScoringThread<ToWorker>;
  readonly clock: Clock;
  /** Trials of every batch; learned from their time when left out. */
  readonly batchSize?: number;
  /** Most wall-clock time of one trial; LIMITS.workerSilenceMsMax when left out. */
  readonly trialMsMax?: number;
  /** Runs after which a worker is replaced; LIMITS.workerRunsMax when left out. */
  readonly recycleAfterRuns?: number;
  /** A worker that reports more heap and external memory than this is replaced. */
  readonly recycleWorkerMb?: number;
  /** When the process has more resident than this, the largest worker is replaced. */
  readonly recycleRssMb?: number;
  /** Hears what the user should know, as one sentence. */
  readonly onNote?: (note: string) => void;
}

export const DEFAULT_CACHE_BYTES = 256 * 2 ** 20;

// What the turbo pool and its workers say to each other.
import { LIMITS } from '../core/limits.ts';
import type { Candles } from '../market/candles.ts';
import type { SharedModels } from '../models/model-file.ts';
import { isPacked, type PackedError, type StrategyRef } from '../pool/messages.ts';
import type { TrialExecution } from '../trials/trial.ts';
import { type PackedOutcomes, readOutcomes } from './packed-outcomes.ts';
import type { PackedTrials } from './packed-trials.ts';

/** Everything a worker needs to run any trial of a setup. Candles are views of shared memory. */
export interface SetupMessage extends TrialExecution {
  readonly id: number;
  readonly strategyRef: StrategyRef;
  /** What errors call the strategy. */
  readonly name: string;
  /** `strategyIdentity` of the strategy as the calling thread holds it; not compared when left out. */
  readonly identity: string | undefined;
  readonly markets: Readonly<Record<string, Candles>>;
  /** Prediction models of the strategy, in shared memory. */
  readonly models: SharedModels;
  readonly cacheBytes: number;
}

/** To a worker, which does one after the other. Tokens come back with the answers and are never used twice. */
export type ToWorker =
  | { readonly token: number; readonly open: SetupMessage }
  | {
      readonly token: number;
      /** The id of an open setup. */
      readonly setup: number;
      readonly trials: PackedTrials;
      /** One word of shared memory, an index of STOP_REASONS; written by the calling thread alone. */
      readonly stop: Int32Array;
    }
  /** Forget a setup and all that was made for it. */
  | { readonly release: number }
  /** Collect garbage, after all that came before. */
  | { readonly token: number; readonly collect: true };

/** What a worker holds, by its own count. */
export interface WorkerMemory {
  readonly heapBytes: number;
  /** Outside the heap and owned by it: array buffers, the kernels' memory. Shared candles do not count. */
  readonly externalBytes: number;
}

/** From a worker. A batch is answered in one part, or in several where it takes long: the last one is `done`. */
export type FromWorker =
  /** Something about a strategy that the user should know. */
  | { readonly remark: string; readonly memory: WorkerMemory }
  | { readonly online: true; readonly memory: WorkerMemory }
  | {
      readonly token: number;
      readonly opened: true;
      /** Sentences on what the worker lacks, such as the faster kernels. */
      readonly notes: readonly string[];
      readonly memory: WorkerMemory;
    }
  | {
      readonly token: number;
      readonly part: PackedOutcomes;
      /** No more parts come. Trials without an outcome were given up for a stop. */
      readonly done: boolean;
      /** Milliseconds inside scoring since the last part. */
      readonly ms: number;
      readonly memory: WorkerMemory;
    }
  | { readonly token: number; readonly collected: true; readonly memory: WorkerMemory }
  /** The setup does not open: the strategy does not load there. */
  | { readonly token: number; readonly error: PackedError };

export type BatchPart = Extract<FromWorker, { part: PackedOutcomes }>;

/** Reads a message from a worker; undefined when it is none of ours, as strategy code may post its own. */
export function readFromWorker(message: unknown): FromWorker | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { online, remark, token, opened, collected, notes, part, done, ms, memory, error } = message as Record<
    string,
    unknown
  >;
  if (typeof token === 'number' && isPacked(error)) return { token, error };
  if (!isMemory(memory)) return undefined;
  if (typeof remark === 'string') return { remark: remark.slice(0, LIMITS.remarkLengthMax), memory };
  if (online === true) return { online, memory };
  if (typeof token !== 'number') return undefined;
  if (opened === true && isTexts(notes)) return { token, opened, notes, memory };
  if (collected === true) return { token, collected, memory };
  const outcomes = readOutcomes(part);
  if (outcomes === undefined || typeof done !== 'boolean' || typeof ms !== 'number' || !(ms >= 0)) return undefined;
  return { token, part: outcomes, done, ms, memory };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

function isMemory(value: unknown): value is WorkerMemory {
  const { heapBytes, externalBytes } = (value ?? {}) as Partial<WorkerMemory>;
  return typeof heapBytes === 'number' && typeof externalBytes === 'number';
}

// What the calling thread and the scoring threads say to each other.
import type { StopReason } from '../core/cancel.ts';
import { AppError, type ErrorCode, isAppError } from '../core/errors.ts';
import type { Candles } from '../market/candles.ts';
import type { SharedModels } from '../models/model-file.ts';
import type { FastMemoryPlan, SharedFastMemory } from '../sweep/fast-memory.ts';
import type { Grid } from '../sweep/grid.ts';
import type { EngineName, ExecutionRequest } from '../sweep/request.ts';
import type { ColumnTask, ScoreBatches, ScoringStats, VariantBatch } from '../sweep/score.ts';

/** Where a thread finds the strategy: code cannot be sent, a name can. */
export type StrategyRef =
  | { readonly builtIn: string }
  /** An ES module whose default export is the strategy, as the loader compiles it. */
  | { readonly moduleUrl: string };

/** What all threads of a pool are told; each has its own `thread` and `position` besides. */
export interface PoolSetup {
  readonly strategyRef: StrategyRef;
  /** `strategyIdentity` of the strategy the sweep was planned with. */
  readonly identity: string;
  /** The models that the strategy names, read and packed once by the calling thread. */
  readonly models: SharedModels;
  readonly execution: ExecutionRequest;
  /** Without its constraint: batches list only variants that satisfy it. */
  readonly grid: Grid;
  /** Views of shared memory. */
  readonly history: Candles;
  readonly from: number;
  readonly dataHash: string;
  readonly cacheBytes: number;
  readonly engine: EngineName | undefined;
  /** The fast engine's one memory; undefined where it does not score. */
  readonly memory: { readonly plan: FastMemoryPlan; readonly shared: SharedFastMemory } | undefined;
  /**
   * One word of shared memory, written by the calling thread alone: an index of STOP_REASONS. Threads poll it while they
   * work and give up what they are at.
   */
  readonly stop: Int32Array;
}

/** What the stop word may say. */
export const STOP_REASONS: readonly (StopReason | undefined)[] = [undefined, 'cancelled', 'deadline'];

/** Everything a thread needs to do any work of one sweep. Sent once, when the thread starts. */
export interface ThreadSetup extends PoolSetup {
  /** Whose part of the fast engine's memory it works in; a replacement takes over the number of the thread that died. */
  readonly thread: number;
  /**
   * One word of shared memory. The thread writes which variant of its batch, or column of its list, it is at, or
   * NOT_SCORING; the calling thread only reads it: to tell slow from hung, and to name what a dead thread was at.
   */
  readonly position: Int32Array;
}

export const NOT_SCORING = -1;

/** Something a thread does in one go: score a batch, or compute columns into their slots. */
export type Work = { readonly batch: VariantBatch } | { readonly columns: readonly ColumnTask[] };

/** To a thread: do this. The token comes back with the answer and is never used twice. */
export type WorkMessage = Work & { readonly token: number };

type KernelsName = ScoreBatches['kernels'];

/** What every answer to finished work says. */
interface Done {
  readonly token: number;
  readonly stats: ScoringStats;
  readonly kernels: KernelsName;
  /** Milliseconds of the work itself. */
  readonly ms: number;
}

/** From a thread, about one piece of work: rows as in ScoreBatches, that columns are there, or why not. */
export type Answer =
  | (Done & { readonly rows: Float64Array })
  | (Done & { readonly filled: true })
  | { readonly token: number; readonly error: PackedError };

/** From a thread that cannot score at all: the strategy does not load there. */
export interface Unfit {
  readonly unfit: PackedError;
}

/** Reads a message from a thread; undefined when it is none of ours, as strategy code may post its own. */
export function readMessage(message: unknown): Answer | Unfit | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { token, rows, filled, stats, kernels, ms, error, unfit } = message as Record<string, unknown>;
  if (isPacked(unfit)) return { unfit };
  if (typeof token !== 'number') return undefined;
  if (isPacked(error)) return { token, error };
  if (!isStats(stats)) return undefined;
  const done = { token, stats, kernels: kernels as KernelsName, ms: typeof ms === 'number' ? ms : 0 };
  if (filled === true) return { ...done, filled };
  return rows instanceof Float64Array ? { ...done, rows } : undefined;
}

export const isPacked = (value: unknown): value is PackedError =>
  typeof (value as PackedError | null | undefined)?.message === 'string';

function isStats(value: unknown): value is ScoringStats {
  const { columnsComputed, hits, misses } = (value ?? {}) as Partial<ScoringStats>;
  return [columnsComputed, hits, misses].every((count) => typeof count === 'number');
}

/** An error as plain texts: posting an Error would lose its class, code and hints. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: PackedError;
  readonly appError?: { readonly code: ErrorCode; readonly found: string; readonly todo: string };
}

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const cause = error.cause === undefined ? undefined : packError(error.cause);
  if (!isAppError(error)) return { name, message, stack, cause };
  const { code, found, todo } = error;
  return { name, message, stack, cause, appError: { code, found, todo } };
}

/** The error as it was thrown in the other thread, with the stack it had there. */
export function unpackError(packed: PackedError): Error {
  const cause = packed.cause === undefined ? undefined : unpackError(packed.cause);
  const error = packed.appError === undefined ? new Error(packed.message, { cause }) : unpackAppError(packed, cause);
  if (error.name !== packed.name) Object.defineProperty(error, 'name', { value: packed.name });
  error.stack = packed.stack;
  return error;
}

function unpackAppError(packed: PackedError, cause: Error | undefined): AppError {
  const { code, found, todo } = packed.appError!;
  // The rule may have been sharper than that of the table; it is what comes first in the message.
  const rule = packed.message.slice(0, packed.message.length - ` Found: ${found} ${todo}`.length);
  return new AppError(code, { rule, found, todo, cause });
}

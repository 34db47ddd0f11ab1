// What the calling thread and the scoring threads say to each other.
import type { StopReason } from '../core/cancel.ts';
import { AppError, type ErrorCode, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { GuardFolders } from '../isolation/guards.ts';
import type { Candles } from '../market/candles.ts';
import type { SharedModels } from '../models/model-file.ts';
import type { Column, Condition } from '../strategy/expression.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { FastMemoryPlan, SharedFastMemory } from '../sweep/fast-memory.ts';
import type { Grid } from '../sweep/grid.ts';
import type { EngineName, ExecutionRequest } from '../sweep/request.ts';
import type { ColumnTask, ScoreBatches, ScoringStats, VariantBatch } from '../sweep/score.ts';

/** Where a thread finds the strategy: code cannot be sent, a name can. */
export type StrategyRef =
  | { readonly builtIn: string }
  /** A controller's configuration, and which of its numbers are parameters. */
  | { readonly controller: Readonly<Record<string, unknown>>; readonly fields: readonly string[] }
  /** An ES module whose default export is the strategy, as the loader compiles it. */
  | ModuleRef;

export interface ModuleRef {
  readonly moduleUrl: string;
  /** Folders that strategy code may read; with them, guards keep it from everything else. None when left out. */
  readonly guards?: GuardFolders;
}

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

/** From a thread whose strategy did something that the user should know of, as one sentence. */
export interface Remark {
  readonly remark: string;
}

/** To a fenced process: load a strategy and tell of it. */
export interface DescribeRequest {
  readonly strategyRef: ModuleRef;
  /** Axes that replace those of the strategy. */
  readonly parameters: Readonly<Record<string, Axis>>;
}

/** What a bar strategy declares, for those who plan with it. */
export interface BarsDescription {
  readonly models: readonly Column[];
  /** For the points that were tried and did not fail. */
  readonly points: readonly {
    readonly parameters: ParameterValues;
    readonly declared: readonly (Column | Condition)[];
  }[];
}

/** A strategy without its functions. */
export interface StrategyDescription
  extends Pick<Strategy, 'name' | 'description' | 'parameters' | 'risk' | 'signals'> {
  /** Of a bar strategy; its functions stay where they are. */
  readonly bars: BarsDescription | undefined;
  /** One bit per point of the grid, lowest first: whether the constraint lets it be. Undefined without a constraint. */
  readonly allowed: Uint8Array | undefined;
}

/** Reads what a fenced process says of its strategy; its parts are for `defineStrategy` to check. */
export function readDescription(
  message: unknown,
): { readonly described: StrategyDescription } | Unfit | Remark | undefined {
  const said = readMessage(message);
  if (said !== undefined && ('unfit' in said || 'remark' in said)) return said;
  const { described } = (message ?? {}) as { readonly described?: Partial<StrategyDescription> };
  if (typeof described !== 'object' || described === null) return undefined;
  const { name, description, parameters, risk, signals, allowed, bars } = described;
  if (typeof name !== 'string' || typeof description !== 'string') return undefined;
  if (typeof parameters !== 'object' || parameters === null) return undefined;
  if (bars !== undefined && !isBars(bars)) return undefined;
  const bits = allowed instanceof Uint8Array ? allowed : undefined;
  return { described: { name, description, parameters, risk: risk ?? {}, signals, bars, allowed: bits } };
}

function isBars(value: unknown): value is BarsDescription {
  const { models, points } = (value ?? {}) as Partial<BarsDescription>;
  const isNode = (node: unknown): boolean => typeof node === 'object' && node !== null;
  const isPoint = (point: unknown): boolean => {
    const { parameters, declared } = (point ?? {}) as Partial<BarsDescription['points'][number]>;
    return isNode(parameters) && Array.isArray(declared) && declared.every(isNode);
  };
  return Array.isArray(models) && models.every(isNode) && Array.isArray(points) && points.every(isPoint);
}

/** Reads a message from a thread; undefined when it is none of ours, as strategy code may post its own. */
export function readMessage(message: unknown): Answer | Unfit | Remark | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { token, rows, filled, stats, kernels, ms, error, unfit, remark } = message as Record<string, unknown>;
  if (isPacked(unfit)) return { unfit };
  if (typeof remark === 'string') return { remark: remark.slice(0, LIMITS.remarkLengthMax) };
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

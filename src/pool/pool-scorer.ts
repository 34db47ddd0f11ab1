// Makes the scorer of a sweep: a pool of threads over shared candles, or the calling thread where threads cannot serve.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { shareModels } from '../models/model-file.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import { ColumnCatalog } from '../sweep/column-catalog.ts';
import { scoreInThread } from '../sweep/engines.ts';
import type { ExecutionRequest } from '../sweep/request.ts';
import type { ScoreBatches, ScoringContext } from '../sweep/score.ts';
import type { PoolSetup, StrategyRef } from './messages.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { shareCandles } from './shared-candles.ts';
import { strategyIdentity } from './strategy-identity.ts';
import { startThread } from './thread.ts';

export type { StrategyRef } from './messages.ts';

export interface PoolScorerOptions {
  /** Scoring threads; 1 scores in the calling thread. */
  readonly workers: number;
  /** Undefined for a strategy that exists only in the calling thread: then that thread scores, and a note says so. */
  readonly strategyRef: StrategyRef | undefined;
  /** Hears what the user should know, as one sentence. */
  readonly onNote: (note: string) => void;
  /** Default LIMITS.workerSilenceMsMax. */
  readonly silenceMs?: number;
  /** Default LIMITS.workerHeapMbMax, or less where the budget has room for less. */
  readonly heapMb?: number;
}

/** For `SweepHost.createScorer`. Answers are the same for any number of workers. Errors: REQUEST_INVALID. */
export function createPoolScorer(options: PoolScorerOptions): (context: ScoringContext) => Promise<ScoreBatches> {
  const { workers: wanted, strategyRef, silenceMs = LIMITS.workerSilenceMsMax } = options;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > LIMITS.workersMax) {
    throw new AppError('REQUEST_INVALID', {
      rule: `--workers must be a whole number from 1 to ${LIMITS.workersMax}.`,
      found: `${wanted}.`,
      todo: 'Change it, or leave it out to use every core.',
    });
  }
  return async (context) => {
    const { grid, stop, memory } = context;
    const workers = Math.min(wanted, context.workers ?? wanted, memory?.plan.threads ?? wanted);
    if (workers === 1) return scoreInThread(context);
    if (strategyRef === undefined) {
      options.onNote('The strategy is not a built-in and not from a file, so one thread scores it instead of a pool.');
      return scoreInThread(context);
    }
    const { heapBytes = Number.POSITIVE_INFINITY } = context;
    const heapMb = options.heapMb ?? Math.min(LIMITS.workerHeapMbMax, Math.ceil(heapBytes / 2 ** 20));
    const setup = threadSetup(context, strategyRef);
    return new Pool({
      workers,
      start: (events, thread) => startThread(THREAD_FILE, setup, thread, heapMb, events),
      grid,
      silenceMs,
      stop,
      stopWord: setup.stop,
      columnName: columnNames(context),
    });
  };
}

/** Threads run compiled code, bundled into few files, also when this file itself is run from the sources. */
const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread/scoring-thread.js' : '../thread/scoring-thread.js',
  import.meta.url,
);

/** Names columns for errors; undefined where the scorer keeps its own. */
function columnNames({ strategy, grid, memory }: ScoringContext): PoolOptions['columnName'] {
  if (memory === undefined) return undefined;
  const catalog = new ColumnCatalog(strategy, grid);
  if (catalog.count === 0) return undefined;
  return (id) => {
    const { column, parameters } = catalog.describe(id);
    const values = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
    return `${column.key}${values.length === 0 ? '' : ` with ${values.join(',')}`}`;
  };
}

function threadSetup(context: ScoringContext, strategyRef: StrategyRef): PoolSetup {
  const { strategy, grid, window, cacheBytes, memory } = context;
  return {
    strategyRef,
    identity: strategyIdentity(strategy),
    models: shareModels(modelFilesOf(strategy)),
    execution: withoutStrategy(context.execution),
    grid: { ...grid, constraint: undefined },
    history: shareCandles(window.history),
    from: window.from,
    dataHash: window.dataHash,
    engine: context.engine,
    cacheBytes,
    memory: memory && { plan: memory.plan, shared: memory.shared },
    stop: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  };
}

/** A whole request may come as its execution part; its strategy holds functions, which cannot be sent. */
function withoutStrategy(execution: ExecutionRequest): ExecutionRequest {
  const { strategy: _, ...rest } = { strategy: undefined, ...execution };
  return rest;
}

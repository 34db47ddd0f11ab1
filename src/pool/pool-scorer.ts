// Makes the scorer of a sweep: a pool of threads over shared candles, or the calling thread where threads cannot serve.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { ColumnCatalog } from '../sweep/column-catalog.ts';
import { scoreInThread } from '../sweep/engines.ts';
import type { ScoreBatches, ScoringContext } from '../sweep/score.ts';
import type { StrategyRef } from './messages.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { type ProcessOptions, processSetup, processStarter } from './process-setup.ts';
import { threadSetup } from './setup.ts';
import { startThread } from './thread.ts';

export type { StrategyRef } from './messages.ts';

export interface PoolScorerOptions {
  /** Scoring threads; 1 scores in the calling thread, unless they are to be apart. */
  readonly workers: number;
  /** Scores beside the calling thread also where one thread is enough: for code that runs behind guards. */
  readonly apart?: boolean;
  /** Undefined for a strategy that exists only in the calling thread: then that thread scores, and a note says so. */
  readonly strategyRef: StrategyRef | undefined;
  /** Hears what the user should know, as one sentence. */
  readonly onNote: (note: string) => void;
  /** Default LIMITS.workerSilenceMsMax. */
  readonly silenceMs?: number;
  /** Default LIMITS.workerHeapMbMax, or less where the budget has room for less. */
  readonly heapMb?: number;
  /** Scores in fenced processes in place of threads, also where there is one worker. */
  readonly processes?: ProcessOptions;
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
    const { processes } = options;
    if (workers === 1 && processes === undefined && options.apart !== true) return scoreInThread(context);
    if (strategyRef === undefined) {
      options.onNote('The strategy is not a built-in and not from a file, so one thread scores it instead of a pool.');
      return scoreInThread(context);
    }
    const { heapBytes = Number.POSITIVE_INFINITY } = context;
    const heapMb = options.heapMb ?? Math.min(LIMITS.workerHeapMbMax, Math.ceil(heapBytes / 2 ** 20));
    const setup = processes === undefined ? threadSetup(context, strategyRef) : processSetup(context, strategyRef);
    const start: PoolOptions['start'] =
      processes === undefined
        ? (events, thread) => startThread(THREAD_FILE, setup, thread, heapMb, events)
        : processStarter(setup, heapMb, processes);
    return new Pool({
      workers,
      start,
      grid,
      silenceMs,
      stop,
      stopWord: setup.stop,
      columnName: processes === undefined ? columnNames(context) : undefined,
      onNote: options.onNote,
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

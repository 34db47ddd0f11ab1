// What runs the trials of a study: the calling thread, guarded threads or fenced processes.
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { shareModels } from '../models/model-file.ts';
import { strategyIdentity } from '../pool/strategy-identity.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import { runInThread } from '../trials/run-in-thread.ts';
import type { RunTrials } from '../trials/trial.ts';
import { createTrialScorer } from '../trials/trial-scorer.ts';
import { createThreadTurboPool } from '../turbo/thread-turbo-pool.ts';
import type { TurboPool, TurboPoolOptions } from '../turbo/turbo-port.ts';
import { readableFor, scoresApart, strategyRef } from './module-ref.ts';
import type { StudyPlan } from './study-plan.ts';
import type { PreparedStudy } from './study-prepare.ts';
import type { RunContext } from './sweep-run.ts';

export interface TrialRunner {
  readonly run: RunTrials;
  /** Of the time of all workers, how much went into trials; null where nobody measures it. */
  usefulShare(): number | null;
  close(): Promise<void>;
}

/** The turbo pool that a study asks for. */
export interface StudyPool {
  readonly workers: number;
  readonly batchSize?: number;
}

type Place = Pick<RunContext, 'clock' | 'storeRoot' | 'isolate'>;

/** Workers of the pool; 0 where the calling thread runs the trials: built-ins, controllers, and conditions alone. */
export function poolWorkers(
  loaded: LoadedStrategy,
  turbo: StudyPool | undefined,
  { isolate }: Pick<RunContext, 'isolate'>,
): number {
  if (turbo !== undefined) return turbo.workers;
  // Code of the user's runs behind guards or fences, though one worker be enough.
  return scoresApart(loaded) || (isolate === 'process' && loaded.moduleUrl !== undefined) ? 1 : 0;
}

interface RunnerLimits {
  readonly turbo: StudyPool | undefined;
  readonly budgetBytes: number | undefined;
  readonly onNote: (note: string) => void;
}

/** Errors: those of the pool, and of the strategy as its workers load it. */
export async function openTrialRunner(
  prepared: PreparedStudy,
  { cacheBytes }: StudyPlan,
  { turbo, budgetBytes, onNote }: RunnerLimits,
  context: Place,
): Promise<TrialRunner> {
  const { loadedStrategy, execution, cells, request } = prepared;
  const { strategy } = loadedStrategy;
  const { clock, storeRoot } = context;
  // Whole, in shared memory: threads read the same ones.
  const candles = Object.fromEntries(prepared.markets.map(({ market, loaded }) => [market, loaded.candles]));
  const workers = poolWorkers(loadedStrategy, turbo, context);
  if (workers === 0) {
    const candlesOf = (market: string) => candles[market]!;
    const scorer = createTrialScorer({ strategy, execution, cells, candlesOf, cacheBytes });
    return { run: runInThread(scorer, clock), usefulShare: () => null, close: async () => undefined };
  }
  const recycle = budgetBytes === undefined ? {} : { recycleRssMb: budgetBytes / 2 ** 20 };
  const pool = await createPool(loadedStrategy, { ...turbo, workers, clock, onNote, ...recycle }, context);
  try {
    const run = await pool.open({
      strategyRef: strategyRef(loadedStrategy, storeRoot),
      name: strategy.name,
      identity: strategyIdentity(strategy),
      models: shareModels(modelFilesOf(strategy)),
      execution,
      cells,
      markets: candles,
      cacheBytes,
      seed: request.seed,
    });
    return { run, usefulShare: () => pool.status().usefulShare, close: () => pool.close() };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function createPool(
  loaded: LoadedStrategy,
  options: Omit<TurboPoolOptions, 'start'>,
  { storeRoot, isolate }: Place,
): Promise<TurboPool> {
  const ref = strategyRef(loaded, storeRoot);
  // What is built in is ours, and needs no fence.
  if (isolate !== 'process' || !('moduleUrl' in ref)) return createThreadTurboPool(options);
  const { createProcessTurboPool } = await import('../turbo/process-turbo-pool.ts');
  return createProcessTurboPool({ ...options, readable: readableFor(ref) });
}

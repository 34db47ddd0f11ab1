// Scoring on the normative engine: from a batch of base variants to one row of metrics each.

import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { periodsPerYear } from '../metrics/annualisation.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import { standardMetrics } from '../metrics/standard-metrics.ts';
import type { Simulation } from '../simulate/simulation.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { ColumnStats } from './columns.ts';
import type { RowDetail } from './detail.ts';
import type { FastMemory } from './fast-memory.ts';
import { barriersAt, type Grid, parametersAt } from './grid.ts';
import type { EngineName, ExecutionRequest } from './request.ts';
import { createVariantRunner } from './variant-runner.ts';
import type { Window } from './window.ts';

/** Stage A scores each base variant without barriers; stage B scores it under every risk point. */
export interface VariantBatch {
  readonly stage: 'A' | 'B';
  readonly baseIndices: readonly number[];
  /** Fast engine: in which slot lies which column (ids of ColumnCatalog) that the batch compares. */
  readonly columns?: { readonly ids: readonly number[]; readonly slots: readonly number[] };
  /** What the rows must hold; `full` when left out. Metrics beyond it are NaN. */
  readonly detail?: RowDetail;
}

/** What a scorer has done so far. */
export interface ScoringStats extends ColumnStats {
  /** Trades under grids of barriers, on the fast engine: answered for many risk points at once … */
  readonly sharedTrades?: number;
  /** … and simulated again, risk point by risk point. */
  readonly singleTrades?: number;
}

/** One column to be computed into one slot of the shared memory. */
export interface ColumnTask {
  readonly id: number;
  readonly slot: number;
}

/** Milliseconds spent on work itself, all threads together: without waiting, messages and starts. */
export interface WorkTimes {
  readonly scoringMs: number;
  readonly columnsMs: number;
}

/**
 * Scores batches. Implementations may run them in any order and on any thread; each answer depends on its batch alone.
 * An answer has one row of METRIC_NAMES.length values per variant, base variants in the order of the batch and risk
 * points ascending within each; NaN stands for null.
 */
export interface ScoreBatches {
  /** Batches worth keeping in flight. */
  readonly concurrency: number;
  /** Threads that work side by side; 1 when left out. */
  readonly threads?: number;
  score(batch: VariantBatch): Promise<Float64Array>;
  /** Computes columns into their slots; present where batches are to name the slots of their columns. */
  computeColumns?(tasks: readonly ColumnTask[]): Promise<void>;
  stats(): ScoringStats;
  /** Absent where nobody measures it. */
  worked?(): WorkTimes;
  /** Which twin of the kernels scores, where one does. */
  readonly kernels?: Kernels['name'];
  /** Ends what runs. False when some thread could not be ended and may still touch the shared memory. */
  close(): Promise<boolean | undefined>;
}

export interface ScoringContext {
  readonly strategy: Strategy;
  readonly execution: ExecutionRequest;
  readonly grid: Grid;
  readonly window: Window;
  /** Most bytes of finished columns that one scoring thread keeps. */
  readonly cacheBytes: number;
  /** The one memory of the fast engine, made by the calling thread; present when it scores. */
  readonly memory?: FastMemory;
  /** Measures the time that work takes; nobody does when left out. */
  readonly clock?: Clock;
  /** Scoring threads that fit the budget; the scorer's own choice when left out. */
  readonly workers?: number;
  /** Most bytes of JavaScript heap that one scoring thread may take; the scorer's own choice when left out. */
  readonly heapBytes?: number;
  /** Who scores; the normative engine when left out. */
  readonly engine?: EngineName;
  /** Polled while a batch is scored: once it answers, the batch is given up with CANCELLED or DEADLINE. */
  readonly stop?: StopToken;
}

/** A scorer that runs in the calling thread. */
export interface VariantScorer {
  /** Which twin of the kernels scores, where one does. */
  readonly kernels?: Kernels['name'];
  score(batch: VariantBatch): Float64Array;
  computeColumns?(tasks: readonly ColumnTask[]): void;
  stats(): ScoringStats;
}

/** `onVariant` hears after each variant how many of its batch are scored. */
export function createNormativeScorer(context: ScoringContext, onVariant?: (scored: number) => void): VariantScorer {
  const { grid, window, execution, stop = NEVER_STOP } = context;
  const runner = createVariantRunner({ ...context, equity: new Float64Array(window.candles.barCount) });
  return {
    score(batch) {
      const perBase = batch.stage === 'A' ? 1 : grid.riskPoints;
      const rows = new Float64Array(batch.baseIndices.length * perBase * METRIC_NAMES.length);
      let at = 0;
      for (const baseIndex of batch.baseIndices) {
        runner.select(parametersAt(grid, baseIndex));
        for (let risk = 0; risk < perBase; risk++) {
          giveUpWhenStopped(stop);
          const simulation = runner.run(batch.stage === 'A' ? {} : barriersAt(grid, risk));
          const metrics = metricsOf(simulation, execution, window);
          for (const name of METRIC_NAMES) rows[at++] = metrics[name] ?? Number.NaN;
          onVariant?.(at / METRIC_NAMES.length);
        }
      }
      return rows;
    },
    stats: () => runner.stats,
  };
}

/** Ends a batch that nobody waits for any more. Errors: CANCELLED, DEADLINE. */
export function giveUpWhenStopped(stop: StopToken): void {
  const reason = stop.reason();
  if (reason === undefined) return;
  const found = 'a batch still running after the stop; it is left out.';
  throw new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Run again.' });
}

export function metricsOf(simulation: Simulation, execution: ExecutionRequest, window: Window): Metrics {
  const metrics = standardMetrics({
    ...simulation,
    initialCash: execution.initialCash,
    periodsPerYear: periodsPerYear(window.candles.timeframe, execution.calendar),
  });
  return simulation.ruined && execution.profile.ruleBook === 'hummingbot' ? withoutReturns(metrics) : metrics;
}

/**
 * A controller goes on when nothing is left. Returns of an account around zero are of any size and sign, and so is a
 * ratio of them: they have no value, and such variants rank last by it.
 */
const withoutReturns = (metrics: Metrics): Metrics => ({
  ...metrics,
  cagr: null,
  volatility: null,
  sharpe: null,
  sortino: null,
  calmar: null,
  omega: null,
});

/** Reads one row of a scored batch back into named metrics. */
export function metricsFromRow(rows: Float64Array, row: number): Metrics {
  const offset = row * METRIC_NAMES.length;
  const entries = METRIC_NAMES.map((name, i) => {
    const value = rows[offset + i]!;
    return [name, Number.isNaN(value) ? null : value] as const;
  });
  return Object.fromEntries(entries) as Metrics;
}

// The one runner of sweeps: stage A over base variants, stage B over the shortlist's risk grid, ranked as it streams.
import type { StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { loadKernels } from '../kernels/wasm-loader.ts';
import { scoreInThread } from './engines.ts';
import { type EngineChoice, engineFor } from './fast-settings.ts';
import { createGrid, type Grid } from './grid.ts';
import { planSweep, type SweepPlan } from './plan.ts';
import { Ranking, type Stage, scoredRow } from './ranking.ts';
import type { EngineName, ScoredRow, SweepOutcome, SweepProgress, SweepRequest } from './request.ts';
import type { ScoreBatches, ScoringContext, VariantBatch } from './score.ts';
import { BatchSizer, baseVariants, countBaseVariants } from './variants.ts';
import { checkHistory, checkIndicatorParameters } from './warm-up.ts';
import type { Window } from './window.ts';

/** What a host hands in: data, when to stop, where progress and rows go, and who scores. Nothing here but `engine` changes results. */
export interface SweepHost {
  readonly window: Window;
  readonly stop: StopToken;
  readonly clock: Clock;
  readonly onProgress?: (progress: SweepProgress) => void;
  /** Receives every row of the last stage in grid order (or in the order drawn, for a random search). */
  readonly onRow?: (row: ScoredRow) => void | Promise<void>;
  /** Bytes the whole process may take; no limit when left out. */
  readonly budgetBytes?: number;
  /** Makes the scorer; the calling thread by default. */
  readonly createScorer?: (context: ScoringContext) => Promise<ScoreBatches>;
  /** Who scores: the fast engine wherever it covers the request (`auto`, the default), or the one that is named. */
  readonly engine?: 'auto' | EngineName;
  /** Fixes the batch size instead of learning it. */
  readonly batchSize?: number;
}

interface Run {
  readonly request: SweepRequest;
  readonly host: SweepHost;
  readonly grid: Grid;
  readonly scorer: ScoreBatches;
  readonly sizer: BatchSizer;
  readonly startedMs: number;
  scored: number;
}

/**
 * Runs a sweep. When it is stopped early the rows rank what was scored, and `stopped` says why.
 * Errors: GRID_INVALID, GRID_TOO_LARGE, BUDGET_BYTES, STRATEGY_FAILED, REQUEST_INVALID.
 */
export async function runSweep(request: SweepRequest, host: SweepHost): Promise<SweepOutcome> {
  checkLimits(request);
  const startedMs = host.clock.monotonicMs();
  const { strategy } = request;
  const { arithmetic } = request.profile;
  const grid = createGrid({ strategy, arithmetic, parameters: request.parameters, risk: request.risk });
  const bases = countBaseVariants(grid);
  if (bases === 0) {
    throw new AppError('GRID_INVALID', {
      found: `${grid.basePoints} points, none of which satisfies the constraint of ${strategy.name}.`,
      todo: 'Widen the ranges given with --set.',
    });
  }
  checkIndicatorParameters(strategy, grid);
  checkHistory(strategy, grid, host.window);
  const choice = chooseEngine(request, grid, host);
  const { engine } = choice;
  const plan = planSweep(strategy, grid, host.window, host.budgetBytes, engine);
  const { window, stop } = host;
  const context = { strategy, execution: request, grid, window, cacheBytes: plan.cacheBytes, stop, engine };
  const scorer = await (host.createScorer?.(context) ?? scoreInThread(context));
  try {
    const run: Run = { request, host, grid, scorer, sizer: new BatchSizer(host.clock), startedMs, scored: 0 };
    const ranking = await runStages(run, bases);
    return outcome(run, ranking, plan, choice, (bases ?? grid.basePoints) * grid.riskPoints);
  } finally {
    await scorer.close();
  }
}

async function runStages(run: Run, bases: number | undefined): Promise<Ranking> {
  const { request, grid } = run;
  const sampled = request.sample === undefined ? bases : Math.min(request.sample, bases ?? grid.basePoints);
  if (grid.riskAxes.length === 0) {
    const ranking = new Ranking(grid, 'A', request.rank, request.top);
    await runStage(run, 'A', baseVariants(grid, request.seed, request.sample), sampled, ranking, true);
    return ranking;
  }
  const final = new Ranking(grid, 'B', request.rank, request.top);
  if (request.preselect === 0) {
    const total = sampled === undefined ? undefined : sampled * grid.riskPoints;
    await runStage(run, 'B', baseVariants(grid, request.seed, request.sample), total, final, true);
    return final;
  }
  const shortlist = new Ranking(grid, 'A', request.rank, request.preselect);
  await runStage(run, 'A', baseVariants(grid, request.seed, request.sample), sampled, shortlist, false);
  // Grid order makes the rows of --all-results, and which of them a deadline leaves out, independent of stage A's ties.
  const kept = shortlist.baseIndices().sort((a, b) => a - b);
  await runStage(run, 'B', kept, kept.length * grid.riskPoints, final, true);
  return final;
}

/** Scores one stage with as many batches in flight as the scorer wants, and takes their rows in order. */
async function runStage(
  run: Run,
  stage: Stage,
  bases: Iterable<number>,
  total: number | undefined,
  ranking: Ranking,
  isLast: boolean,
): Promise<void> {
  const { host, scorer } = run;
  const before = run.scored;
  const inFlight: { batch: VariantBatch; rows: Promise<Float64Array> }[] = [];
  const settleOldest = async (): Promise<void> => {
    const { batch, rows } = inFlight.shift()!;
    const scored = await rows.catch(unlessGivenUp);
    if (scored === undefined) return;
    await takeRows(run, batch, scored, ranking, isLast);
    const elapsedMs = host.clock.monotonicMs() - run.startedMs;
    host.onProgress?.({ stage, scored: run.scored - before, total, elapsedMs, best: ranking.best });
  };
  for (const baseIndices of batched(bases, () => host.batchSize ?? run.sizer.size)) {
    if (host.stop.reason() !== undefined) break;
    const batch: VariantBatch = { stage, baseIndices };
    const rows = run.sizer.time(baseIndices.length, () => scorer.score(batch));
    // A batch that fails while an older one is awaited must not count as unhandled; settleOldest still sees it.
    rows.catch(() => undefined);
    inFlight.push({ batch, rows });
    if (inFlight.length >= scorer.concurrency) await settleOldest();
  }
  while (inFlight.length > 0) await settleOldest();
}

/** A batch that hung past the stop was not scored; the rows of all others still count. */
function unlessGivenUp(error: unknown): undefined {
  if (!isAppError(error, 'CANCELLED') && !isAppError(error, 'DEADLINE')) throw error;
}

function* batched(items: Iterable<number>, size: () => number): Generator<number[]> {
  let batch: number[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length >= size()) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

async function takeRows(run: Run, batch: VariantBatch, rows: Float64Array, ranking: Ranking, isLast: boolean) {
  const { grid, host } = run;
  const perBase = batch.stage === 'A' ? 1 : grid.riskPoints;
  let row = 0;
  for (const baseIndex of batch.baseIndices) {
    for (let risk = 0; risk < perBase; risk++, row++) {
      ranking.offer(rows, row, baseIndex, risk);
      if (isLast && host.onRow !== undefined) {
        await host.onRow(scoredRow(grid, batch.stage, rows, row, baseIndex, risk));
      }
    }
  }
  run.scored += row;
}

/** Errors: REQUEST_INVALID when the fast engine is asked for what it does not cover. */
function chooseEngine(request: SweepRequest, grid: Grid, host: SweepHost): EngineChoice {
  const wanted = host.engine ?? 'auto';
  if (wanted === 'normative') return { engine: 'normative', reason: 'it was asked for' };
  const choice = engineFor(request, grid, host.window.candles);
  if (wanted === 'auto' || choice.engine === 'fast') return choice;
  throw new AppError('REQUEST_INVALID', {
    rule: 'The fast engine must cover what it is asked for.',
    found: `${choice.reason}.`,
    todo: 'Leave the choice of engine open.',
  });
}

function outcome(run: Run, ranking: Ranking, plan: SweepPlan, choice: EngineChoice, variants: number): SweepOutcome {
  const { columnsComputed, hits, misses } = run.scorer.stats();
  const { engine: name, reason } = choice;
  return {
    // Threads choose their twin as this one does: by what the runtime has.
    engine: {
      name,
      reason,
      kernels: run.scorer.kernels ?? (name === 'fast' ? loadKernels().provider.name : undefined),
    },
    variants,
    scored: run.scored,
    preselect: run.request.preselect,
    top: ranking.rows(),
    stopped: run.host.stop.reason(),
    elapsedMs: run.host.clock.monotonicMs() - run.startedMs,
    plan: {
      distinctColumns: plan.distinctColumns,
      bytesPredicted: plan.bytesPredicted,
      columnsComputed,
      columnCacheHitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
    },
  };
}

function checkLimits(request: SweepRequest): void {
  const check = (name: string, value: number, low: number, high: number): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    throw new AppError('REQUEST_INVALID', {
      rule: `--${name} must be a whole number from ${low} to ${high}.`,
      found: `${value}.`,
      todo: 'Change it.',
    });
  };
  check('top', request.top, 1, LIMITS.topMax);
  check('preselect', request.preselect, 0, LIMITS.preselectMax);
  check('seed', request.seed, 0, Number.MAX_SAFE_INTEGER);
  if (request.sample !== undefined) check('sample', request.sample, 1, LIMITS.gridPointsMax);
}

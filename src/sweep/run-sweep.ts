// The one runner of sweeps: stage A over base variants, stage B over the shortlist's risk grid, ranked as it streams.
import type { StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { loadKernels } from '../kernels/wasm-loader.ts';
import { sliceCandles } from '../market/candles.ts';
import { simulate } from '../simulate/simulate.ts';
import { type CheckpointPort, type SweepCheckpoint, sweepIdentity } from './checkpoint.ts';
import { scoreInThread } from './engines.ts';
import { planFastMemory } from './fast-memory.ts';
import { type EngineChoice, engineFor } from './fast-settings.ts';
import { barriersAt, createGrid, type Grid } from './grid.ts';
import { meetsConditions } from './metric-condition.ts';
import { planSweep, type SweepPlan } from './plan.ts';
import { createRanking, createShortlist, type Ranking, restore, type Stage, scoredRow } from './ranking.ts';
import type { EngineName, ScoredRow, SweepOutcome, SweepProgress, SweepRequest } from './request.ts';
import { type ScoreBatches, type ScoringContext, simulationSettings, type VariantBatch } from './score.ts';
import { BATCH_MS, BatchSizer, baseVariants, CHECKPOINT_BATCH_MS, countBaseVariants } from './variants.ts';
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
  /** As onRow, without spelling rows out: row `row` of `rows`, valid during the call only. */
  readonly onScores?: (rows: Float64Array, row: number, baseIndex: number, riskIndex: number) => void;
  /** Scores one stage of these base variants and nothing else: part of a search that is larger than this sweep. */
  readonly part?: { readonly stage: Stage; readonly bases: readonly number[] };
  /** Bytes the whole process may take; no limit when left out. */
  readonly budgetBytes?: number;
  /** Scoring threads that `createScorer` would like to have; the plan may grant fewer. Default 1. */
  readonly workers?: number;
  /** Makes the scorer; the calling thread by default. */
  readonly createScorer?: (context: ScoringContext) => Promise<ScoreBatches>;
  /** Keeps progress, and goes on from the progress kept. Rows taken before are not streamed again. */
  readonly checkpoint?: { readonly engineVersion: string; readonly port: CheckpointPort };
  /** Who scores: the fast engine wherever it covers the request (`auto`, the default), or the one that is named. */
  readonly engine?: 'auto' | EngineName;
  /** Fixes the batch size instead of learning it. */
  readonly batchSize?: number;
}

interface Run {
  readonly request: SweepRequest;
  readonly host: SweepHost;
  readonly grid: Grid;
  /** Base variants to visit, where they can be counted. */
  readonly selected: number | undefined;
  readonly scorer: ScoreBatches;
  readonly sizer: BatchSizer;
  readonly startedMs: number;
  /** Progress of an earlier attempt at the same sweep. */
  readonly resumed: SweepCheckpoint | undefined;
  /** In stage B: what stage A kept. */
  shortlist: readonly number[] | null;
  identity?: string;
  scored: number;
}

/**
 * Runs a sweep. When it is stopped early the rows rank what was scored, and `stopped` says why.
 * Errors: GRID_INVALID, GRID_TOO_LARGE, BUDGET_BYTES, STRATEGY_FAILED, REQUEST_INVALID.
 */
export async function runSweep(request: SweepRequest, host: SweepHost): Promise<SweepOutcome> {
  const startedMs = host.clock.monotonicMs();
  const { strategy } = request;
  const { grid, bases, selected, choice, plan } = openSweep(request, host);
  const { engine } = choice;
  const { window, stop } = host;
  const resumed = loadProgress(request, host);
  const context = {
    strategy,
    execution: request,
    grid,
    window,
    cacheBytes: plan.cacheBytes,
    workers: host.workers === undefined ? undefined : plan.workers,
    stop,
    engine,
  };
  const scorer = await (host.createScorer?.(context) ?? scoreInThread(context));
  try {
    const run: Run = {
      request,
      host,
      grid,
      selected,
      scorer,
      sizer: new BatchSizer(host.clock, host.checkpoint === undefined ? BATCH_MS : CHECKPOINT_BATCH_MS),
      startedMs,
      resumed,
      shortlist: resumed?.shortlist ?? null,
      scored: resumed?.scored ?? 0,
    };
    const ranking = await runStages(run);
    if (host.stop.reason() === undefined) host.checkpoint?.port.clear();
    return outcome(run, ranking, plan, choice, (bases ?? grid.basePoints) * grid.riskPoints);
  } finally {
    await scorer.close();
  }
}

/** What a sweep settles before it computes anything. */
export interface OpenedSweep {
  readonly grid: Grid;
  /** Base variants under the constraint, where they can be counted. */
  readonly bases: number | undefined;
  /** Those of them that the request visits: a part, a sample, or all. */
  readonly selected: number | undefined;
  /** Variants to be scored, both stages together, where they can be counted. */
  readonly toScore: number | undefined;
  readonly choice: EngineChoice;
  readonly plan: SweepPlan;
}

/** Checks a request against its window and budget, and plans it. Errors: those of runSweep. */
export function openSweep(
  request: SweepRequest,
  host: Pick<SweepHost, 'window' | 'budgetBytes' | 'workers' | 'engine' | 'part'>,
): OpenedSweep {
  checkLimits(request);
  const { strategy } = request;
  const { arithmetic } = request.profile;
  const grid = createGrid({ strategy, arithmetic, parameters: request.parameters, risk: request.risk });
  const { part } = host;
  const bases = part?.bases.length ?? countBaseVariants(grid);
  if (bases === 0) {
    throw new AppError('GRID_INVALID', {
      found: `${grid.basePoints} points, none of which satisfies the constraint of ${strategy.name}.`,
      todo: 'Widen the ranges given with --set.',
    });
  }
  checkIndicatorParameters(strategy, grid);
  checkHistory(strategy, grid, host.window);
  checkRiskGrid(request, grid, host.window);
  const choice = chooseEngine(request, grid, host);
  const { engine } = choice;
  // Counting asks the constraint about every point: done twice only when a part of the grid is asked for.
  const isWhole = request.sample === undefined && request.offset === undefined && request.limit === undefined;
  const selected = isWhole || part !== undefined ? bases : countBaseVariants(grid, request);
  const toScore = part === undefined ? variantsToScore(request, grid, selected) : variantsOfPart(part, grid);
  const plan = planSweep(strategy, grid, host.window, {
    budgetBytes: host.budgetBytes,
    engine,
    workers: host.workers,
    variants: toScore,
  });
  return { grid, bases, selected, toScore, choice, plan };
}

async function runStages(run: Run): Promise<Ranking> {
  const { request, grid } = run;
  const objectives = [request.rank, ...(request.alsoRank ?? [])];
  const { selected } = run;
  const { part } = run.host;
  if (part !== undefined) {
    const ranking = createRanking(grid, part.stage, objectives, request.top);
    await runStage(run, part.stage, part.bases, variantsOfPart(part, grid), ranking, true);
    return ranking;
  }
  if (grid.riskAxes.length === 0) {
    const ranking = createRanking(grid, 'A', objectives, request.top);
    await runStage(run, 'A', baseVariants(grid, request), selected, ranking, true);
    return ranking;
  }
  const final = createRanking(grid, 'B', objectives, request.top);
  if (request.preselect === 0) {
    const total = selected === undefined ? undefined : selected * grid.riskPoints;
    await runStage(run, 'B', baseVariants(grid, request), total, final, true);
    return final;
  }
  const shortlist = createShortlist(grid, objectives, request.preselect);
  if (run.resumed?.stage !== 'B') {
    await runStage(run, 'A', baseVariants(grid, request), selected, shortlist, false);
  }
  if (run.host.stop.reason() !== undefined && run.shortlist === null) {
    // Stopped before stage B: what stage A has is all there is to rank.
    return { ...shortlist, rows: () => shortlist.rows().slice(0, request.top) };
  }
  // Grid order makes the rows of --all-results, and which of them a deadline leaves out, independent of stage A's ties.
  const kept = run.shortlist ?? shortlist.baseIndices();
  run.shortlist = kept;
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
  const resumed = run.resumed?.stage === stage ? run.resumed : undefined;
  restore(ranking, resumed?.kept ?? []);
  let taken = resumed?.taken ?? 0;
  const before = run.scored - taken * (stage === 'A' ? 1 : run.grid.riskPoints);
  let complete = true;
  const inFlight: { batch: VariantBatch; rows: Promise<Float64Array> }[] = [];
  const settleOldest = async (): Promise<void> => {
    const { batch, rows } = inFlight.shift()!;
    const scored = await rows.catch(unlessGivenUp);
    if (scored === undefined) {
      complete = false;
      return;
    }
    await takeRows(run, batch, scored, ranking, isLast);
    taken += batch.baseIndices.length;
    // Rows behind a batch that was given up must be scored again: progress stays at what lies before it.
    if (complete) saveProgress(run, stage, taken, ranking);
    const elapsedMs = host.clock.monotonicMs() - run.startedMs;
    host.onProgress?.({ stage, scored: run.scored - before, total, elapsedMs, best: ranking.best });
  };
  for (const baseIndices of batched(skip(bases, taken), () => host.batchSize ?? run.sizer.size)) {
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

function* skip(items: Iterable<number>, count: number): Generator<number> {
  let seen = 0;
  for (const item of items) if (seen++ >= count) yield item;
}

/** Errors: REQUEST_INVALID when the checkpoint is that of another sweep. */
function loadProgress(request: SweepRequest, { checkpoint, window }: SweepHost): SweepCheckpoint | undefined {
  const found = checkpoint?.port.load();
  if (checkpoint === undefined || found === undefined) return undefined;
  if (found.sweep === sweepIdentity(checkpoint.engineVersion, request, window)) return found;
  throw new AppError('REQUEST_INVALID', {
    rule: 'A checkpoint continues the sweep that wrote it: same engine, strategy, grid, settings and candles.',
    found: 'the checkpoint of another sweep.',
    todo: 'Choose another --checkpoint folder, or delete this one to start afresh.',
  });
}

function saveProgress(run: Run, stage: Stage, taken: number, ranking: Ranking): void {
  const { checkpoint, window } = run.host;
  if (checkpoint === undefined) return;
  checkpoint.port.save({
    sweep: (run.identity ??= sweepIdentity(checkpoint.engineVersion, run.request, window)),
    stage,
    taken,
    scored: run.scored,
    kept: ranking.kept(),
    shortlist: run.shortlist,
  });
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
  const { where = [] } = run.request;
  const perBase = batch.stage === 'A' ? 1 : grid.riskPoints;
  let row = 0;
  for (const baseIndex of batch.baseIndices) {
    for (let risk = 0; risk < perBase; risk++, row++) {
      if (!isLast || meetsConditions(where, rows, row)) ranking.offer(rows, row, baseIndex, risk);
      if (isLast && host.onRow !== undefined) {
        await host.onRow(scoredRow(grid, batch.stage, rows, row, baseIndex, risk));
      }
      if (isLast) host.onScores?.(rows, row, baseIndex, risk);
    }
  }
  run.scored += row;
}

/** Errors: REQUEST_INVALID when the fast engine is asked for what it does not cover. */
function chooseEngine(request: SweepRequest, grid: Grid, host: Pick<SweepHost, 'window' | 'engine'>): EngineChoice {
  const wanted = host.engine ?? 'auto';
  if (wanted === 'normative') return { engine: 'normative', reason: 'it was asked for' };
  const covered = engineFor(request, grid, host.window.candles);
  const bytes = planFastMemory(request.strategy, grid, host.window, { threads: 1, columnBudget: 0 }).arenaBytes;
  const choice: EngineChoice =
    covered.engine === 'fast' && bytes > LIMITS.kernelBytesMax
      ? { engine: 'normative', reason: 'so many candles do not fit the memory of the kernels' }
      : covered;
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
      workers: plan.workers,
      columnsComputed,
      columnCacheHitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
    },
  };
}

/** Variants of both stages, where they can be counted. */
function variantsToScore(request: SweepRequest, grid: Grid, bases: number | undefined): number | undefined {
  if (bases === undefined || grid.riskAxes.length === 0) return bases;
  if (request.preselect === 0) return bases * grid.riskPoints;
  return bases + Math.min(bases, request.preselect) * grid.riskPoints;
}

const variantsOfPart = ({ stage, bases }: NonNullable<SweepHost['part']>, grid: Grid): number =>
  bases.length * (stage === 'A' ? 1 : grid.riskPoints);

/** Lets the rule book judge every combination of barriers over no bars at all, so that it refuses before work begins. */
function checkRiskGrid(request: SweepRequest, grid: Grid, window: Window): void {
  const candles = sliceCandles(window.candles, 0, 0);
  const signals = new Uint8Array(0);
  for (let risk = 0; risk < grid.riskPoints; risk++) {
    simulate({ candles, signals, settings: simulationSettings(request, barriersAt(grid, risk)) });
  }
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
  if (new Set([request.rank, ...(request.alsoRank ?? [])]).size !== 1 + (request.alsoRank?.length ?? 0)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'Each objective may be named once.',
      found: `${[request.rank, ...(request.alsoRank ?? [])].join(', ')}.`,
      todo: 'Leave out the repeated one.',
    });
  }
  check('seed', request.seed, 0, Number.MAX_SAFE_INTEGER);
  if (request.sample !== undefined) check('sample', request.sample, 1, LIMITS.gridPointsMax);
  if (request.offset !== undefined) check('offset', request.offset, 0, LIMITS.gridPointsMax);
  if (request.limit !== undefined) check('limit', request.limit, 1, LIMITS.gridPointsMax);
  if (request.sample !== undefined && (request.offset !== undefined || request.limit !== undefined)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A sweep visits a range of the grid or a random sample of it, not both.',
      found: '--sample together with --offset or --limit.',
      todo: 'Leave one of them out.',
    });
  }
}

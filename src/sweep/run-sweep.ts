// The one runner of sweeps: stage A over base variants, stage B over the shortlist's risk grid, ranked as it streams.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import type { KernelProvider } from '../kernels/kernels.ts';
import type { MetricName } from '../metrics/metrics.ts';
import { type Checkpoint, createSaver, loadProgress, type SweepCheckpoint, sweepIdentity } from './checkpoint.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import { completeRows } from './complete-rows.ts';
import { detailFor, type RowDetail } from './detail.ts';
import { scoreInThread } from './engines.ts';
import { returnFastMemory } from './kept-memory.ts';
import { type OpenedSweep, openSweep, type PlanHost, rowsOfLastStage, skipsStageA } from './open-sweep.ts';
import { batchWork, openMemory } from './open-work.ts';
import { createRanking, createShortlist, type Ranking, restore, type Stage } from './ranking.ts';
import type { RankedRow, SweepOutcome, SweepProgress, SweepRequest } from './request.ts';
import { type RowTakers, rowSink, wantsAllRows, wantsGridOrder } from './row-sink.ts';
import type { ScoreBatches, ScoringContext } from './score.ts';
import { SecondsPrediction } from './seconds-prediction.ts';
import type { SweepShard } from './shard.ts';
import { type BatchWork, runStage } from './stage-run.ts';
import { sweepOutcome } from './sweep-outcome.ts';
import { baseVariants, stretchVariants, type VisitingOrder } from './variants.ts';
import { nearbyFirst } from './visiting-order.ts';

/** What a host hands in: data, when to stop, where progress and rows go, and who scores. Nothing here but `engine` changes results. */
export interface SweepHost extends PlanHost, RowTakers {
  readonly stop: StopToken;
  readonly clock: Clock;
  readonly onProgress?: (progress: SweepProgress) => void;
  /** Makes the scorer; the calling thread by default. */
  readonly createScorer?: (context: ScoringContext) => Promise<ScoreBatches>;
  /** Keeps progress, and goes on from the progress kept. Rows taken before are not streamed again. */
  readonly checkpoint?: Checkpoint;
  /** Which twin of the kernels the fast engine runs; the fastest that this runtime has when left out. */
  readonly kernels?: KernelProvider;
  /** Fixes the batch size instead of learning it. */
  readonly batchSize?: number;
  /** Fixes the order of variants; rows that are streamed keep grid order. */
  readonly order?: VisitingOrder;
  /** Fixes how much of a row is computed at first; by default what ranking and sinks read of it, where that pays. */
  readonly detail?: 'full' | 'least';
}

/** Rows that are completed at the end may be this share of all. */
const COMPLETED_SHARE = 1 / 8;
/** After a stop, rows are completed when that takes no longer. */
const COMPLETE_MS = 500;
/** How much longer a complete row may take than one with little detail. */
const COMPLETE_FACTOR = 10;

interface Run extends BatchWork {
  readonly host: SweepHost;
  readonly opened: OpenedSweep;
  readonly objectives: readonly MetricName[];
  readonly order: VisitingOrder;
  readonly startedMs: number;
  readonly prediction: SecondsPrediction;
  /** Progress of an earlier attempt at the same sweep. */
  readonly resumed: SweepCheckpoint | undefined;
  /** In stage B: what stage A kept. */
  shortlist: readonly number[] | null;
  readonly identity: () => string;
  scored: number;
}

/** What the last stage that ran has to say. */
interface Finished {
  readonly ranking: Ranking;
  readonly stage: Stage;
  /** What its rows hold. */
  readonly detail: RowDetail;
}

/**
 * Runs a sweep. When it is stopped early the rows rank what was scored, and `stopped` says why.
 * Errors: GRID_INVALID, GRID_TOO_LARGE, BUDGET_BYTES, STRATEGY_FAILED, REQUEST_INVALID.
 */
export async function runSweep(request: SweepRequest, host: SweepHost): Promise<SweepOutcome> {
  return scoreAll(request, host, async (run, finished, context, wallMs) => {
    const rows = await rankedRows(run, finished, context);
    return sweepOutcome(run, rows, wallMs);
  });
}

/** What a shard hands in; one that was stopped early is not over, and says so. Errors: those of runSweep. */
export async function runShard(
  request: SweepRequest,
  host: SweepHost & { readonly shard: SweepShard },
): Promise<{ readonly progress: SweepCheckpoint; readonly outcome: SweepOutcome }> {
  return scoreAll(request, host, async (run, { ranking, stage, detail }, _, wallMs) => ({
    outcome: sweepOutcome(run, [], wallMs),
    progress: {
      sweep: host.shard.whole.sweep,
      stage,
      order: run.order,
      detail,
      shortlist: null,
      taken: run.scored,
      scored: run.scored,
      kept: ranking.kept(),
      sampled: sampledRows(host, host.shard.isLast),
    },
  }));
}

/** Scores what the host asks for, from opening the sweep to its last row, and has it answered by `finish`. */
async function scoreAll<Answer>(
  request: SweepRequest,
  host: SweepHost,
  finish: (run: Run, finished: Finished, context: ScoringContext, wallMs: number) => Promise<Answer>,
): Promise<Answer> {
  const startedMs = host.clock.monotonicMs();
  const opened = openSweep(request, host);
  const { grid, plan, choice } = opened;
  const { window, stop, clock, checkpoint } = host;
  const identity = once(() => identityOf(request, host));
  const resumed = loadProgress(checkpoint?.port, identity);
  const memory = openMemory(plan, host);
  const context: ScoringContext = {
    strategy: request.strategy,
    execution: request,
    grid,
    window,
    cacheBytes: plan.cacheBytes,
    memory,
    clock,
    workers: host.workers === undefined ? undefined : plan.workers,
    heapBytes: plan.heapBytes,
    stop,
    engine: choice.engine,
  };
  const scorer = await (host.createScorer?.(context) ?? scoreInThread(context));
  try {
    const workedFromMs = clock.monotonicMs();
    const run: Run = {
      ...batchWork(request, host, opened, scorer),
      host,
      opened,
      identity,
      objectives: [request.rank, ...(request.alsoRank ?? [])],
      order: resumed?.order ?? chooseOrder(host, opened),
      startedMs,
      prediction: new SecondsPrediction(opened.toScore, plan.distinctColumns, scorer.threads ?? 1),
      resumed,
      shortlist: resumed?.shortlist ?? null,
      scored: resumed?.scored ?? 0,
    };
    const finished = await runStages(run);
    const scoredMs = clock.monotonicMs() - workedFromMs;
    const answer = await finish(run, finished, context, scoredMs);
    if (host.stop.reason() === undefined) checkpoint?.port.clear();
    return answer;
  } finally {
    const hasEnded = (await scorer.close()) !== false;
    if (hasEnded && memory !== undefined && host.kernels === undefined) returnFastMemory(memory);
  }
}

/** Two shards of one sweep are not the same work. */
function identityOf(request: SweepRequest, { checkpoint, window, shard }: SweepHost): string {
  const sweep = sweepIdentity(checkpoint!.engineVersion, request, window);
  return shard === undefined ? sweep : `${sweep} ${shard.stage} ${shard.from}-${shard.to}`;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/**
 * Neighbours share columns, unless rows are to be streamed in grid order. That also pays where all columns fit: those of
 * one batch then stay in a core's own cache.
 */
function chooseOrder(host: SweepHost, { catalog }: OpenedSweep): VisitingOrder {
  if (catalog === undefined || wantsGridOrder(host)) return 'grid';
  return host.order ?? 'near';
}

async function runStages(run: Run): Promise<Finished> {
  const { request, grid, objectives, host } = run;
  const { selected, catalog } = run.opened;
  const operands = run.order === 'near' ? catalog?.operands : undefined;
  const all = () => baseVariants(grid, request, operands);
  const detail = lastDetail(run);
  const { part, shard } = host;
  if (shard !== undefined) {
    const bases = shardBases(run, shard, operands);
    const ranking = shard.isLast
      ? createRanking(grid, shard.stage, objectives, request.top)
      : createShortlist(grid, objectives, request.preselect);
    const rowDetail = shard.isLast ? detail : shortlistDetail(run);
    return runOneStage(run, shard.stage, bases, shard.count, ranking, rowDetail, shard.isLast);
  }
  if (part !== undefined) {
    const ranking = createRanking(grid, part.stage, objectives, request.top);
    return runOneStage(run, part.stage, part.bases, part.bases.length, ranking, detail, true);
  }
  if (grid.riskAxes.length === 0) {
    const ranking = createRanking(grid, 'A', objectives, request.top);
    return runOneStage(run, 'A', all(), selected, ranking, detail, true);
  }
  const final = createRanking(grid, 'B', objectives, request.top);
  if (skipsStageA(request, selected)) return runOneStage(run, 'B', all(), selected, final, detail, true);
  const shortlist = createShortlist(grid, objectives, request.preselect);
  if (run.resumed?.stage !== 'B') {
    const finished = await runOneStage(run, 'A', all(), selected, shortlist, shortlistDetail(run), false);
    // Stopped before stage B: what stage A has is all there is to rank.
    if (host.stop.reason() !== undefined) return finished;
  }
  // In an order of their own, the rows of --all-results, and which a deadline leaves out, do not depend on stage A's ties.
  const kept = run.shortlist ?? shortlist.baseIndices();
  run.shortlist = kept;
  const ordered = operands === undefined ? kept : nearbyFirst(grid, operands, kept);
  return runOneStage(run, 'B', ordered, kept.length, final, detail, true);
}

function shardBases({ grid, request }: Run, shard: SweepShard, operands: ColumnCatalog['operands'] | undefined) {
  if (shard.bases === undefined) return stretchVariants(grid, request, shard, operands);
  return operands === undefined ? shard.bases : nearbyFirst(grid, operands, shard.bases);
}

/** Of rows that are only shortlisted: what that reads. */
const shortlistDetail = ({ host, objectives, opened }: Run): RowDetail =>
  host.detail === 'full' || opened.catalog === undefined ? 'full' : detailFor(objectives);

/** The least that ranking and sinks read, unless completing the ranked rows costs more than it saves. */
function lastDetail({ request, host, objectives, opened, grid }: Run): RowDetail {
  const rows = rowsOfLastStage(request, opened);
  if (host.detail === 'full' || opened.catalog === undefined || wantsAllRows(host, rows)) return 'full';
  const read = [...(host.scores?.metrics ?? []), ...(request.where ?? []).map(({ metric }) => metric)];
  const least = detailFor([...objectives, ...read]);
  // Nobody reads the ranked rows of a part.
  if (host.part !== undefined) return least;
  const completed = request.top * grid.riskPoints;
  return host.detail === 'least' || rows === undefined || completed <= rows * COMPLETED_SHARE ? least : 'full';
}

async function runOneStage(
  run: Run,
  stage: Stage,
  bases: Iterable<number>,
  count: number | undefined,
  ranking: Ranking,
  detail: RowDetail,
  isLast: boolean,
): Promise<Finished> {
  const { host, grid, request, prediction } = run;
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  const resumed = run.resumed?.stage === stage ? run.resumed : undefined;
  restore(ranking, resumed?.kept ?? []);
  for (const rows of (isLast && resumed?.sampled) || []) host.rowSample?.kept?.restore(rows);
  let taken = resumed?.taken ?? 0;
  const before = run.scored - taken * perBase;
  // Rows of an earlier attempt may hold less than this one computes.
  const kept = resumed !== undefined && taken > 0 ? (resumed.detail ?? 'full') : detail;
  const held = detail === 'full' ? kept : detail;
  const saver = createSaver(host.checkpoint?.port, host.clock, ranking, () => {
    const sampled = sampledRows(host, isLast);
    return { sweep: run.identity(), stage, order: run.order, detail: held, shortlist: run.shortlist, sampled };
  });
  await runStage(run, {
    stage,
    detail,
    bases: resumed?.stageIsOver === true ? [] : skip(bases, taken),
    count: count === undefined ? undefined : count - taken,
    ranking,
    isLast,
    scores: isLast ? host.scores : undefined,
    sink: isLast ? rowSink(host, grid, rowsOfLastStage(request, run.opened)) : undefined,
    isStopped: () => host.stop.reason() !== undefined,
    onGap: saver.flush,
    onTaken: (batchBases, rows, isGapless) => {
      run.scored += rows;
      // Rows behind a batch that was given up must be scored again: progress stays at what lies before it.
      if (isGapless) taken += batchBases;
      if (isGapless) saver.save(taken, run.scored);
      const elapsedMs = host.clock.monotonicMs() - run.startedMs;
      prediction.hear(elapsedMs, run.scored, run.sizer.variantMs, run.flow.columnsComputed, run.scorer.worked?.());
      const total = count === undefined ? undefined : count * perBase;
      host.onProgress?.({ stage, scored: run.scored - before, total, elapsedMs, best: ranking.best });
    },
  });
  saver.flush();
  return { ranking, stage, detail: held };
}

function sampledRows({ rowSample }: SweepHost, isLast: boolean): SweepCheckpoint['sampled'] {
  return isLast && rowSample?.kept !== undefined ? [rowSample.kept.save()] : undefined;
}

function* skip(items: Iterable<number>, count: number): Generator<number> {
  let seen = 0;
  for (const item of items) if (seen++ >= count) yield item;
}

/** The ranked rows, complete; after a stop those that take long to complete keep what ranking needed. */
async function rankedRows(run: Run, finished: Finished, context: ScoringContext): Promise<RankedRow[]> {
  const { ranking, stage, detail } = finished;
  // A shortlist may keep more than is ranked.
  const { top } = run.request;
  const places = ranking.places().slice(0, top);
  const isComplete = detail === 'full' || places.length === 0 || run.host.part !== undefined;
  const work = isComplete || run.host.stop.reason() === undefined ? run : await workAfterStop(run, finished, context);
  if (isComplete || work === undefined) return ranking.rows().slice(0, top);
  return ranking.rows(await completeRows(work, stage, places, ranking.kept(), run.objectives)).slice(0, top);
}

/** The calling thread, when no other one works any more and the rows can be completed soon. */
async function workAfterStop(run: Run, { ranking, stage }: Finished, context: ScoringContext) {
  const rows = ranking.places().length * (stage === 'A' ? 1 : run.grid.riskPoints);
  if (rows * (run.sizer.variantMs ?? 0) * COMPLETE_FACTOR > COMPLETE_MS) return undefined;
  if ((await run.scorer.close()) === false) return undefined;
  const scorer = scoreInThread({ ...context, stop: NEVER_STOP });
  return batchWork(run.request, run.host, run.opened, scorer);
}

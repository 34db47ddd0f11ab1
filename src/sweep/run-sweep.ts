// The one runner of sweeps: stage A over base variants, stage B over the shortlist's risk grid, ranked as it streams.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import type { KernelProvider } from '../kernels/kernels.ts';
import type { MetricName } from '../metrics/metrics.ts';
import { BatchSizer, CHECKPOINT_BATCH_MS, LONE_BATCH_MS, POOL_BATCH_MS } from './batches.ts';
import { type Checkpoint, createSaver, loadProgress, type SweepCheckpoint, sweepIdentity } from './checkpoint.ts';
import { ColumnFlow } from './column-flow.ts';
import { ColumnSlots } from './column-slots.ts';
import { completeRows } from './complete-rows.ts';
import { detailFor, type RowDetail } from './detail.ts';
import { scoreInThread } from './engines.ts';
import { type FastMemory, openFastMemory } from './fast-memory.ts';
import { borrowFastMemory, returnFastMemory } from './kept-memory.ts';
import { type OpenedSweep, openSweep, type PlanHost, rowsOfLastStage, skipsStageA } from './open-sweep.ts';
import type { SweepPlan } from './plan.ts';
import { createRanking, createShortlist, type Ranking, restore, type Stage } from './ranking.ts';
import type { RankedRow, SweepOutcome, SweepProgress, SweepRequest } from './request.ts';
import { type RowTakers, rowSink, wantsAllRows, wantsGridOrder } from './row-sink.ts';
import type { ScoreBatches, ScoringContext } from './score.ts';
import { SecondsPrediction } from './seconds-prediction.ts';
import { type BatchWork, runStage } from './stage-run.ts';
import { sweepOutcome } from './sweep-outcome.ts';
import { baseVariants, type VisitingOrder } from './variants.ts';
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

/** The first batches of expressions, before their pace is known: about this long at this cost of a bar. */
const FIRST_BATCH_MS = 10;
const FIRST_NS_PER_BAR = 1;

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
  identity?: string;
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
  const startedMs = host.clock.monotonicMs();
  const opened = openSweep(request, host);
  const { grid, plan, choice } = opened;
  const { window, stop, clock } = host;
  const resumed = loadProgress(request, host.checkpoint, window);
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
      objectives: [request.rank, ...(request.alsoRank ?? [])],
      order: resumed?.order ?? chooseOrder(host, opened),
      startedMs,
      prediction: new SecondsPrediction(opened.toScore, plan.distinctColumns, scorer.threads ?? 1),
      resumed,
      shortlist: resumed?.shortlist ?? null,
      scored: resumed?.scored ?? 0,
    };
    const finished = await runStages(run);
    const wallMs = clock.monotonicMs() - workedFromMs;
    const rows = await rankedRows(run, finished, context);
    if (host.stop.reason() === undefined) host.checkpoint?.port.clear();
    return sweepOutcome(run, rows, wallMs);
  } finally {
    const hasEnded = (await scorer.close()) !== false;
    if (hasEnded && memory !== undefined && host.kernels === undefined) returnFastMemory(memory);
  }
}

function openMemory({ fast, bytesPredicted }: SweepPlan, host: SweepHost): FastMemory | undefined {
  if (fast === undefined) return undefined;
  const { history } = host.window;
  if (host.kernels !== undefined) return openFastMemory(fast, history, host.kernels);
  return borrowFastMemory(fast, history, (host.budgetBytes ?? Number.POSITIVE_INFINITY) - bytesPredicted);
}

function batchWork(request: SweepRequest, host: SweepHost, opened: OpenedSweep, scorer: ScoreBatches): BatchWork {
  const { grid, plan, catalog } = opened;
  const slotCount = plan.fast?.slots ?? 0;
  // Who computes no columns on demand keeps its own.
  const asked = scorer.computeColumns === undefined ? undefined : catalog;
  const threads = scorer.threads ?? 1;
  const targetMs = threads > 1 ? POOL_BATCH_MS : LONE_BATCH_MS;
  return {
    request,
    grid,
    scorer,
    flow: new ColumnFlow(scorer, asked === undefined ? undefined : new ColumnSlots(slotCount)),
    sizer: new BatchSizer(
      host.checkpoint === undefined ? targetMs : CHECKPOINT_BATCH_MS,
      threads,
      // What a strategy's own function takes nobody knows.
      catalog === undefined
        ? 1
        : Math.floor((FIRST_BATCH_MS * 1e6) / (host.window.candles.barCount * FIRST_NS_PER_BAR)),
    ),
    clock: host.clock,
    catalog: asked,
    // Half of the slots, so that the columns of the next batch have room while one is scored.
    columnsMax: Math.floor(slotCount / 2),
    rowsMax: plan.variantsPerBatch,
    batchSize: host.batchSize,
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
  const { part } = host;
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
    const least = host.detail === 'full' || catalog === undefined ? 'full' : detailFor(objectives);
    const finished = await runOneStage(run, 'A', all(), selected, shortlist, least, false);
    // Stopped before stage B: what stage A has is all there is to rank.
    if (host.stop.reason() !== undefined) return finished;
  }
  // In an order of their own, the rows of --all-results, and which a deadline leaves out, do not depend on stage A's ties.
  const kept = run.shortlist ?? shortlist.baseIndices();
  run.shortlist = kept;
  const ordered = operands === undefined ? kept : nearbyFirst(grid, operands, kept);
  return runOneStage(run, 'B', ordered, kept.length, final, detail, true);
}

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
  let taken = resumed?.taken ?? 0;
  const before = run.scored - taken * perBase;
  // Rows of an earlier attempt may hold less than this one computes.
  const kept = resumed !== undefined && taken > 0 ? (resumed.detail ?? 'full') : detail;
  const held = detail === 'full' ? kept : detail;
  const saver = createSaver(host.checkpoint?.port, host.clock, ranking, () => {
    run.identity ??= sweepIdentity(host.checkpoint!.engineVersion, request, host.window);
    return { sweep: run.identity, stage, order: run.order, detail: held, shortlist: run.shortlist };
  });
  await runStage(run, {
    stage,
    detail,
    bases: skip(bases, taken),
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

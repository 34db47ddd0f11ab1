// Performs a task in the thread it is called in: the one way from a request to an answer, whoever asked.

import { unreachable } from '../core/assert.ts';
import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { saveResult } from '../runs/saved-results.ts';
import { runJson, runStrategy } from '../runs/single-run.ts';
import { similarRuns, strategyKind } from '../runs/sweep-costs.ts';
import { finishSweep, hostBytes, type PreparedSweep, prepareSweep, type RunContext } from '../runs/sweep-run.ts';
import { prepareTrials } from '../runs/trial-batch.ts';
import { estimateSweep } from '../sweep/estimate.ts';
import { openSweep } from '../sweep/open-sweep.ts';
import { createCostKeeper } from './cost-keeper.ts';
import type {
  AnswerTo,
  CheckTask,
  CompareTask,
  ComputeEvents,
  ComputeGuards,
  ComputeShare,
  ComputeTask,
  EstimateAnswer,
  EstimateTask,
  FetchTask,
  GuardReport,
  ImportTask,
  ReportTask,
  RowTask,
  RunAnswer,
  RunTask,
  SweepAnswer,
  SweepTask,
  TableTask,
} from './task.ts';

export interface PerformContext extends RunContext {
  /** Collects garbage and answers how many bytes of this process are resident then. */
  readonly settledBytes: () => number;
}

/** Errors: those of loading and of runSweep; LIMIT_EXCEEDED or BUDGET_BYTES where a guard fires. */
export async function performTask<Task extends ComputeTask>(
  task: Task,
  context: PerformContext,
  stop: StopToken,
  events: ComputeEvents = {},
): Promise<AnswerTo<Task>> {
  const answer = await perform(task, context, stop, events);
  return answer as AnswerTo<Task>;
}

function perform(task: ComputeTask, context: PerformContext, stop: StopToken, events: ComputeEvents) {
  switch (task.kind) {
    case 'sweep':
      return sweep(task, context, stop, events);
    case 'run':
      return run(task, context);
    case 'estimate':
      return estimate(task, context);
    case 'row':
    case 'table':
    case 'compare':
    case 'report':
      return stored(task, context);
    case 'trials':
      return prepareTrials(task.selection, context).then((prepared) => ({ kind: 'trials', prepared }) as const);
    case 'import':
    case 'check':
    case 'fetch':
      return data(task, context);
    default:
      return unreachable(task);
  }
}

async function sweep(
  task: SweepTask,
  context: PerformContext,
  stop: StopToken,
  events: ComputeEvents,
): Promise<SweepAnswer> {
  const { share, checkpointFolder } = task;
  const prepared = await prepareSweep(task.selection, context);
  const residentBytes = context.settledBytes();
  const guards = guardsOf(prepared, share, residentBytes, context);
  const fired = guards.find((guard) => guard.fires);
  if (fired !== undefined) throw guardError(fired, share.guards!.of);
  const cost = createCostKeeper(prepared, guards, checkpointFolder, context);
  const notes: string[] = [];
  const { record } = await finishSweep(
    prepared,
    {
      stop,
      workers: share.workers,
      budgetBytes: share.budgetBytes,
      residentBytes,
      keepAllRows: false,
      checkpointFolder,
      keepCheckpoint: true,
      onNote: (note) => notes.push(note),
      onProgress: events.onProgress,
    },
    context,
  );
  cost.keep(record);
  // Of a cancelled one there is nobody who would look for the part that was scored.
  const isSaved =
    (task.save === true && record.partial !== 'cancelled') || (task.save === 'whole' && record.partial === null);
  const resultId = isSaved ? saveResult(record, context.storeRoot) : null;
  const { heatmap: _, ...answered } = record;
  const isSelfContained = isAllSaid(prepared.loadedStrategy);
  return { kind: 'sweep', record: answered, resultId, notes, isSelfContained };
}

async function run(task: RunTask, context: PerformContext): Promise<RunAnswer> {
  const finished = await runStrategy(task.selection, context);
  const isSelfContained = isAllSaid(finished.loadedStrategy);
  return { kind: 'run', run: runJson(finished, context, task.withEquity), isSelfContained };
}

/** Models are files of their own, and controllers read the rules of their instruments. */
const isAllSaid = (loaded: LoadedStrategy | undefined): boolean =>
  (loaded?.models ?? []).length === 0 && loaded?.strategy.program?.kind !== 'controller';

/** What is stored is read by these tasks alone. */
async function stored(task: RowTask | TableTask | CompareTask | ReportTask, context: PerformContext) {
  const { compareTask, reportTask, rowTask, tableTask } = await import('./perform-results.ts');
  if (task.kind === 'row') return rowTask(task, context);
  if (task.kind === 'table') return tableTask(task, context);
  return task.kind === 'compare' ? compareTask(task, context) : reportTask(task, context);
}

/** What reads and checks candle files is loaded for these tasks alone. */
async function data(task: ImportTask | CheckTask | FetchTask, context: PerformContext) {
  const { checkTask, fetchTask, importTask } = await import('./perform-data.ts');
  if (task.kind === 'import') return importTask(task, context);
  return task.kind === 'check' ? checkTask(task, context) : fetchTask(task, context);
}

async function estimate(task: EstimateTask, context: PerformContext): Promise<EstimateAnswer> {
  const prepared = await prepareSweep(task.selection, context);
  const residentBytes = context.settledBytes();
  const guards = guardsOf(prepared, task.share, residentBytes, context);
  const { clock } = context;
  const planned = estimateSweep(prepared.request, { ...planHost(prepared, task.share, residentBytes, context), clock });
  const { barCount: bars } = prepared.loadedWindow.window.candles;
  const variants = planned.toScore ?? prepared.grid.basePoints * prepared.grid.riskPoints;
  const similar = similarRuns({ strategyKind: strategyKind(prepared), bars, variants }, context.storeRoot);
  return { kind: 'estimate', estimate: planned, guards, similar };
}

const planHost = (prepared: PreparedSweep, share: ComputeShare, residentBytes: number, context: PerformContext) => ({
  window: prepared.loadedWindow.window,
  workers: share.workers,
  budgetBytes: share.budgetBytes,
  residentBytes,
  peakBytes: context.peakBytes,
  hostBytes: hostBytes(prepared.grid, false),
});

/** What each guard compares. Errors: those of planning, BUDGET_BYTES among them. */
function guardsOf(
  prepared: PreparedSweep,
  share: ComputeShare,
  residentBytes: number,
  context: PerformContext,
): GuardReport[] {
  const { guards } = share;
  if (guards === undefined) return [];
  const opened = openSweep(prepared.request, planHost(prepared, share, residentBytes, context));
  const variants = opened.toScore ?? prepared.grid.basePoints * prepared.grid.riskPoints;
  const bytes = Math.floor(opened.plan.bytesPredicted);
  return [
    { guard: 'variants', asked: variants, limit: guards.variantsMax, fires: variants > guards.variantsMax },
    { guard: 'bytes', asked: bytes, limit: guards.bytesMax, fires: bytes > guards.bytesMax },
  ];
}

function guardError({ guard, asked, limit }: GuardReport, of: ComputeGuards['of']): AppError {
  const unit = guard === 'variants' ? 'variants' : 'bytes';
  return new AppError(guard === 'variants' ? 'LIMIT_EXCEEDED' : 'BUDGET_BYTES', {
    rule: `${of === 'job' ? 'A job' : 'A request that waits for its answer'} may take at most ${limit.toLocaleString('en')} ${unit}.`,
    found: `${asked.toLocaleString('en')} ${unit}.`,
    todo: of === 'job' ? 'Ask for less, or cut it into several.' : 'Submit it as a job, or ask for less.',
  });
}

// Performs a task in the thread it is called in: the one way from a request to an answer, whoever asked.

import { unreachable } from '../core/assert.ts';
import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { CANDLE_COLUMNS, sliceCandles } from '../market/candles.ts';
import { recordToRun } from '../runs/many-record.ts';
import { reproduceRow } from '../runs/reproduce.ts';
import { loadResult, saveResult } from '../runs/saved-results.ts';
import { runJson, runStrategy } from '../runs/single-run.ts';
import { finishSweep, hostBytes, type PreparedSweep, prepareSweep, type RunContext } from '../runs/sweep-run.ts';
import { prepareTrials } from '../runs/trial-batch.ts';
import { estimateSweep } from '../sweep/estimate.ts';
import { openSweep } from '../sweep/open-sweep.ts';
import type {
  AnswerTo,
  CheckTask,
  ComputeEvents,
  ComputeGuards,
  ComputeShare,
  ComputeTask,
  EstimateAnswer,
  EstimateTask,
  FetchTask,
  GuardReport,
  ImportTask,
  ReportAnswer,
  ReportTask,
  RowAnswer,
  RowTask,
  RunAnswer,
  RunTask,
  SweepAnswer,
  SweepTask,
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
      return row(task, context);
    case 'report':
      return report(task, context);
    case 'trials':
      return prepareTrials(task.selection, context).then((prepared) => ({ kind: 'trials', prepared }) as const);
    case 'import':
    case 'check':
    case 'fetch':
      return data(task, context, stop);
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
  const fired = guardsOf(prepared, share, residentBytes, context).find((guard) => guard.fires);
  if (fired !== undefined) throw guardError(fired, share.guards!.of);
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

async function row(task: RowTask, context: PerformContext): Promise<RowAnswer> {
  const { record } = loadResult(task.resultId, context);
  const finished = await reproduceRow(recordToRun(record, task.cell), task.rank, context);
  const run = runJson(finished, context, task.withEquity);
  if (task.candles === undefined) return { kind: 'row', run };
  const { candles } = finished.loadedWindow.window;
  const from = Math.min(task.candles.fromBar, candles.barCount);
  const part = sliceCandles(candles, from, Math.min(candles.barCount, from + task.candles.bars));
  const columns = Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, Array.from(part[name])]));
  return { kind: 'row', run, candles: columns as unknown as RowAnswer['candles'] };
}

async function report(task: ReportTask, context: PerformContext): Promise<ReportAnswer> {
  const { id, record } = loadResult(task.resultId, context);
  const { renderStored } = await import('../runs/report-of-stored.ts');
  return { kind: 'report', html: await renderStored(record, id, context) };
}

/** What reads and checks candle files is loaded for these tasks alone. */
async function data(task: ImportTask | CheckTask | FetchTask, context: PerformContext, stop: StopToken) {
  const { checkTask, fetchTask, importTask } = await import('./perform-data.ts');
  if (task.kind === 'import') return importTask(task, context);
  return task.kind === 'check' ? checkTask(task, context) : fetchTask(task, context, stop);
}

async function estimate(task: EstimateTask, context: PerformContext): Promise<EstimateAnswer> {
  const prepared = await prepareSweep(task.selection, context);
  const residentBytes = context.settledBytes();
  const guards = guardsOf(prepared, task.share, residentBytes, context);
  const { clock } = context;
  const planned = estimateSweep(prepared.request, { ...planHost(prepared, task.share, residentBytes, context), clock });
  return { kind: 'estimate', estimate: planned, guards };
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

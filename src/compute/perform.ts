// Performs a task in the thread it is called in: the one way from a request to an answer, whoever asked.

import { unreachable } from '../core/assert.ts';
import type { StopToken } from '../core/cancel.ts';
import { CANDLE_COLUMNS, sliceCandles } from '../market/candles.ts';
import { recordToRun } from '../runs/many-record.ts';
import { reproduceRow } from '../runs/reproduce.ts';
import { loadResult } from '../runs/saved-results.ts';
import { runJson, runStrategy } from '../runs/single-run.ts';
import { planHost } from '../runs/sweep-host.ts';
import { prepareSweep } from '../runs/sweep-run.ts';
import { prepareTrials } from '../runs/trial-batch.ts';
import { estimateSweep } from '../sweep/estimate.ts';
import { guardsOf, type PerformContext } from './guards.ts';
import { isAllSaid, performShard, performSharded, performSweep } from './perform-sweep.ts';
import type {
  AnswerTo,
  CheckTask,
  ComputeEvents,
  ComputeTask,
  EstimateAnswer,
  EstimateTask,
  FetchTask,
  ImportTask,
  ReportAnswer,
  ReportTask,
  RowAnswer,
  RowTask,
  RunAnswer,
  RunTask,
} from './task.ts';

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
      return performSweep(task, context, stop, events);
    case 'sharded':
      return performSharded(task, context, stop, events);
    case 'shard':
      return performShard(task, context, stop, events);
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
      return data(task, context);
    default:
      return unreachable(task);
  }
}

async function run(task: RunTask, context: PerformContext): Promise<RunAnswer> {
  const finished = await runStrategy(task.selection, context);
  const isSelfContained = isAllSaid(finished.loadedStrategy);
  return { kind: 'run', run: runJson(finished, context, task.withEquity), isSelfContained };
}

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
  return { kind: 'estimate', estimate: planned, guards };
}

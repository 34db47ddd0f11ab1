// Performs a task in the thread it is called in: the one way from a request to an answer, whoever asked.

import { unreachable } from '../core/assert.ts';
import type { StopToken } from '../core/cancel.ts';
import { runJson, runStrategy } from '../runs/single-run.ts';
import { similarRuns, strategyKind } from '../runs/sweep-costs.ts';
import { planHost } from '../runs/sweep-host.ts';
import { loadIsolated, prepareSweep } from '../runs/sweep-run.ts';
import { prepareTrials } from '../runs/trial-batch.ts';
import { estimateSweep } from '../sweep/estimate.ts';
import { guardsOf, type PerformContext, shareThatWouldDo } from './guards.ts';
import { isAllSaid, performShard, performSharded, performSweep } from './perform-sweep.ts';
import type {
  AnswerTo,
  CheckTask,
  CompareTask,
  ComputeEvents,
  ComputeTask,
  DescribeAnswer,
  DescribeTask,
  EstimateAnswer,
  EstimateTask,
  FetchTask,
  ImportTask,
  ReportTask,
  RowTask,
  RunAnswer,
  RunTask,
  StudyTask,
  TableTask,
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

function perform(task: ComputeTask, surroundings: PerformContext, stop: StopToken, events: ComputeEvents) {
  // Stored results name the files they came from; all other names are those of a request.
  const isOfResult = task.kind === 'row' || task.kind === 'table' || task.kind === 'compare' || task.kind === 'report';
  const context = { ...surroundings, confined: !isOfResult };
  switch (task.kind) {
    case 'sweep':
      return performSweep(task, context, stop, events);
    case 'sharded':
      return performSharded(task, context, stop, events);
    case 'shard':
      return performShard(task, context, stop, events);
    case 'run':
      return run(task, context);
    case 'study':
      return study(task, context, stop, events);
    case 'estimate':
      return estimate(task, context);
    case 'row':
    case 'table':
    case 'compare':
    case 'report':
      return stored(task, context);
    case 'trials':
      return prepareTrials(task.selection, context).then((prepared) => ({ kind: 'trials', prepared }) as const);
    case 'describe':
      return describe(task, context);
    case 'import':
    case 'check':
    case 'fetch':
      return data(task, context, stop);
    default:
      return unreachable(task);
  }
}

async function run(task: RunTask, context: PerformContext): Promise<RunAnswer> {
  const finished = await runStrategy(task.selection, context);
  const isSelfContained = isAllSaid(finished.loadedStrategy);
  return { kind: 'run', run: runJson(finished, context, task.withEquity), isSelfContained };
}

/** The optimiser is loaded for its tasks alone. */
async function study(task: StudyTask, context: PerformContext, stop: StopToken, events: ComputeEvents) {
  const { studyTask } = await import('./perform-study.ts');
  return studyTask(task, context, stop, events);
}

/** What is stored is read by these tasks alone. */
async function stored(task: RowTask | TableTask | CompareTask | ReportTask, context: PerformContext) {
  const { compareTask, reportTask, rowTask, tableTask } = await import('./perform-results.ts');
  if (task.kind === 'row') return rowTask(task, context);
  if (task.kind === 'table') return tableTask(task, context);
  return task.kind === 'compare' ? compareTask(task, context) : reportTask(task, context);
}

async function describe({ strategy }: DescribeTask, context: PerformContext): Promise<DescribeAnswer> {
  const loaded = await loadIsolated(strategy, {}, context);
  const { strategyFacts } = await import('../runs/strategy-facts.ts');
  return { kind: 'describe', facts: strategyFacts(loaded) };
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
  const share = shareThatWouldDo(prepared, task.share, residentBytes, context);
  const guards = guardsOf(prepared, share, residentBytes, context);
  const { clock } = context;
  const planned = estimateSweep(prepared.request, { ...planHost(prepared, share, residentBytes, context), clock });
  const { barCount: bars } = prepared.loadedWindow.window.candles;
  const variants = planned.toScore ?? prepared.grid.basePoints * prepared.grid.riskPoints;
  const similar = similarRuns({ strategyKind: strategyKind(prepared), bars, variants }, context.storeRoot);
  return { kind: 'estimate', estimate: planned, guards, similar };
}

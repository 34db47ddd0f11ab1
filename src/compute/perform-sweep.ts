// Performs sweeps: whole, cut into shards, one shard, and the merge of all.
import type { StopToken } from '../core/cancel.ts';
import type { LoadedStrategy } from '../loader/load-strategy.ts';
import { saveResult } from '../runs/saved-results.ts';
import { planHost } from '../runs/sweep-host.ts';
import { finishSweep, type PreparedSweep, prepareSweep } from '../runs/sweep-run.ts';
import { nextStep, scoreShard } from '../runs/sweep-shards.ts';
import { hasCheckpoint } from '../store/checkpoint-file.ts';
import type { MergedShards } from '../sweep/shard-merge.ts';
import { createCostKeeper } from './cost-keeper.ts';
import { checkGuards, type PerformContext } from './guards.ts';
import type {
  ComputeEvents,
  GuardReport,
  ShardAnswer,
  ShardedAnswer,
  ShardedTask,
  ShardTask,
  SweepAnswer,
  SweepTask,
} from './task.ts';

/** Errors: those of prepareSweep and finishSweep; LIMIT_EXCEEDED or BUDGET_BYTES where a guard fires. */
export async function performSweep(
  task: SweepTask,
  context: PerformContext,
  stop: StopToken,
  events: ComputeEvents,
): Promise<SweepAnswer> {
  const prepared = await prepareSweep(task.selection, context);
  const residentBytes = context.settledBytes();
  const guards = checkGuards(prepared, task.share, residentBytes, context);
  return sweepAnswer(prepared, task, { residentBytes, guards, merged: undefined }, context, stop, events);
}

/** Either more shards, or the answer to the whole sweep. Errors: those of performSweep and mergeShards. */
export async function performSharded(
  { sweep, rule, results }: ShardedTask,
  context: PerformContext,
  stop: StopToken,
  events: ComputeEvents,
): Promise<ShardedAnswer> {
  const { share, checkpointFolder } = sweep;
  const prepared = await prepareSweep(sweep.selection, context);
  const residentBytes = context.settledBytes();
  const guards = checkGuards(prepared, share, residentBytes, context);
  // What has progress of its own was begun here, and goes on here.
  const hasBegun = checkpointFolder !== undefined && hasCheckpoint(checkpointFolder);
  const cut = hasBegun ? { shardSeconds: 0 } : rule;
  const plan = planHost(prepared, share, residentBytes, context);
  const step = nextStep(prepared, results, cut, plan, context);
  if (step.shards !== undefined) return { kind: 'sharded', shards: step.shards };
  const { merged } = step;
  return {
    kind: 'sharded',
    whole: await sweepAnswer(prepared, sweep, { residentBytes, guards, merged }, context, stop, events),
  };
}

/** Errors: those of scoreShard. */
export async function performShard(
  { sweep, shard }: ShardTask,
  context: PerformContext,
  stop: StopToken,
  { onProgress }: ComputeEvents,
): Promise<ShardAnswer> {
  const { share, checkpointFolder } = sweep;
  const prepared = await prepareSweep(sweep.selection, context);
  const limits = {
    stop,
    workers: share.workers,
    budgetBytes: share.budgetBytes,
    residentBytes: context.settledBytes(),
    checkpointFolder,
    keepCheckpoint: true,
    onProgress,
  };
  return { kind: 'shard', result: (await scoreShard(prepared, shard, limits, context)) ?? null };
}

async function sweepAnswer(
  prepared: PreparedSweep,
  { share, checkpointFolder, save }: SweepTask,
  begun: {
    readonly residentBytes: number;
    readonly guards: readonly GuardReport[];
    readonly merged: MergedShards | undefined;
  },
  context: PerformContext,
  stop: StopToken,
  { onProgress }: ComputeEvents,
): Promise<SweepAnswer> {
  const { residentBytes, guards, merged } = begun;
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
      ...(merged === undefined ? {} : { merged }),
      onNote: (note) => notes.push(note),
      onProgress,
    },
    context,
  );
  // What shards took was timed on several machines at once.
  if (merged === undefined) cost.keep(record);
  for (const note of merged?.notes ?? []) if (!notes.includes(note)) notes.push(note);
  // Of a cancelled one there is nobody who would look for the part that was scored.
  const isSaved = (save === true && record.partial !== 'cancelled') || (save === 'whole' && record.partial === null);
  const resultId = isSaved ? saveResult(record, context.storeRoot) : null;
  const { heatmap: _, ...answered } = record;
  return { kind: 'sweep', record: answered, resultId, notes, isSelfContained: isAllSaid(prepared.loadedStrategy) };
}

/** Models are files of their own, and controllers read the rules of their instruments. */
export const isAllSaid = (loaded: LoadedStrategy | undefined): boolean =>
  (loaded?.models ?? []).length === 0 && loaded?.strategy.program?.kind !== 'controller';

// Merges what shards have handed in, and delivers it as `sweep` does.
import type { ManyShardResult } from '../cluster/hand-in.ts';
import type { ManyManifest, ShardRun } from '../cluster/manifest.ts';
import type { ObjectStore } from '../cluster/object-store.ts';
import { createStopSource } from '../core/cancel.ts';
import type { PreparedMany } from '../runs/many-prepare.ts';
import type { FinishedMany } from '../runs/many-run.ts';
import type { FinishedSweep, PreparedSweep } from '../runs/sweep-run.ts';
import type { ShardResult } from '../sweep/shard.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { memoryBudget } from './memory-budget.ts';
import { createProgressLine, note } from './progress.ts';
import { runContext, stoppable } from './run-context.ts';

export interface MergeDelivery {
  readonly workers?: number;
  readonly memory?: number;
  readonly report?: string;
  readonly save: boolean;
  readonly json?: boolean;
  readonly modelMemory?: number | undefined;
}

/** `onFinished` hears of it before. Errors: those of mergeRun. */
export async function deliverMerge(
  results: readonly ShardResult[],
  prepared: PreparedSweep,
  options: MergeDelivery,
  host: Host,
  onFinished: (finished: FinishedSweep) => Promise<void> = async () => undefined,
): Promise<ExitCode> {
  const [{ mergeRun }, { deliverSweep }] = await Promise.all([
    import('../cluster/merge-run.ts'),
    import('./deliver.ts'),
  ]);
  const { wanted, limits, progress } = await mergeHost(options, host);
  const stop = createStopSource(host.clock);
  const residentBytes = host.settleHeap();
  const finished = await stoppable(host, stop, (token) =>
    mergeRun(results, prepared, { ...limits, residentBytes, stop: token }, runContext(host, options)),
  );
  progress.clear();
  await onFinished(finished);
  return deliverSweep(prepared, finished, { ...wanted, allResults: undefined }, host);
}

/** As deliverMerge. Errors: those of mergeManyRun. */
export async function deliverManyMerge(
  run: ShardRun<ManyManifest>,
  results: readonly ManyShardResult[],
  objects: ObjectStore,
  prepared: PreparedMany,
  options: MergeDelivery,
  host: Host,
  onFinished: (finished: FinishedMany) => Promise<void> = async () => undefined,
): Promise<ExitCode> {
  const [{ mergeManyRun }, { deliverMany }] = await Promise.all([
    import('../cluster/merge-many.ts'),
    import('./deliver.ts'),
  ]);
  const { wanted, limits, progress } = await mergeHost(options, host);
  const stop = createStopSource(host.clock);
  host.settleHeap();
  const finished = await stoppable(host, stop, (token) =>
    mergeManyRun(run, results, objects, prepared, { ...limits, stop: token }, runContext(host, options)),
  );
  progress.clear();
  await onFinished(finished);
  return deliverMany(prepared, finished, wanted, host);
}

/** What is wrong with outputs is said before anything is merged. */
async function mergeHost(options: MergeDelivery, host: Host) {
  const { checkStoreWritable, outputPath } = await import('../runs/output-file.ts');
  const report = options.report === undefined ? undefined : outputPath(host.folder, options.report);
  if (options.save) checkStoreWritable(host.storeRoot);
  const progress = createProgressLine(host.stderr, host.clock);
  return {
    progress,
    wanted: { report, save: options.save, json: options.json === true },
    limits: {
      budgetBytes: memoryBudget(options.memory, host),
      workers: options.workers ?? host.cores,
      onNote: note(progress, host),
      onProgress: (): void => host.boundHeap(),
    },
  };
}

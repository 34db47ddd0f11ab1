// What the subcommands of `gridmill shard` do.
import type { ObjectStore } from '../cluster/object-store.ts';
import type { PlanPlaces } from '../cluster/plan-shards.ts';
import { createStopSource } from '../core/cancel.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ExecutionSelection } from '../runs/execution-selection.ts';
import type { FinishedSweep, PreparedSweep } from '../runs/sweep-run.ts';
import type { ShardResult } from '../sweep/shard.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { memoryBudget } from './memory-budget.ts';
import type { DataOptions } from './options.ts';
import { createProgressLine, note } from './progress.ts';
import { reportError } from './report-error.ts';
import { runContext, stoppable, windowSelection } from './run-context.ts';
import { gridSelection, type RankingOptions } from './sweep-options.ts';

export interface PlanOptions extends DataOptions, ExecutionSelection, RankingOptions {
  readonly place: string;
  readonly shards?: number;
  readonly memory?: number;
  readonly workers?: number;
  readonly modelMemory?: number;
  readonly json?: boolean;
}

interface ManifestOptions {
  readonly manifest: string;
  /** Of a place in S3, where that is known. */
  readonly region?: string;
  readonly workers?: number;
  readonly json?: boolean;
}

/** Of sysexits.h, and understood alike by Slurm, AWS Batch and Kubernetes. */
const EXIT = { permanent: 64, tryAgain: 75 } as const;

/** The sweep that the options name, ready to be cut. Errors: those of prepareSweep. */
export async function preparedCut(strategy: string, options: Omit<PlanOptions, 'place'>, host: Host) {
  const [{ prepareSweep }, { executionOf }] = await Promise.all([
    import('../runs/sweep-run.ts'),
    import('../runs/execution-selection.ts'),
  ]);
  const context = runContext(host, options);
  const selection = {
    strategy,
    window: await windowSelection(options),
    execution: executionOf(options),
    grid: await gridSelection(options),
  };
  return { prepared: await prepareSweep(selection, context), selection, context };
}

/** Cuts the sweep that the options name. Errors: those of prepareSweep and of the shared place. */
export async function plannedShards(
  strategy: string,
  options: Omit<PlanOptions, 'place'>,
  places: PlanPlaces,
  host: Host,
) {
  const cluster = await import('../cluster/plan-shards.ts');
  const { prepared, selection, context } = await preparedCut(strategy, options, host);
  const plan = {
    shards: options.shards,
    budgetBytes: options.memory,
    workers: options.workers ?? host.cores,
    residentBytes: host.settleHeap(),
  };
  return { prepared, ...(await cluster.planShards(prepared, selection, plan, places, context)) };
}

export async function planShards(
  strategy: string | undefined,
  given: Omit<PlanOptions, 'place'> & { readonly place?: string },
  host: Host,
): Promise<ExitCode> {
  const { place } = given;
  if (strategy === undefined || place === undefined) throw nothingToCut(strategy);
  const options = { ...given, place };
  const objects = await openPlace(options.place, host);
  try {
    const { id, manifest, sentBytes } = await plannedShards(strategy, options, { objects }, host);
    const { manifestKey } = await import('../cluster/manifest.ts');
    const uri = `${objects.uri}/${manifestKey(id)}`;
    const sizes = manifest.shards.map(({ from, to, count = to - from }) => count);
    if (options.json === true) {
      host.stdout.write(`${JSON.stringify({ manifest: uri, id, shards: sizes.length, sizes, sentBytes })}\n`);
      return;
    }
    const span = [Math.min(...sizes), Math.max(...sizes)].map((size) => size.toLocaleString('en'));
    const text =
      `${sizes.length.toLocaleString('en')} shards of ${[...new Set(span)].join(' to ')} points each; ${megabytes(sentBytes)} MB of candles sent.\n` +
      `Manifest: ${uri}\n\nScore each of them (--index 0 to ${sizes.length - 1}), then merge:\n` +
      `  gridmill shard run --manifest ${uri} --index 0\n  gridmill shard merge --manifest ${uri}\n`;
    host.stdout.write(asCalled(text, host));
    return;
  } finally {
    objects.close();
  }
}

const nothingToCut = (strategy: string | undefined): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A plan is of a strategy, and goes to a place that the machines share.',
    found: strategy === undefined ? 'no strategy.' : 'no --place.',
    todo: 'Give a strategy and --place, or --simulate for a forecast.',
  });

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

interface RunOptions extends ManifestOptions {
  readonly index?: number;
  readonly tasks?: number;
  readonly modelMemory?: number;
}

export const runShards = (options: RunOptions, host: Host): Promise<ExitCode> =>
  withExits(host, async () => {
    const [{ runShard }, { prepareRun }, { runStatus }] = await Promise.all([
      import('../cluster/run-shard.ts'),
      import('../cluster/shard-node.ts'),
      import('../cluster/merge-run.ts'),
    ]);
    const { run, objects, content, close } = await openRun(options, host);
    const context = runContext(host, options);
    const count = run.manifest.shards.length;
    const first = options.index ?? (await arrayTask(host));
    const step = options.tasks ?? count;
    // More tasks than shards is fine; an index beyond them without --tasks is a mistake.
    const length = Math.max(options.tasks === undefined ? 1 : 0, Math.ceil((count - first) / step));
    const asked = Array.from({ length }, (_, i) => first + i * step);
    const stop = createStopSource(host.clock);
    try {
      const { missing } = await runStatus(run, objects);
      const open = asked.filter((index) => index >= count || missing.includes(index));
      if (open.length === 0)
        return say(host, length === 0 ? 'no shard left for this task' : `shard ${asked.join(', ')}: already handed in`);
      host.boundHeap();
      const prepared = await prepareRun(run, content, context, imageStrategies(host));
      const residentBytes = host.settleHeap();
      const budgetBytes = memoryBudget(run.manifest.budgetBytes ?? undefined, host);
      return await stoppable(host, stop, async (token) => {
        for (const index of open) {
          const onProgress = (): void => host.boundHeap();
          const workers = options.workers ?? host.cores;
          const end = await runShard(
            run,
            index,
            prepared,
            { objects, workers, budgetBytes, residentBytes, stop: token, onProgress },
            context,
          );
          say(host, `shard ${index} of ${count}: ${end === 'already' ? 'already handed in' : end}`);
          if (end === 'interrupted') return EXIT.tryAgain;
        }
        return undefined;
      });
    } finally {
      close();
    }
  });

/** Errors: those of the shared place. */
export async function shardStatus(options: ManifestOptions, host: Host): Promise<ExitCode> {
  const { runStatus } = await import('../cluster/merge-run.ts');
  const { run, objects, close } = await openRun(options, host);
  try {
    const status = await runStatus(run, objects);
    const { shards, done, missing } = status;
    if (options.json === true) host.stdout.write(`${JSON.stringify(status)}\n`);
    else {
      const list =
        missing.length === 0
          ? ''
          : `; missing ${missing.slice(0, LISTED).join(', ')}${missing.length > LISTED ? ', …' : ''}`;
      say(host, `${done.length} of ${shards} shards handed in${list}`);
    }
    return;
  } finally {
    close();
  }
}

const LISTED = 20;

interface MergeOptions extends ManifestOptions {
  readonly memory?: number;
  readonly report?: string;
  readonly save: boolean;
  readonly handIn?: boolean;
}

export const mergeShards = (options: MergeOptions, host: Host): Promise<ExitCode> =>
  withExits(host, async () => {
    const { run, objects, content, close } = await openRun(options, host);
    try {
      const { prepareRun } = await import('../cluster/shard-node.ts');
      const { collectShards } = await import('../cluster/merge-run.ts');
      const results = await collectShards(run, objects);
      host.boundHeap();
      const prepared = await prepareRun(run, content, runContext(host), imageStrategies(host));
      return await deliverMerge(results, prepared, options, host, async ({ record }) => {
        if (options.handIn !== true) return;
        const { putMerged } = await import('../cluster/merged-result.ts');
        await putMerged(run, record, objects);
      });
    } finally {
      close();
    }
  });

/** Merges what shards have handed in, and delivers it as `sweep` does; `onFinished` hears of it before. Errors: those of mergeRun. */
export async function deliverMerge(
  results: readonly ShardResult[],
  prepared: PreparedSweep,
  options: Omit<MergeOptions, 'manifest'>,
  host: Host,
  onFinished: (finished: FinishedSweep) => Promise<void> = async () => undefined,
): Promise<ExitCode> {
  const [{ mergeRun }, { checkStoreWritable, outputPath }, { deliverSweep }] = await Promise.all([
    import('../cluster/merge-run.ts'),
    import('../runs/output-file.ts'),
    import('./deliver.ts'),
  ]);
  const report = options.report === undefined ? undefined : outputPath(host.folder, options.report);
  if (options.save) checkStoreWritable(host.storeRoot);
  const progress = createProgressLine(host.stderr, host.clock);
  const stop = createStopSource(host.clock);
  const limits = {
    budgetBytes: memoryBudget(options.memory, host),
    residentBytes: host.settleHeap(),
    workers: options.workers ?? host.cores,
    onNote: note(progress, host),
    onProgress: (): void => host.boundHeap(),
  };
  const finished = await stoppable(host, stop, (token) =>
    mergeRun(results, prepared, { ...limits, stop: token }, runContext(host)),
  );
  progress.clear();
  await onFinished(finished);
  const wanted = { report, allResults: undefined, save: options.save, json: options.json === true };
  return deliverSweep(prepared, finished, wanted, host);
}

export async function openRun({ manifest, region }: ManifestOptions, host: Host) {
  const { getManifest, parseManifestUri } = await import('../cluster/manifest.ts');
  const { place, id } = parseManifestUri(manifest);
  const objects = await openPlace(place, host, region);
  const run = await getManifest(objects, id, host.version);
  const { contentPlace } = run.manifest;
  const content = contentPlace === undefined ? objects : await openPlace(contentPlace, host, region);
  const close = (): void => {
    objects.close();
    if (content !== objects) content.close();
  };
  return { run, objects, content, close };
}

/** Where an image that "gridmill image" built keeps its strategies. */
const imageStrategies = ({ environment }: Host): string | undefined => environment['GRIDMILL_IMAGE_STRATEGIES'];

export async function openPlace(uri: string, { environment }: Host, region?: string): Promise<ObjectStore> {
  const { openObjects } = await import('../cluster/open-objects.ts');
  const endpoint = environment['GRIDMILL_S3_ENDPOINT'] || undefined;
  return openObjects(uri, {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
}

/** Of an array whose children are not the tasks 0, 1, 2 …: which they are. */
const TASKS_NAME = 'GRIDMILL_SHARD_INDICES';
const INDEX_NAMES = [
  'GRIDMILL_SHARD_INDEX',
  'AWS_BATCH_JOB_ARRAY_INDEX',
  'SLURM_ARRAY_TASK_ID',
  'JOB_COMPLETION_INDEX',
] as const;

/** The task of this process: its place in the array, or what is listed for that place. Errors: REQUEST_INVALID. */
async function arrayTask(host: Host): Promise<number> {
  const place = arrayIndex(host);
  const list = host.environment[TASKS_NAME];
  if (list === undefined || list === '') return place;
  const { parseRanges } = await import('../cluster/index-ranges.ts');
  const task = parseRanges(list, LIMITS.shardsMax)?.[place];
  if (task !== undefined) return task;
  throw new AppError('REQUEST_INVALID', {
    rule: `${TASKS_NAME} lists the tasks of an array, such as 3,7-9.`,
    found: `none for place ${place} in ${JSON.stringify(list.slice(0, 80))}.`,
    todo: 'Unset it, or give --index.',
  });
}

/** The first of these that is set; a job that is no array has none, and is the whole of it. Errors: REQUEST_INVALID. */
function arrayIndex({ environment }: Host): number {
  const name = INDEX_NAMES.find((one) => environment[one] !== undefined && environment[one] !== '');
  if (name === undefined) return 0;
  const text = environment[name]!;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new AppError('REQUEST_INVALID', {
    rule: `${name} is the index of a shard, 0 to ${LIMITS.shardsMax - 1}.`,
    found: JSON.stringify(text.slice(0, 40)),
    todo: 'Unset it, or give --index.',
  });
}

/** Schedulers decide by exit code whether to try again. */
async function withExits(host: Host, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    reportError(error, host, { json: false, debug: false });
    return isAppError(error) && error.retryable ? EXIT.tryAgain : EXIT.permanent;
  }
}

function say(host: Host, text: string): undefined {
  host.stdout.write(`${text}\n`);
}

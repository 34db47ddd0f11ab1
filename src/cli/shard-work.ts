// What the subcommands of `gridmill shard` do.
import type { ObjectStore } from '../cluster/object-store.ts';
import { createStopSource } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ManyRecord } from '../runs/many-record.ts';
import type { ResultRecord } from '../runs/result-record.ts';
import { asCalled } from './called-as.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { memoryBudget } from './memory-budget.ts';
import { runContext, stoppable } from './run-context.ts';
import { EXIT, withExits } from './shard-exit.ts';
import type { PlanOptions } from './shard-many.ts';
import type { MergeDelivery } from './shard-merge.ts';

interface ManifestOptions {
  readonly manifest: string;
  /** Of a place in S3, where that is known. */
  readonly region?: string;
  readonly workers?: number;
  readonly json?: boolean;
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
    const { plannedShards } = await import('./shard-many.ts');
    const { run, sentBytes } = await plannedShards(strategy, options, { objects }, host);
    const { isManyManifest, manifestKey, sizesOf } = await import('../cluster/manifest.ts');
    const { id, manifest } = run;
    const uri = `${objects.uri}/${manifestKey(id)}`;
    const sizes = sizesOf(manifest);
    if (options.json === true) {
      host.stdout.write(`${JSON.stringify({ manifest: uri, id, shards: sizes.length, sizes, sentBytes })}\n`);
      return;
    }
    const span = [Math.min(...sizes), Math.max(...sizes)].map((size) => size.toLocaleString('en'));
    const unit = isManyManifest(manifest) ? 'variants in a cell' : 'points';
    const text =
      `${sizes.length.toLocaleString('en')} shards of ${[...new Set(span)].join(' to ')} ${unit} each; ${megabytes(sentBytes)} MB of candles sent.\n` +
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

/** Milliseconds between two times that the heap of a shard is kept close to what is alive in it. */
const BOUND_MS = 250;

interface RunOptions extends ManifestOptions {
  readonly index?: number;
  readonly tasks?: number;
  readonly modelMemory?: number;
}

export const runShards = (options: RunOptions, host: Host): Promise<ExitCode> =>
  withExits(host, async () => {
    const [{ shardScorer }, { runStatus }] = await Promise.all([
      import('./shard-many.ts'),
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
      // Batches may be far apart, and what is collected in between grows until then.
      const bounding = setInterval(() => host.boundHeap(), BOUND_MS);
      host.boundHeap();
      try {
        const score = await shardScorer(run, content, context, host);
        const budgetBytes = memoryBudget(run.manifest.budgetBytes ?? undefined, host);
        return await stoppable(host, stop, async (token) => {
          for (const index of open) {
            const onProgress = (): void => host.boundHeap();
            const workers = options.workers ?? host.cores;
            const end = await score(index, { objects, workers, budgetBytes, stop: token, onProgress });
            say(host, `shard ${index} of ${count}: ${end === 'already' ? 'already handed in' : end}`);
            if (end === 'interrupted') return EXIT.tryAgain;
          }
          return undefined;
        });
      } finally {
        clearInterval(bounding);
      }
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

interface MergeOptions extends ManifestOptions, MergeDelivery {
  readonly modelMemory?: number;
  readonly handIn?: boolean;
}

export const mergeShards = (options: MergeOptions, host: Host): Promise<ExitCode> =>
  withExits(host, async () => {
    const { run, objects, content, close } = await openRun(options, host);
    try {
      const { isManyManifest } = await import('../cluster/manifest.ts');
      const { collectShards } = await import('../cluster/merge-run.ts');
      const { deliverManyMerge, deliverMerge } = await import('./shard-merge.ts');
      const { imageStrategies } = await import('./shard-many.ts');
      const context = runContext(host, options);
      const { id, manifest } = run;
      const keep = async ({ record }: { readonly record: ResultRecord | ManyRecord }): Promise<void> => {
        if (options.handIn !== true) return;
        const { putMerged } = await import('../cluster/merged-result.ts');
        await putMerged(run, record, objects);
      };
      host.boundHeap();
      if (isManyManifest(manifest)) {
        const many = { id, manifest };
        const results = await collectShards(many, objects);
        const { prepareManyRun } = await import('../cluster/many-node.ts');
        const prepared = await prepareManyRun(many, content, context, imageStrategies(host));
        return await deliverManyMerge(many, results, objects, prepared, options, host, keep);
      }
      const one = { id, manifest };
      const results = await collectShards(one, objects);
      const { prepareRun } = await import('../cluster/shard-node.ts');
      return await deliverMerge(
        results,
        await prepareRun(one, content, context, imageStrategies(host)),
        options,
        host,
        keep,
      );
    } finally {
      close();
    }
  });

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

export async function openPlace(uri: string, { environment }: Host, region?: string): Promise<ObjectStore> {
  const { openObjects } = await import('../cluster/open-objects.ts');
  const endpoint = environment['GRIDMILL_S3_ENDPOINT'] || undefined;
  return openObjects(uri, {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
  });
}

const INDEX_NAMES = [
  'GRIDMILL_SHARD_INDEX',
  'AWS_BATCH_JOB_ARRAY_INDEX',
  'SLURM_ARRAY_TASK_ID',
  'JOB_COMPLETION_INDEX',
] as const;

/** The task of this process: its place in the array, or what is listed for that place. Errors: REQUEST_INVALID. */
async function arrayTask(host: Host): Promise<number> {
  const place = arrayIndex(host);
  const { parseRanges, TASKS_NAME } = await import('../cluster/index-ranges.ts');
  const list = host.environment[TASKS_NAME];
  if (list === undefined || list === '') return place;
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

function say(host: Host, text: string): undefined {
  host.stdout.write(`${text}\n`);
}

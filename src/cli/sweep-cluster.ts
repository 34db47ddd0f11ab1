// gridmill sweep --cluster: cuts the sweep, has a scheduler run the shards, follows them, and delivers the merge.
import type { FollowHost } from '../cluster/follow-run.ts';
import type { ShardRun } from '../cluster/manifest.ts';
import { createStopSource } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { clusterProgress } from './cluster-progress.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { createProgressLine, note } from './progress.ts';
import { stoppable } from './run-context.ts';
import { deliverMerge, openPlace, type PlanOptions, plannedShards } from './shard-work.ts';

export interface SweepOnCluster extends Omit<PlanOptions, 'place'>, ClusterOptions {
  readonly deadline?: number;
  readonly report?: string;
  readonly save: boolean;
}

/** Threads of one task: many small tasks find room sooner than few large ones. */
const TASK_WORKERS = 1;
/** What a task may take beyond its budget before its scheduler ends it. */
const MEMORY_SLACK = 1.1;

/** Errors: those of plannedShards, followRun and deliverMerge; REQUEST_INVALID without --place. */
export async function sweepOnCluster(strategy: string, options: SweepOnCluster, host: Host): Promise<ExitCode> {
  if (options.cluster === 'aws-batch') return onStack(strategy, options, host);
  const { place, workers = TASK_WORKERS } = options;
  if (place === undefined) throw noPlace();
  const objects = await openPlace(place, host);
  const progress = createProgressLine(host.stderr, host.clock);
  const stop = createStopSource(host.clock, options.deadline);
  try {
    const { collectShards } = await import('../cluster/merge-run.ts');
    const { prepared, ...run } = await plannedShards(strategy, { ...options, workers }, { objects }, host);
    const onNote = note(progress, host);
    onNote(`run ${run.id}: ${run.manifest.shards.length} shards in ${objects.uri}`);
    await stoppable(host, stop, (token) =>
      onSlurm(run, { ...options, workers, uri: objects.uri }, host, {
        objects,
        stop: token,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        onNote,
        onProgress: (at) => progress.update(() => clusterProgress(at)),
      }),
    );
    progress.clear();
    const results = await collectShards(run, objects);
    return await deliverMerge(results, prepared, { ...options, workers: host.cores, memory: undefined }, host);
  } finally {
    progress.clear();
    objects.close();
  }
}

/** A stack has places of its own. */
async function onStack(strategy: string, options: SweepOnCluster, host: Host): Promise<ExitCode> {
  const { place: _, memory, workers, stack, ...rest } = options;
  if (stack === undefined) throw noStack();
  const [{ parseBatchArgs }, { cloudSubmit, sweepOnBatch }] = await Promise.all([
    import('./batch-options.ts'),
    import('./cloud-sweep.ts'),
  ]);
  const batch = parseBatchArgs(options.clusterArgs ?? '');
  if (options.detach === true) return cloudSubmit(strategy, { ...rest, stack }, batch, host);
  return sweepOnBatch(strategy, { ...rest, stack }, batch, host);
}

async function onSlurm(
  run: ShardRun,
  options: SweepOnCluster & { readonly workers: number; readonly uri: string },
  host: Host,
  follow: Omit<FollowHost, 'tasks'>,
): Promise<void> {
  const [{ createSlurmEngine }, { followRun }, { manifestKey }, { mkdirSync }, { join }] = await Promise.all([
    import('../cluster/slurm-engine.ts'),
    import('../cluster/follow-run.ts'),
    import('../cluster/manifest.ts'),
    import('node:fs'),
    import('node:path'),
  ]);
  const { memory, uri, workers } = options;
  // Nodes see the files of this machine: the program is among them.
  const shared = /^file:\/\/(.+)$/.exec(uri)?.[1] ?? host.folder;
  const logFolder = join(shared, 'runs', run.id, 'logs');
  mkdirSync(logFolder, { recursive: true });
  const job = {
    // The same sweep in another place is another run.
    name: `gridmill-${sha256Hex(`${uri} ${run.id}`).slice(0, 24)}`,
    manifest: `${uri}/${manifestKey(run.id)}`,
    program: host.program,
    workers,
    memoryBytes: memory === undefined ? undefined : memory * MEMORY_SLACK,
    logFolder,
    more: (options.clusterArgs ?? '').split(/\s+/).filter((word) => word !== ''),
  };
  const shards = run.manifest.shards.length;
  const tasks = Math.min(shards, await createSlurmEngine({ ...job, tasks: shards }).tasksMax());
  await followRun(run, createSlurmEngine({ ...job, tasks }), { ...follow, tasks });
}

const noStack = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A sweep on AWS Batch runs on a stack.',
    found: '--cluster aws-batch without --stack.',
    todo: 'Give --stack NAME; "gridmill cloud up" makes one (docs/aws.md).',
  });

const noPlace = (): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'Machines of a cluster share a place.',
    found: '--cluster without --place.',
    todo: 'Give --place file:///folder-that-all-mount, or --place s3://bucket/prefix.',
  });

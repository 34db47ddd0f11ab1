// Options of a sweep on the machines of a scheduler.
import { type Command, Option } from 'commander';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { wholeNumber } from './option-values.ts';

export interface ClusterOptions {
  readonly cluster?: 'slurm' | 'aws-batch';
  readonly place?: string;
  readonly shards?: number;
  readonly clusterArgs?: string;
  readonly stack?: string;
  readonly region?: string;
  readonly detach?: boolean;
}

export function addClusterOptions(command: Command): void {
  command
    .optionsGroup('Cluster:')
    .addOption(
      new Option('--cluster <engine>', 'score on the machines of a scheduler, in shards (docs/cluster.md)').choices([
        'slurm',
        'aws-batch',
      ]),
    )
    .option('--place <uri>', '… what they share: file:///folder or s3://bucket/prefix')
    .option(
      '--shards <n>',
      '… so many shards (default: one for two predicted minutes of one core)',
      wholeNumber('--shards', 2, LIMITS.shardsMax),
    )
    .option(
      '--cluster-args <text>',
      '… further arguments: of sbatch "--partition=long --time=02:00:00", of aws-batch "--vcpus 2 --queue on-demand"',
    )
    .option('--stack <name>', '… of aws-batch: the stack that "gridmill cloud up" made')
    .option('--region <region>', '… its region (default: that of the environment or profile of AWS)')
    .option('--detach', '… of aws-batch: submit and leave; "gridmill cloud status" follows');
}

/** What says nothing on a cluster, or nothing without one, is refused. Errors: REQUEST_INVALID. */
export function checkClusterOptions(options: ClusterOptions & { readonly isolate?: string }): void {
  const all = options as Readonly<Record<string, unknown>>;
  const given = (names: Readonly<Record<string, string>>): string | undefined =>
    Object.entries(names).find(([name]) => all[name] !== undefined)?.[1];
  if (options.cluster === undefined) {
    const alone = given(WITH);
    if (alone === undefined) return;
    throw new AppError('REQUEST_INVALID', {
      rule: 'What is said of a cluster needs one.',
      found: `${alone} without --cluster.`,
      todo: `Leave ${alone} out, or give --cluster.`,
    });
  }
  const other = given(WITHOUT) ?? (options.isolate === 'process' ? '--isolate process' : undefined);
  if (other !== undefined) throw manyOnCluster(other);
  const foreign = given(NOT_OF[options.cluster]);
  if (foreign === undefined) return;
  throw new AppError('REQUEST_INVALID', {
    rule: 'Each engine of a cluster has its own options.',
    found: `${foreign} with --cluster ${options.cluster}.`,
    todo: 'Leave one of them out; the size of tasks on aws-batch is said in --cluster-args.',
  });
}

const WITH: Readonly<Record<string, string>> = {
  place: '--place',
  shards: '--shards',
  clusterArgs: '--cluster-args',
  stack: '--stack',
  region: '--region',
  detach: '--detach',
};
/** What one engine knows, and the other does not: each has its own way to name a place, and the size of a task. */
const NOT_OF: Readonly<Record<'slurm' | 'aws-batch', Readonly<Record<string, string>>>> = {
  slurm: { stack: '--stack', region: '--region', detach: '--detach' },
  'aws-batch': { place: '--place', memory: '--memory', workers: '--workers' },
};
const WITHOUT: Readonly<Record<string, string>> = {
  windows: '--windows',
  split: '--split',
  across: '--across',
  checkpoint: '--checkpoint',
  allResults: '--all-results',
  estimate: '--estimate',
};

export const manyOnCluster = (found: string): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A sweep on a cluster is over one market and window, in threads, and keeps its progress in the shared place.',
    found: `${found} with --cluster.`,
    todo: 'Leave one of them out.',
  });

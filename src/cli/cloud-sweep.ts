// A sweep on a stack of AWS: submitted and left alone, or followed to its end and delivered as `gridmill sweep` does.
import type { FollowHost } from '../cluster/follow-run.ts';
import { manifestKey } from '../cluster/manifest.ts';
import { createStopSource } from '../core/cancel.ts';
import type { BatchOptions } from './batch-options.ts';
import { asCalled } from './called-as.ts';
import {
  estimateRun,
  estimateText,
  planTasks,
  prepareBatch,
  pricesOf,
  type SubmittedRun,
  submitRun,
  type TaskPlan,
} from './cloud-submit.ts';
import { type CloudTarget, openCloud } from './cloud-target.ts';
import type { StackOptions } from './cloud-up.ts';
import { clusterProgress } from './cluster-progress.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { createProgressLine, note } from './progress.ts';
import { stoppable } from './run-context.ts';
import { deliverMerge, type PlanOptions, plannedShards, preparedCut } from './shard-work.ts';

type SweepOptions = Omit<PlanOptions, 'place' | 'memory' | 'workers'>;

export interface SubmitOptions extends SweepOptions, StackOptions {
  readonly estimate?: boolean;
}

/** Errors: those of openCloud, planTasks, plannedShards, prepareBatch and submitRun. */
export async function cloudSubmit(
  strategy: string,
  options: SubmitOptions,
  batch: BatchOptions,
  host: Host,
): Promise<ExitCode> {
  const target = await openCloud(options, host);
  try {
    const plan = await planTasks(target, batch);
    if (options.estimate === true) return await sayEstimate(strategy, options, batch, plan, target, host);
    const { prepared, sentBytes, ...run } = await plannedShards(strategy, limited(options, plan), target, host);
    const table = pricesOf(batch);
    const tasks = Math.min(run.manifest.shards.length, batch.tasks ?? Number.POSITIVE_INFINITY);
    const estimate = await estimateRun(prepared, plan, tasks, target, table, host);
    const prepare = await prepareBatch(target, run, plan, batch, host);
    const submitted = await submitRun(prepare, target, batch);
    if (options.json === true) {
      const manifest = `${target.objects.uri}/${manifestKey(run.id)}`;
      const shards = run.manifest.shards.length;
      const said = { run: run.id, manifest, shards, image: prepare.image, sentBytes, ...submitted };
      host.stdout.write(`${JSON.stringify({ ...said, estimate: estimate ?? null, currency: table.currency })}\n`);
      return;
    }
    const shards = run.manifest.shards.length.toLocaleString('en');
    const head = `Run ${run.id}: ${shards} shards, ${(sentBytes / 1e6).toFixed(1)} MB of candles sent.\n`;
    const money = submitted.tasks === 0 ? '' : estimateText(estimate, plan, target, table);
    host.stdout.write(asCalled(head + money + submittedText(run.id, submitted, target, options.region), host));
    return;
  } finally {
    target.close();
  }
}

/** The machine that a shard is planned for is the container of a task. */
const limited = (options: SweepOptions, { budgetBytes, workers }: TaskPlan) => ({
  ...options,
  memory: budgetBytes,
  workers,
});

async function sayEstimate(
  strategy: string,
  options: SubmitOptions,
  batch: BatchOptions,
  plan: TaskPlan,
  target: CloudTarget,
  host: Host,
): Promise<ExitCode> {
  const { prepared } = await preparedCut(strategy, options, host);
  const table = pricesOf(batch);
  const estimate = await estimateRun(prepared, plan, batch.tasks ?? options.shards, target, table, host);
  if (options.json === true) host.stdout.write(`${JSON.stringify({ estimate, currency: table.currency })}\n`);
  else host.stdout.write(estimateText(estimate, plan, target, table));
  return;
}

function submittedText(
  id: string,
  { tasks, arrays, merge }: SubmittedRun,
  { stack }: CloudTarget,
  region: string | undefined,
): string {
  const at = `${id} --stack ${stack.name}${region === undefined ? '' : ` --region ${region}`}`;
  const jobs = `${arrays.length === 1 ? 'job' : 'jobs'} ${arrays.join(', ')}${merge === undefined ? '' : `, merge ${merge}`}`;
  const done =
    arrays.length === 0 ? 'Nothing to submit: all is handed in.\n' : `Nothing to submit: under way as ${jobs}.\n`;
  return `${tasks === 0 ? done : `Submitted ${tasks.toLocaleString('en')} tasks: ${jobs}.\n`}
  gridmill cloud status ${at}     how far it is
  gridmill cloud merge ${at}      the result
  gridmill cloud cancel ${at}     end it
`;
}

export interface FollowOptions extends SubmitOptions {
  readonly deadline?: number;
  readonly report?: string;
  readonly save: boolean;
}

/** `gridmill sweep --cluster aws-batch`. Errors: those of cloudSubmit, followRun and deliverMerge. */
export async function sweepOnBatch(
  strategy: string,
  options: FollowOptions,
  batch: BatchOptions,
  host: Host,
): Promise<ExitCode> {
  const [{ followRun }, { collectShards }] = await Promise.all([
    import('../cluster/follow-run.ts'),
    import('../cluster/merge-run.ts'),
  ]);
  const target = await openCloud(options, host);
  const progress = createProgressLine(host.stderr, host.clock);
  const stop = createStopSource(host.clock, options.deadline);
  try {
    const onNote = note(progress, host);
    const plan = await planTasks(target, batch);
    const { prepared, ...run } = await plannedShards(strategy, limited(options, plan), target, host);
    const { engine, job } = await prepareBatch(target, run, plan, batch, host);
    const table = pricesOf(batch);
    onNote(`run ${run.id}: ${run.manifest.shards.length} shards on stack ${target.stack.name}`);
    const estimate = await estimateRun(prepared, plan, job.tasks, target, table, host);
    onNote(estimateText(estimate, plan, target, table).trimEnd());
    const follow: Omit<FollowHost, 'stop'> = {
      objects: target.objects,
      tasks: job.tasks,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onNote,
      onProgress: (at) => progress.update(() => clusterProgress(at)),
      everyMs: batch.every,
    };
    await stoppable(host, stop, (token) => followRun(run, engine, { ...follow, stop: token }));
    progress.clear();
    const results = await collectShards(run, target.objects);
    const wanted = { report: options.report, save: options.save, json: options.json, workers: host.cores };
    return await deliverMerge(results, prepared, wanted, host);
  } finally {
    progress.clear();
    target.close();
  }
}

// What `gridmill cloud submit` does: cuts a sweep, sends what machines need, and has AWS Batch score and merge it.
import type { ArrayEngine } from '../cluster/array-engine.ts';
import { type CostEstimate, estimateCost } from '../cluster/batch-cost.ts';
import { pinDefinition, readDefinition, resolveImage } from '../cluster/batch-definition.ts';
import { type BatchHost, cancelJobs, createBatchEngine } from '../cluster/batch-engine.ts';
import { openBatchJournal } from '../cluster/batch-journal.ts';
import { createBatchReader, hasEnded } from '../cluster/batch-reader.ts';
import { type BatchJob, mergeRequest } from '../cluster/batch-requests.ts';
import { checkSize, sizeText, type TaskSize } from '../cluster/batch-size.ts';
import { submitOnce } from '../cluster/batch-submit.ts';
import { manifestKey, type ShardRun } from '../cluster/manifest.ts';
import { runStatus } from '../cluster/merge-run.ts';
import { type PriceTable, readPrices } from '../cluster/prices.ts';
import { LIMITS } from '../core/limits.ts';
import type { PreparedMany } from '../runs/many-prepare.ts';
import type { PreparedSweep } from '../runs/sweep-run.ts';
import type { BatchOptions } from './batch-options.ts';
import { type CloudTarget, jobName, platformOf, type Queue, queueOf } from './cloud-target.ts';
import type { Host } from './host.ts';

/** How tasks will run, before it is known which. */
export interface TaskPlan {
  readonly queue: Queue;
  readonly size: TaskSize;
  /** Scoring threads of a task. */
  readonly workers: number;
  /** What a shard may take of the memory of its container. */
  readonly budgetBytes: number;
  readonly definitionName: string;
}

/** Of a container, beside the program, its stacks and the pages of files. */
const BUDGET_SHARE = 0.75;

/** Errors: REQUEST_INVALID for sizes and queues that are not there; those of readDefinition. */
export async function planTasks({ stack, calls }: CloudTarget, options: BatchOptions): Promise<TaskPlan> {
  const queue = queueOf(stack, options.queue);
  const definitionName = (queue.isEc2 ? stack.definitions.ec2Shard : undefined) ?? stack.definitions.shard;
  const base = await readDefinition(calls, definitionName);
  const size = { vcpus: options.vcpus ?? base.size.vcpus, memoryMib: options.taskMemory ?? base.size.memoryMib };
  checkSize(size, base.platform);
  const workers = Math.min(LIMITS.workersMax, Math.max(1, Math.floor(size.vcpus)));
  return { queue, size, workers, budgetBytes: Math.floor(size.memoryMib * 2 ** 20 * BUDGET_SHARE), definitionName };
}

/** A run with everything that Batch is told of it. */
export interface BatchRun {
  readonly run: ShardRun;
  readonly job: BatchJob;
  readonly engine: ArrayEngine;
  readonly host: BatchHost;
  readonly image: string;
}

/** Pins the job definition to an image by its digest. Errors: those of resolveImage and pinDefinition. */
export async function prepareBatch(
  target: CloudTarget,
  run: ShardRun,
  plan: TaskPlan,
  options: BatchOptions,
  { clock }: Host,
): Promise<BatchRun> {
  const { stack, calls, objects, settings } = target;
  const base = await readDefinition(calls, plan.definitionName);
  const image = await imageOf(target, base.latest.containerProperties?.image, options.image);
  const timeoutSeconds = Math.ceil(options.timeout / 1000);
  const pinned = { image, attempts: options.attempts, timeoutSeconds };
  const job: BatchJob = {
    manifest: `${objects.uri}/${manifestKey(run.id)}`,
    tasks: Math.min(run.manifest.shards.length, options.tasks ?? LIMITS.batchArrayMax),
    workers: plan.workers,
    queue: plan.queue.queue,
    definition: await pinDefinition(calls, base, pinned),
    size: plan.size,
    timeoutSeconds,
    environment: environmentOf(options.env ?? []),
    dependsOn: options.dependsOn ?? [],
    logGroup: stack.logGroup,
    capacityMs: options.startWithin,
  };
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const host = { calls, journal: openBatchJournal(objects, run.id, jobName(target, run.id)), clock, sleep };
  return { run, job, engine: createBatchEngine(job, host), host, image };

  /** A tag or digest alone is one of the repository of the stack. */
  function imageOf({ stack: { repository } }: CloudTarget, held: string | undefined, given?: string): Promise<string> {
    const { endpoint } = settings;
    const name = given ?? (held === undefined || held.endsWith(NO_IMAGE) ? 'latest' : held);
    if (name.startsWith('sha256:')) return resolveImage(`${repository}@${name}`, endpoint);
    return resolveImage(/[/@]/.test(name) ? name : `${repository}:${name}`, endpoint);
  }
}

/** What a stack names that was brought up without an image. */
const NO_IMAGE = ':none';

const environmentOf = (pairs: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));

export interface SubmittedRun {
  /** Tasks that were submitted now: none when all are handed in or under way. */
  readonly tasks: number;
  readonly arrays: readonly string[];
  readonly merge: string | undefined;
}

/** Submits what is neither handed in nor under way, and the merge after it. Errors: those of the engine and of BatchCalls. */
export async function submitRun(batch: BatchRun, target: CloudTarget, options: BatchOptions): Promise<SubmittedRun> {
  const { run, job, engine, host } = batch;
  const { missing } = await runStatus(run, target.objects);
  const reader = createBatchReader(host);
  const alive = new Set((await engine.look()).flatMap(({ index, state }) => (state === 'ended' ? [] : [index])));
  const lost = [...new Set(missing.map((index) => index % job.tasks))].filter((index) => !alive.has(index));
  const before = new Set((await host.journal.read()).map(({ number }) => number));
  if (lost.length > 0) await engine.submit(lost);
  // What was submitted just now may not be described yet: the merge must wait for it all the same.
  const fresh = (await host.journal.read()).flatMap(({ kind, number, jobId }) =>
    kind === 'shards' && jobId !== undefined && !before.has(number) ? [jobId] : [],
  );
  const jobs = (await reader.read()).filter((one) => !hasEnded(one));
  const under = jobs.filter(({ submission }) => submission.kind === 'shards').map(({ detail }) => detail.jobId!);
  const arrays = [...new Set([...under, ...fresh])];
  const merges = jobs.filter(({ submission }) => submission.kind === 'merge');
  const standing = merges[0]?.detail.jobId;
  if (lost.length === 0 && (standing !== undefined || missing.length === 0)) {
    return { tasks: 0, arrays, merge: standing };
  }
  // It waits for arrays of which one is new.
  await cancelJobs(merges, host.calls);
  return { tasks: lost.length, arrays, merge: await submitMerge(batch, target, options, arrays) };
}

/** On demand: it is short, and must not be interrupted again and again. */
async function submitMerge(
  { job, host, image }: BatchRun,
  { stack, calls }: CloudTarget,
  options: BatchOptions,
  arrays: readonly string[],
): Promise<string> {
  const base = await readDefinition(calls, stack.definitions.merge);
  const { timeoutSeconds } = job;
  const definition = await pinDefinition(calls, base, { image, attempts: options.attempts, timeoutSeconds });
  const { size } = base;
  const queue = stack.queues.onDemand;
  const merge = { ...job, queue, definition, size, workers: Math.max(1, Math.floor(size.vcpus)) };
  const entry = await host.journal.add({ kind: 'merge', queue, ...size });
  const awaited = arrays.slice(-LIMITS.batchDependenciesMax);
  return submitOnce(entry, mergeRequest(merge, entry, calls.region, awaited), host);
}

/** What the tasks of a sweep will cost; undefined where its variants are too many to count. */
export async function estimateRun(
  prepared: PreparedSweep | PreparedMany,
  plan: TaskPlan,
  tasks: number | undefined,
  { stack }: CloudTarget,
  table: PriceTable,
  host: Host,
): Promise<(CostEstimate & { readonly coreSeconds: number; readonly tasks: number }) | undefined> {
  const [{ estimateSweep }, { planHost }, { runContext }] = await Promise.all([
    import('../sweep/estimate.ts'),
    import('../runs/sweep-host.ts'),
    import('./run-context.ts'),
  ]);
  const context = runContext(host);
  const limits = { workers: 1, budgetBytes: plan.budgetBytes };
  const residentBytes = host.settleHeap();
  // Of many cells each is a sweep of its own.
  const cells = 'cells' in prepared ? prepared.cells : [prepared];
  let coreSeconds = 0;
  for (const { loadedWindow } of cells) {
    const opened = planHost({ ...prepared, loadedWindow }, limits, residentBytes, context);
    const { seconds } = estimateSweep(prepared.request, { ...opened, clock: host.clock });
    if (seconds === undefined) return undefined;
    coreSeconds += seconds;
  }
  const count = tasks ?? Math.min(LIMITS.batchArrayMax, Math.max(1, Math.ceil(coreSeconds / SHARD_SECONDS)));
  const platform = platformOf(stack, plan.queue.queue);
  return {
    ...estimateCost({ coreSeconds, tasks: count, size: plan.size }, platform, table),
    coreSeconds,
    tasks: count,
  };
}

/** As `shard plan` cuts where it is not told. */
const SHARD_SECONDS = 120;

/** `about 0.07 USD: …`. */
export function estimateText(
  estimate: (CostEstimate & { readonly tasks: number }) | undefined,
  plan: TaskPlan,
  { stack }: CloudTarget,
  table: PriceTable,
): string {
  if (estimate === undefined) return 'Estimated cost: unknown; the variants are too many to count.\n';
  const { cost, taskSeconds, vcpuSeconds, tasks } = estimate;
  const platform = platformOf(stack, plan.queue.queue);
  const minutes = (taskSeconds / 60).toFixed(1);
  return (
    `Estimated cost: ${money(cost, table)} (${platform}, prices of ${table.date}): ${tasks.toLocaleString('en')} tasks of ${sizeText(plan.size)}, ` +
    `${minutes} minutes each, ${Math.ceil(vcpuSeconds).toLocaleString('en')} vCPU-seconds. Without interruptions, merge, storage and logs.\n`
  );
}

export const money = (cost: number, { currency }: PriceTable): string =>
  `${cost < 0.01 ? 'below 0.01' : cost.toFixed(2)} ${currency}`;

export const pricesOf = ({ prices }: Pick<BatchOptions, 'prices'>): PriceTable => readPrices(prices);

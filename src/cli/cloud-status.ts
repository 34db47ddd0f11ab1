// What `gridmill cloud status`, `cancel` and `merge` do: a run on AWS by what is handed in and what Batch says.
import { type ActualCost, actualCost } from '../cluster/batch-cost.ts';
import { cancelJobs } from '../cluster/batch-engine.ts';
import { openBatchJournal } from '../cluster/batch-journal.ts';
import { countStates, createBatchReader, hasEnded, type SubmittedJob, tasksIn } from '../cluster/batch-reader.ts';
import { getManifest, manifestKey, type ShardRun } from '../cluster/manifest.ts';
import { type RunStatus, runStatus } from '../cluster/merge-run.ts';
import { getMerged } from '../cluster/merged-result.ts';
import { AppError } from '../core/errors.ts';
import { asCalled } from './called-as.ts';
import { money, pricesOf } from './cloud-submit.ts';
import { type CloudTarget, jobName, openCloud, platformOf } from './cloud-target.ts';
import type { StackOptions } from './cloud-up.ts';
import type { ExitCode } from './command.ts';
import type { Host } from './host.ts';
import { mergeShards } from './shard-work.ts';

interface RunOptions extends StackOptions {
  readonly json?: boolean;
}

const FAILURES_SAID = 10;

/** Errors: those of openCloud and getManifest; REQUEST_INVALID for what is no id of a run. */
async function openRunOf(target: CloudTarget, id: string, { version }: Host) {
  if (!/^[0-9a-f]{32}$/.test(id)) {
    throw new AppError('REQUEST_INVALID', {
      rule: 'A run is named by its id of 32 hexadecimal digits.',
      found: JSON.stringify(id.slice(0, 80)),
      todo: 'Copy it from what "gridmill cloud submit" printed.',
    });
  }
  const run = await getManifest(target.objects, id, version);
  const journal = openBatchJournal(target.objects, id, jobName(target, id));
  return { run, jobs: await createBatchReader({ calls: target.calls, journal }).read() };
}

export async function cloudStatus(
  id: string,
  options: RunOptions & { readonly cost?: boolean; readonly prices?: string },
  host: Host,
): Promise<ExitCode> {
  const target = await openCloud(options, host);
  try {
    const { run, jobs } = await openRunOf(target, id, host);
    const status = await runStatus(run, target.objects);
    const isOver = jobs.length > 0 && jobs.every(hasEnded);
    const table = pricesOf(options);
    const cost =
      options.cost === true || isOver
        ? await actualCost(jobs, target.calls, (queue) => platformOf(target.stack, queue), table, host.clock.wallMs())
        : undefined;
    if (options.json === true) {
      const said = { run: id, ...status, jobs: jobs.map(jobJson), cost: cost ?? null, currency: table.currency };
      host.stdout.write(`${JSON.stringify(said)}\n`);
      return;
    }
    const lines = [headText(run, status), ...jobs.flatMap((job) => jobText(job, target, host.clock.wallMs()))];
    if (cost !== undefined) lines.push(costText(cost, money(cost.cost, table), table.date));
    if (status.missing.length === 0) lines.push(`The result: gridmill cloud merge ${id} --stack ${target.stack.name}`);
    host.stdout.write(asCalled(`${lines.join('\n')}\n`, host));
    return;
  } finally {
    target.close();
  }
}

const headText = ({ id }: ShardRun, { done, shards }: RunStatus): string =>
  `Run ${id}: ${done.length} of ${shards} shards handed in`;

const STATES = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
/** Waiting for machines that is longer than the start of one. */
const LONG_MS = 10 * 60_000;

function jobText(job: SubmittedJob, { stack }: CloudTarget, nowMs: number): string[] {
  const { submission, detail, failed } = job;
  const counts = countStates(job);
  const states = STATES.flatMap((state) => (counts[state] ? [`${counts[state]} ${state.toLowerCase()}`] : []));
  const why = detail.statusReason ? ` (${detail.statusReason})` : '';
  const lines = [`${submission.kind} ${detail.jobId}: ${states.join(', ') || detail.status?.toLowerCase()}${why}`];
  const tasks = tasksIn(submission);
  for (const [child, { container, statusReason, jobId }] of [...failed].slice(0, FAILURES_SAID)) {
    const code = container?.exitCode === undefined ? 'no exit code' : `exit code ${container.exitCode}`;
    const stream = container?.logStreamName === undefined ? '' : `, stream ${container.logStreamName}`;
    const name = submission.kind === 'merge' ? 'merge' : `task ${tasks[child]}`;
    lines.push(
      `  ${name} failed: ${code}, ${container?.reason ?? statusReason}; job ${jobId}, log group ${stack.logGroup}${stream}`,
    );
  }
  if (failed.size > FAILURES_SAID) lines.push(`  … and ${failed.size - FAILURES_SAID} more`);
  const isStuck = (counts['RUNNABLE'] ?? 0) > 0 && !counts['RUNNING'] && !counts['STARTING'];
  const waitedMs = nowMs - (detail.createdAt ?? nowMs);
  if (isStuck && waitedMs > LONG_MS) {
    lines.push(
      `  No task runs, ${Math.round(waitedMs / 60_000)} minutes after it was submitted: look at the compute environments of the queue (console of AWS Batch) and at the quota for vCPUs.`,
    );
  }
  return lines;
}

const jobJson = (job: SubmittedJob) => ({
  kind: job.submission.kind,
  id: job.detail.jobId,
  name: job.submission.name,
  queue: job.submission.queue,
  status: job.detail.status,
  reason: job.detail.statusReason ?? null,
  states: countStates(job),
  failed: [...job.failed].map(([child, { jobId, container }]) => ({
    task: tasksIn(job.submission)[child] ?? null,
    id: jobId,
    exitCode: container?.exitCode ?? null,
    log: container?.logStreamName ?? null,
  })),
});

function costText({ attempts, seconds, vcpuSeconds, unknown }: ActualCost, cost: string, date: string): string {
  const lost = unknown === 0 ? '' : `, ${unknown} attempts without times not counted`;
  return `Cost so far: ${cost} (prices of ${date}): ${attempts} attempts, ${Math.round(seconds)} seconds, ${Math.round(vcpuSeconds)} vCPU-seconds${lost}`;
}

export async function cloudCancel(id: string, options: RunOptions, host: Host): Promise<ExitCode> {
  const target = await openCloud(options, host);
  try {
    const { run, jobs } = await openRunOf(target, id, host);
    const cancelled = await cancelJobs(jobs, target.calls);
    const status = await runStatus(run, target.objects);
    if (options.json === true)
      host.stdout.write(`${JSON.stringify({ run: id, cancelled, done: status.done.length })}\n`);
    else {
      const said = cancelled === 0 ? 'no job was open' : `${cancelled} ${cancelled === 1 ? 'job' : 'jobs'} ended`;
      host.stdout.write(
        `${headText(run, status)}; ${said}. What is handed in stays: the same submit goes on from there.\n`,
      );
    }
    return;
  } finally {
    target.close();
  }
}

interface MergeOptions extends RunOptions {
  readonly report?: string;
  readonly save: boolean;
  readonly here?: boolean;
  readonly workers?: number;
}

/** What the merge of the cloud handed in, else a merge here. Errors: those of mergeShards and getMerged. */
export async function cloudMerge(id: string, options: MergeOptions, host: Host): Promise<ExitCode> {
  const target = await openCloud(options, host);
  try {
    const { run } = await openRunOf(target, id, host);
    const isPlain = options.here !== true && options.report === undefined;
    const record = isPlain ? await getMerged(run, target.objects) : undefined;
    if (record !== undefined) {
      const { deliverRecord } = await import('./deliver.ts');
      return await deliverRecord(record, { report: undefined, save: options.save, json: options.json === true }, host);
    }
    const manifest = `${target.objects.uri}/${manifestKey(id)}`;
    return await mergeShards({ ...options, manifest, region: target.stack.region }, host);
  } finally {
    target.close();
  }
}

// AWS Batch as an engine of arrays: submissions that are journalled and found again by name, children counted by their array.
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ArrayEngine, Task } from './array-engine.ts';
import type { BatchCalls } from './batch-calls.ts';
import type { BatchJournal } from './batch-journal.ts';
import { countStates, createBatchReader, hasEnded, isEnd, type SubmittedJob, tasksIn } from './batch-reader.ts';
import { type BatchJob, shardsRequest } from './batch-requests.ts';
import { type Sleep, submitOnce } from './batch-submit.ts';
import { ranges } from './index-ranges.ts';

export interface BatchHost {
  readonly calls: BatchCalls;
  readonly journal: BatchJournal;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** Batch tries again by itself, by the rules of the definition: what is left here are jobs that it lost or forgot. */
const STARTS_MAX = 2;

export function createBatchEngine(job: BatchJob, host: BatchHost): ArrayEngine {
  const { calls, journal, clock } = host;
  const reader = createBatchReader(host);
  const checkCapacity = capacityWatch(job, clock);
  return {
    name: 'AWS Batch',
    startsMax: STARTS_MAX,
    tasksMax: async () => LIMITS.batchArrayMax,
    async submit(indices) {
      await checkCut();
      for (const part of arrays(indices)) await submitShards(job, part);
    },
    async look() {
      const jobs = await reader.read();
      checkCapacity(jobs);
      return tasksOf(jobs.filter(({ submission }) => submission.kind === 'shards' && submission.of === job.tasks));
    },
    async cancel() {
      await cancelJobs(await reader.read(), calls);
    },
    logOf(index) {
      const last = reader.failureOf(index);
      return `log group ${job.logGroup}${last === undefined ? '' : `, ${last.stream === undefined ? '' : `stream ${last.stream}, `}job ${last.id}`}`;
    },
  };

  /** Tasks of another cut score the same shards under other numbers. */
  async function checkCut(): Promise<void> {
    const other = (await reader.read()).find(
      (one) => one.submission.kind === 'shards' && one.submission.of !== job.tasks && !hasEnded(one),
    );
    if (other === undefined) return;
    throw new AppError('REQUEST_INVALID', {
      rule: 'While a run is under way, its shards are shared out among as many tasks as they were.',
      found: `${other.submission.of} tasks in job ${other.detail.jobId}; ${job.tasks} were asked for.`,
      todo: `Give --tasks ${other.submission.of}, or end what runs with "gridmill cloud cancel" first.`,
    });
  }

  async function submitShards(said: BatchJob, indices: readonly number[]): Promise<void> {
    const { queue, size } = said;
    const entry = await journal.add({ kind: 'shards', tasks: ranges(indices), of: said.tasks, queue, ...size });
    await submitOnce(entry, shardsRequest(said, entry, indices, calls.region), host);
  }
}

/** One array holds so many tasks, and says which in so many characters. */
function arrays(indices: readonly number[]): number[][] {
  const parts: number[][] = [];
  const sorted = [...indices].sort((a, b) => a - b);
  for (let from = 0; from < sorted.length; ) {
    let to = Math.min(sorted.length, from + LIMITS.batchArrayMax);
    while (ranges(sorted.slice(from, to)).length > LIMITS.batchIndexCharsMax) to = from + Math.ceil((to - from) / 2);
    parts.push(sorted.slice(from, to));
    from = to;
  }
  return parts;
}

/** Of several jobs with one task the one that lives; else the last. */
function tasksOf(jobs: readonly SubmittedJob[]): Task[] {
  const byIndex = new Map<number, Task>();
  for (const job of jobs) {
    for (const task of tasksOfJob(job)) {
      const other = byIndex.get(task.index);
      if (other === undefined || other.state === 'ended' || task.state !== 'ended') byIndex.set(task.index, task);
    }
  }
  return [...byIndex.values()];
}

function tasksOfJob(job: SubmittedJob): Task[] {
  const { detail, failed, submission } = job;
  const counts = countStates(job);
  const sum = (...states: readonly string[]): number => states.reduce((all, state) => all + (counts[state] ?? 0), 0);
  let running = sum('STARTING', 'RUNNING');
  let done = sum('SUCCEEDED');
  return tasksIn(submission).map((index, child): Task => {
    const end = failed.get(child);
    if (end !== undefined) {
      const { exitCode, reason } = end.container ?? {};
      const why = [reason, end.statusReason].filter((text) => text !== undefined && text !== '').join('; ');
      return { index, state: 'ended', ...(exitCode === undefined ? {} : { exitCode }), reason: why || 'FAILED' };
    }
    if (hasEnded(job)) return { index, state: 'ended', exitCode: 0, reason: detail.status ?? '' };
    if (done-- > 0) return { index, state: 'counted', reason: '' };
    return { index, state: running-- > 0 ? 'running' : 'waiting', reason: detail.statusReason ?? '' };
  });
}

const CANCELLED = 'Cancelled by gridmill.';

/** Ends jobs with their children; those that have ended stay. Answers how many were told. Errors: those of BatchCalls. */
export async function cancelJobs(jobs: readonly SubmittedJob[], calls: BatchCalls): Promise<number> {
  const open = jobs.filter((job) => !hasEnded(job));
  // The merge first: it must not begin to look at what is missing.
  const inOrder = [...open].sort(
    (a, b) => Number(b.submission.kind === 'merge') - Number(a.submission.kind === 'merge'),
  );
  for (const { detail } of inOrder) await calls.terminate(detail.jobId!, CANCELLED);
  // A submission whose answer was lost, and which no list had in time, was made again: there are two of that name.
  const known = new Set(jobs.map(({ detail }) => detail.jobId));
  for (const { submission } of jobs) {
    for (const { jobId, status } of await calls.named(submission.queue, submission.name)) {
      if (jobId === undefined || known.has(jobId) || isEnd(status)) continue;
      await calls.terminate(jobId, CANCELLED);
    }
  }
  return open.length;
}

/** Batch lets jobs wait for ever where there is no room for them: a driver must not. What waits for other jobs is not meant. */
function capacityWatch({ capacityMs, queue }: BatchJob, clock: Clock) {
  let last: { readonly states: string; readonly sinceMs: number } | undefined;
  return (jobs: readonly SubmittedJob[]): void => {
    const counts = jobs.filter((job) => job.submission.kind === 'shards' && !hasEnded(job)).map(countStates);
    const sum = (state: string): number => counts.reduce((all, one) => all + (one[state] ?? 0), 0);
    const isWaiting = sum('RUNNABLE') > 0 && sum('STARTING') + sum('RUNNING') === 0;
    const states = JSON.stringify(counts);
    const nowMs = clock.monotonicMs();
    if (!isWaiting || last?.states !== states) last = { states, sinceMs: nowMs };
    if (nowMs - last.sinceMs >= capacityMs) throw noCapacity(jobs, queue, capacityMs);
  };
}

function noCapacity(jobs: readonly SubmittedJob[], queue: string, capacityMs: number): AppError {
  const said = jobs.map(({ detail }) => detail.statusReason).find((text) => text !== undefined && text !== '');
  return new AppError('NO_CAPACITY', {
    found: `no task of queue ${queue} started in ${Math.round(capacityMs / 60_000)} minutes${said === undefined ? '' : `; Batch says: ${said}`}.`,
    todo:
      'Look at the compute environments of the queue in the console of AWS Batch (state, status reason, maximum vCPUs), and at the quotas of the account for vCPUs of Fargate and EC2. ' +
      'What waits goes on waiting, at no cost: the same command follows it again, and "gridmill cloud cancel" ends it. Another --queue (on-demand) has other machines.',
  });
}

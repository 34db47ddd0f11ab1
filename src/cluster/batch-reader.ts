// What AWS Batch says of the jobs of a run: arrays by their summaries, children that failed one by one.
import type { JobDetail } from '@aws-sdk/client-batch';
import { LIMITS } from '../core/limits.ts';
import type { BatchCalls } from './batch-calls.ts';
import type { BatchJournal, Submission } from './batch-journal.ts';
import { parseRanges } from './index-ranges.ts';

export interface SubmittedJob {
  readonly submission: Submission;
  readonly detail: JobDetail;
  /** Children that failed, by their place in the array; of a plain job itself, as 0. */
  readonly failed: ReadonlyMap<number, JobDetail>;
}

export interface BatchReader {
  /** Jobs of the journal that Batch still knows of. Errors: those of BatchCalls and the store. */
  read(): Promise<readonly SubmittedJob[]>;
  /** The last child seen to have failed at a task. */
  failureOf(task: number): { readonly id: string; readonly stream: string | undefined } | undefined;
}

interface ReaderHost {
  readonly calls: BatchCalls;
  readonly journal: BatchJournal;
}

export function createBatchReader({ calls, journal }: ReaderHost): BatchReader {
  /** Children of an array that failed stay as they are. */
  const failures = new Map<string, Map<number, JobDetail>>();
  const byTask = new Map<number, JobDetail>();

  async function failedOf(submission: Submission, detail: JobDetail): Promise<ReadonlyMap<number, JobDetail>> {
    const id = detail.jobId!;
    const { size, statusSummary } = detail.arrayProperties ?? {};
    if (size === undefined) return new Map(detail.status === 'FAILED' ? [[0, detail]] : []);
    const held = failures.get(id) ?? new Map<number, JobDetail>();
    failures.set(id, held);
    // The summary of an array lags; that it has ended does not.
    if (detail.status !== 'FAILED' && (statusSummary?.['FAILED'] ?? 0) === held.size) return held;
    if (detail.status === 'SUCCEEDED') return held;
    const fresh = (await calls.children(id, 'FAILED')).flatMap(({ jobId }) =>
      jobId === undefined || held.has(childOf(jobId)) ? [] : [jobId],
    );
    for (const child of await calls.describe(fresh)) held.set(childOf(child.jobId!), child);
    const tasks = tasksIn(submission);
    for (const [child, failed] of held) byTask.set(tasks[child]!, failed);
    return held;
  }

  return {
    async read() {
      const entries: Submission[] = [];
      for (const entry of await journal.read()) {
        if (entry.jobId !== undefined) entries.push(entry);
        else {
          // Whoever submitted it went away between the two: its name says whether Batch took it.
          const [job] = await calls.named(entry.queue, entry.name);
          if (job?.jobId !== undefined) entries.push(await journal.complete(entry, job.jobId));
        }
      }
      const details = new Map<string, JobDetail>();
      const ids = entries.map(({ jobId }) => jobId!);
      for (const detail of await calls.describe(ids)) details.set(detail.jobId!, detail);
      const found: SubmittedJob[] = [];
      for (const submission of entries) {
        const detail = details.get(submission.jobId!);
        if (detail !== undefined) found.push({ submission, detail, failed: await failedOf(submission, detail) });
      }
      return found;
    },
    failureOf(task) {
      const failed = byTask.get(task);
      return failed && { id: failed.jobId!, stream: failed.container?.logStreamName };
    },
  };
}

const childOf = (jobId: string): number => Number(jobId.split(':')[1] ?? 0);
/** Tasks of the children of an array, child by child. */
export const tasksIn = ({ tasks = '' }: Submission): number[] => parseRanges(tasks, LIMITS.shardsMax) ?? [];

const ENDED: readonly (string | undefined)[] = ['SUCCEEDED', 'FAILED'];
export const isEnd = (status: string | undefined): boolean => ENDED.includes(status);
export const hasEnded = ({ detail }: SubmittedJob): boolean => isEnd(detail.status);

/** How many children are in which state; a plain job is its only child. */
export function countStates({ detail }: Pick<SubmittedJob, 'detail'>): Readonly<Record<string, number>> {
  const { size, statusSummary } = detail.arrayProperties ?? {};
  return size === undefined ? { [detail.status ?? 'SUBMITTED']: 1 } : (statusSummary ?? {});
}

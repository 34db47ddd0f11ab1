// What was submitted to AWS Batch for a run, kept beside what its shards hand in: written before each submission, completed after it.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ObjectStore } from './object-store.ts';

/** One job of Batch: an array, one task, or the merge. */
export interface Submission {
  readonly format: 'gridmill-batch';
  /** Counts the submissions of a run. */
  readonly number: number;
  /** Of the job. No other submission has it: whether a lost one was taken is seen by its name. */
  readonly name: string;
  readonly kind: 'shards' | 'merge';
  /** Of `shards`: its tasks, child by child, as 0-3,7. */
  readonly tasks?: string;
  /** Of `shards`: of how many tasks these are; each scores every so-many-th shard. */
  readonly of?: number;
  /** ARN, or the name that was given. */
  readonly queue: string;
  readonly vcpus: number;
  readonly memoryMib: number;
  /** Missing while no answer has said it. */
  readonly jobId?: string;
  /** There is no such job, and never will be: AWS refused it, and nothing that was asked before may have been taken. */
  readonly isRefused?: true;
}

export interface BatchJournal {
  /** All submissions that are, or may be, jobs; the first one first. */
  read(): Promise<readonly Submission[]>;
  /** Says what will be submitted, under a number and name of its own. Errors: LIMIT_EXCEEDED. */
  add(said: Omit<Submission, 'format' | 'number' | 'name' | 'jobId' | 'isRefused'>): Promise<Submission>;
  complete(submission: Submission, jobId: string): Promise<Submission>;
  /** Nobody looks for it any more. */
  refuse(submission: Submission): Promise<void>;
}

const folderOf = (run: string): string => `runs/${run}/batch/`;

/** `name`: what the names of all jobs of this run begin with. Errors: those of the store. */
export function openBatchJournal(objects: ObjectStore, run: string, name: string): BatchJournal {
  const keyOf = (number: number): string => `${folderOf(run)}${String(number).padStart(6, '0')}.json`;
  const bytesOf = (submission: Submission): Uint8Array => new TextEncoder().encode(JSON.stringify(submission));
  /** Those with the id of their job, or refused, do not change any more. */
  const known = new Map<string, Submission>();
  return {
    async read() {
      const found: Submission[] = [];
      for await (const { key } of objects.list(folderOf(run))) {
        const held = known.get(key) ?? (await readOne(objects, key));
        if (held === undefined) continue;
        if (held.jobId !== undefined || held.isRefused === true) known.set(key, held);
        if (held.isRefused !== true) found.push(held);
      }
      return found.sort((a, b) => a.number - b.number);
    },
    async add(said) {
      let number = 0;
      for await (const _ of objects.list(folderOf(run))) number++;
      for (; number < LIMITS.batchSubmissionsMax; number++) {
        const submission = { format: 'gridmill-batch' as const, number, name: `${name}-${number}`, ...said };
        // Another driver of the same run may take the number first.
        if ((await objects.create(keyOf(number), bytesOf(submission))) === 'created') return submission;
      }
      throw new AppError('LIMIT_EXCEEDED', {
        rule: `A run is submitted at most ${LIMITS.batchSubmissionsMax.toLocaleString('en')} times.`,
        found: `as many at ${objects.uri}/${folderOf(run)}.`,
        todo: 'See why its tasks fail, then remove those objects.',
      });
    },
    async complete(submission, jobId) {
      const whole = { ...submission, jobId };
      await objects.put(keyOf(submission.number), bytesOf(whole));
      return whole;
    },
    async refuse(submission) {
      await objects.put(keyOf(submission.number), bytesOf({ ...submission, isRefused: true }));
    },
  };
}

/** Undefined for what is gone or no entry: the jobs it spoke of are then started again, which costs time and nothing else. */
async function readOne(objects: ObjectStore, key: string): Promise<Submission | undefined> {
  const bytes = await objects.get(key, LIMITS.batchPayloadBytesMax);
  try {
    const entry = JSON.parse(new TextDecoder().decode(bytes)) as Submission;
    return entry.format === 'gridmill-batch' ? entry : undefined;
  } catch {
    return undefined;
  }
}

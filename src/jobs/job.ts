// What a job is: request, state, lease and result, and the rules a submission must keep.
import { AppError, type ErrorCode } from '../core/errors.ts';
import { canonicalJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';

/** queued → running → done | failed | cancelled. A running job goes back to queued when its attempt is lost. */
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export const JOB_STATES: readonly JobState[] = ['queued', 'running', 'done', 'failed', 'cancelled'];

export const isEnded = (state: JobState): boolean => state !== 'queued' && state !== 'running';

/** What a job may use. The queue keeps these numbers for whoever runs the job; it does not enforce them. */
export interface JobBudget {
  readonly variantsMax?: number;
  readonly bytesMax?: number;
  readonly threadsMax?: number;
}

export interface JobProgress {
  readonly done: number;
  readonly total: number;
  /** Which part of the work this counts, from 1 on. */
  readonly stage?: number;
  /** The best found so far, in whatever the job ranks by. */
  readonly best?: number;
}

/** Why a job or its last attempt failed; the words of an AppError. */
export interface JobError {
  readonly code: ErrorCode;
  readonly found: string;
  readonly todo: string;
}

/** Who holds a lease. `process` is absent where the system does not tell processes apart for certain. */
export interface Owner {
  readonly runner: string;
  readonly process?: ProcessIdentity;
}

/** One process, for ever: ids of processes are reused, ids with a start time are not. */
export interface ProcessIdentity {
  /** Id of the boot of the kernel. */
  readonly boot: string;
  /** Id of the process namespace (containers on one kernel have their own). */
  readonly namespace: string;
  readonly pid: number;
  /** Clock ticks from boot to the start of the process. */
  readonly startTicks: string;
}

export interface Submission {
  /** Unique for ever; chosen by the caller, so that a repeated submission is the same job. */
  readonly id: string;
  /** Which function runs the job. */
  readonly kind: string;
  readonly request: Json;
  /** Two submissions with one key are one job. */
  readonly key?: string;
  /** −100 … 100, higher first; 0 unless given. */
  readonly priority?: number;
  /** Milliseconds of running time, over all attempts. */
  readonly deadlineMs?: number;
  readonly budget?: JobBudget;
  readonly attemptsMax?: number;
}

/** A part of a job, to be queued as a job of its own. */
export interface NewShard {
  readonly request: Json;
  /** Shown until it runs: the `total` that it will have, where that is known. */
  readonly progress?: JobProgress;
}

/** Shards of a job taken together. */
export interface ShardTally {
  readonly states: Readonly<Record<JobState, number>>;
  /** Of the last part of the work that was begun: what is done, out of what is known; `total` 0 where some do not know theirs. */
  readonly progress: { readonly done: number; readonly total: number; readonly stage?: number };
  /** The lowest and the highest of what shards report as their best. */
  readonly lowest?: number;
  readonly highest?: number;
  /** Milliseconds of running time, as last reported. */
  readonly spentMs: number;
}

export interface Job {
  readonly id: string;
  /** Position in the order of submission. */
  readonly sequence: number;
  readonly kind: string;
  readonly request: Json;
  readonly key?: string;
  readonly priority: number;
  readonly deadlineMs?: number;
  readonly budget: JobBudget;
  readonly state: JobState;
  /** Attempts that counted: those that were not handed back by a clean shutdown. */
  readonly attempts: number;
  readonly attemptsMax: number;
  /** Fencing token of the newest lease; 0 before the first. Never falls. */
  readonly token: number;
  readonly cancelRequested: boolean;
  readonly progress: JobProgress;
  /** Of the last attempt that failed, also while the job is tried again. */
  readonly error?: JobError;
  readonly owner?: Owner;
  /** Wall times, epoch ms UTC, for display only. */
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  /** Milliseconds of running time so far, over all attempts, as last reported. */
  readonly spentMs: number;
  /** Of a shard: the job it is a part of. */
  readonly parentId?: string;
  readonly shardIndex?: number;
  /** Shards this job was cut into; 0 when it was not. */
  readonly shardCount: number;
}

/** The right to run one attempt: every write about the attempt carries it. */
export interface Lease {
  readonly jobId: string;
  readonly token: number;
}

export interface JobResult {
  /** Token of the lease that produced it. */
  readonly token: number;
  /** SHA-256 of its canonical JSON. */
  readonly hash: string;
  readonly value: Json;
}

/** A submission with defaults filled in and its request as canonical JSON. */
export interface CheckedSubmission {
  readonly id: string;
  readonly kind: string;
  readonly requestText: string;
  readonly key: string | undefined;
  readonly priority: number;
  readonly deadlineMs: number | undefined;
  readonly budgetText: string;
  readonly attemptsMax: number;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]*$/;
const PRIORITY_MAX = 100;

/** Errors: REQUEST_INVALID, LIMIT_EXCEEDED. */
export function checkSubmission(submission: Submission): CheckedSubmission {
  const { id, kind, key, priority = 0, deadlineMs, budget = {}, attemptsMax = LIMITS.jobAttemptsMax } = submission;
  checkName('id', id);
  checkName('kind', kind);
  if (key !== undefined) checkKey(key);
  checkInteger('priority', priority, -PRIORITY_MAX, PRIORITY_MAX);
  checkInteger('attemptsMax', attemptsMax, 1, LIMITS.jobAttemptsMax);
  if (deadlineMs !== undefined) checkInteger('deadlineMs', deadlineMs, 1, LIMITS.jobDeadlineMsMax);
  for (const name of ['variantsMax', 'bytesMax', 'threadsMax'] as const) {
    const value = budget[name];
    if (value !== undefined) checkInteger(`budget.${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
  const requestText = jobText('request', submission.request, LIMITS.jobRequestBytesMax);
  const { variantsMax, bytesMax, threadsMax } = budget;
  const budgetText = canonicalJson({ variantsMax, bytesMax, threadsMax });
  return { id, kind, requestText, key, priority, deadlineMs, budgetText, attemptsMax };
}

/** Canonical JSON of a request, checkpoint or result. Errors: LIMIT_EXCEEDED beyond `bytesMax` bytes of UTF-8. */
export function jobText(what: string, value: Json, bytesMax: number): string {
  const text = canonicalJson(value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= bytesMax) return text;
  throw new AppError('LIMIT_EXCEEDED', {
    rule: `The ${what} of a job must be at most ${bytesMax} bytes of JSON.`,
    found: `${bytes} bytes.`,
    todo: 'Ask for less, or cut the job into several.',
  });
}

/** What tells two submissions under one idempotency key apart. */
export const submissionFingerprint = (job: CheckedSubmission): string =>
  canonicalJson([job.kind, job.requestText, job.priority, job.deadlineMs ?? null, job.budgetText, job.attemptsMax]);

function checkName(what: string, name: string): void {
  if (name.length <= LIMITS.nameLengthMax && NAME.test(name)) return;
  throw invalid(
    `The ${what} of a job must be 1 to ${LIMITS.nameLengthMax} of A-Z a-z 0-9 . _ : -.`,
    `"${clip(name)}".`,
  );
}

function checkKey(key: string): void {
  if (key.length >= 1 && key.length <= LIMITS.jobKeyLengthMax && /^[\x21-\x7e]+$/.test(key)) return;
  throw invalid(
    `An idempotency key must be 1 to ${LIMITS.jobKeyLengthMax} visible ASCII characters.`,
    `"${clip(key)}" of ${key.length}.`,
  );
}

function checkInteger(what: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw invalid(`The ${what} of a job must be a whole number from ${min} to ${max}.`, `${value}.`);
}

const clip = (text: string): string => JSON.stringify(text.slice(0, 40)).slice(1, -1);

const invalid = (rule: string, found: string): AppError =>
  new AppError('REQUEST_INVALID', { rule, found, todo: 'Correct the submission.' });

// Errors that every job store words alike.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { CheckedSubmission } from './job.ts';
import { type Job, type JobState, type Lease, submissionFingerprint } from './job.ts';

export const leaseLost = (lease: Lease, now: string): AppError =>
  new AppError('LEASE_LOST', {
    found: `token ${lease.token} of job ${lease.jobId}, which is ${now}.`,
    todo: 'Stop this attempt; nothing it writes counts any more.',
  });

/** `now` of leaseLost. */
export const standing = (job: { readonly state: JobState; readonly token: number } | undefined): string =>
  job === undefined ? 'gone' : `${job.state} under token ${job.token}`;

export const jobNotFound = (id: string): AppError =>
  new AppError('JOB_NOT_FOUND', { found: `no job ${JSON.stringify(id)}.`, todo: 'List the jobs.' });

export const jobState = (job: Job, step: string): AppError =>
  new AppError('JOB_STATE', {
    found: `job ${job.id} is ${job.state} and cannot be ${step}.`,
    todo: 'Look at the job.',
  });

export const queueFull = (): AppError =>
  new AppError('QUEUE_FULL', { found: `${LIMITS.queuedJobsMax} jobs wait already.`, todo: 'Try again later.' });

/** Throws unless `found`, which has the id or key of `wanted`, was the same submission. */
export function checkSameSubmission(wanted: CheckedSubmission, found: CheckedSubmission): void {
  if (submissionFingerprint(wanted) === submissionFingerprint(found)) return;
  throw new AppError('JOB_KEY_REUSED', {
    found: `job ${found.id} has ${wanted.key === undefined ? `id ${wanted.id}` : `key ${wanted.key}`} and another request.`,
    todo: 'Use a new key for a new request.',
  });
}

// A job as clients see it.
import { ERRORS } from '../core/errors.ts';
import type { Job } from '../jobs/job.ts';
import { keyOfUser, requestOf } from './job-request.ts';
import { outside } from './problem.ts';

/** Times are ISO 8601 UTC. Progress counts the variants of its stage; `total` is null where nobody knows. */
export function jobView(job: Job) {
  const request = requestOf(job);
  const { id, kind, state, priority, attempts, attemptsMax, cancelRequested, budget, key, error } = job;
  return {
    id,
    kind,
    state,
    priority,
    attempts,
    attemptsMax,
    cancelRequested,
    idempotencyKey: key === undefined ? null : keyOfUser(request, key),
    deadlineSeconds: job.deadlineMs === undefined ? null : job.deadlineMs / 1000,
    budget,
    user: request.user,
    request: request.body,
    partialResultId: request.partialResultId ?? null,
    progress: progressView(job),
    error: errorView(error),
    createdAt: iso(job.createdAtMs),
    startedAt: iso(job.startedAtMs),
    endedAt: iso(job.endedAtMs),
    spentSeconds: job.spentMs / 1000,
  };
}

/** The queue keeps what was found in full; nothing of the machine's inside is shown. */
export const errorView = (error: Job['error']) =>
  error === undefined
    ? null
    : { ...error, rule: ERRORS[error.code].rule, found: outside(error.found), todo: outside(error.todo) };

const STAGES = ['A', 'B'] as const;

/** The last report of a job that is done may be from before its end. */
export const progressView = ({ state, progress: { done, total, stage, best } }: Pick<Job, 'state' | 'progress'>) => ({
  stage: stage === undefined ? null : (STAGES[stage - 1] ?? null),
  scored: state === 'done' ? Math.max(done, total) : done,
  total: total === 0 ? null : total,
  best: best ?? null,
});

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

// From the body of a submission to a job of the queue, and from such a job to the task it computes.
import type { ComputeShare, RunTask, SweepTask } from '../compute/task.ts';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import type { Job, JobBudget, Submission } from '../jobs/job.ts';
import type { CutRule } from '../sweep/shard-cut.ts';
import { backtestTask } from './backtest-task.ts';
import type { BacktestBody, JobBody } from './schemas.ts';
import type { ServiceSettings } from './surroundings.ts';

/** What the queue keeps as the request of a job. */
export interface JobRequest<Body = object> {
  /** Whose token submitted it. */
  readonly user: string;
  readonly body: Body;
  /** How many shards it asks for; the rule of the service decides when left out. */
  readonly shards?: number;
  /** Of a request that became a job at its deadline: the stored result over what was scored until then. */
  readonly partialResultId?: string;
}

export type JobLimits = Pick<ServiceSettings, 'maxThreads' | 'maxVariantsPerCompute' | 'maxComputeBytesTotal'>;

/** Errors: REQUEST_INVALID, GRID_INVALID: whatever can be seen without loading anything. */
export function jobSubmission(
  id: string,
  user: string,
  body: JobBody,
  key: string | undefined,
  limits: JobLimits,
): Submission {
  const { idempotencyKey = key, priority, deadlineSeconds, budget, shards, ...backtest } = body;
  if (shards !== undefined && backtest.kind === 'run') throw runInShards(shards);
  const request: JobRequest<BacktestBody> = { user, body: backtest, ...(shards === undefined ? {} : { shards }) };
  jobTask(request, budget ?? {}, '', limits);
  return {
    id,
    kind: backtest.kind ?? 'sweep',
    request: request as unknown as Json,
    ...jobTerms(user, { idempotencyKey, priority, deadlineSeconds, budget }),
  };
}

/** What a submission says besides what is computed. */
export type JobTerms = Pick<JobBody, 'idempotencyKey' | 'priority' | 'deadlineSeconds' | 'budget'>;

export const jobTerms = (user: string, { idempotencyKey, priority, deadlineSeconds, budget }: JobTerms) => ({
  key: idempotencyKey === undefined ? undefined : userKey(user, idempotencyKey),
  priority,
  deadlineMs: deadlineSeconds === undefined ? undefined : Math.ceil(deadlineSeconds * 1000),
  budget,
});

/** Keys of one user say nothing about those of another. */
const userKey = (user: string, key: string): string => `${user}/${key}`;
export const keyOfUser = ({ user }: JobRequest, key: string): string => key.slice(user.length + 1);

/** The least of what the service allows, the budget says and the request asks for. */
export function jobShare(
  body: Pick<BacktestBody, 'maxThreads' | 'memoryBytes'>,
  budget: JobBudget,
  { maxThreads, maxVariantsPerCompute, maxComputeBytesTotal }: JobLimits,
): ComputeShare {
  const atMost = (limit: number, ...asked: readonly (number | undefined)[]): number =>
    Math.min(limit, ...asked.filter((value) => value !== undefined));
  const bytesMax = atMost(maxComputeBytesTotal, budget.bytesMax, body.memoryBytes);
  return {
    workers: atMost(maxThreads, budget.threadsMax, body.maxThreads),
    budgetBytes: bytesMax,
    guards: { of: 'job', variantsMax: atMost(maxVariantsPerCompute, budget.variantsMax), bytesMax },
  };
}

/** Errors: REQUEST_INVALID, GRID_INVALID. */
export function jobTask(
  { body }: JobRequest<BacktestBody>,
  budget: JobBudget,
  checkpointFolder: string,
  limits: JobLimits,
): SweepTask | RunTask {
  const task = backtestTask(body, jobShare(body, budget, limits));
  return task.kind === 'sweep' ? { ...task, checkpointFolder, save: task.save === false ? false : 'whole' } : task;
}

/** When the sweep of a job is cut. */
export const cutRuleOf = (
  { shards }: JobRequest,
  { shardSeconds }: Pick<ServiceSettings, 'shardSeconds'>,
): CutRule => ({
  shards,
  shardSeconds,
});

const runInShards = (shards: number): AppError =>
  new AppError('REQUEST_INVALID', {
    rule: 'A run is one variant and cannot be cut.',
    found: `${shards} shards with kind "run".`,
    todo: 'Leave shards out, or ask for a sweep.',
  });

export const requestOf = <Body = object>(job: Pick<Job, 'request'>): JobRequest<Body> =>
  job.request as unknown as JobRequest<Body>;

// From the body of a submission to a job of the queue, and from such a job to the task it computes.
import type { RunTask, SweepTask } from '../compute/task.ts';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import type { Job, JobBudget, Submission } from '../jobs/job.ts';
import type { CutRule } from '../sweep/shard-cut.ts';
import { backtestTask } from './backtest-task.ts';
import type { BacktestBody, JobBody } from './schemas.ts';
import type { ServiceSettings } from './surroundings.ts';

/** What the queue keeps as the request of a job. */
export interface JobRequest {
  /** Whose token submitted it. */
  readonly user: string;
  readonly body: BacktestBody;
  /** How many shards it asks for; the rule of the service decides when left out. */
  readonly shards?: number;
  /** Of a request that became a job at its deadline: the stored result over what was scored until then. */
  readonly partialResultId?: string;
}

type Limits = Pick<ServiceSettings, 'maxThreads' | 'maxVariantsPerCompute' | 'maxComputeBytesTotal'>;

/** Errors: REQUEST_INVALID, GRID_INVALID: whatever can be seen without loading anything. */
export function jobSubmission(
  id: string,
  user: string,
  body: JobBody,
  key: string | undefined,
  limits: Limits,
): Submission {
  const { idempotencyKey = key, priority, deadlineSeconds, budget, shards, ...backtest } = body;
  if (shards !== undefined && backtest.kind === 'run') throw runInShards(shards);
  const request: JobRequest = { user, body: backtest, ...(shards === undefined ? {} : { shards }) };
  jobTask(request, budget ?? {}, '', limits);
  return {
    id,
    kind: backtest.kind ?? 'sweep',
    request: request as unknown as Json,
    key: idempotencyKey === undefined ? undefined : userKey(user, idempotencyKey),
    priority,
    deadlineMs: deadlineSeconds === undefined ? undefined : Math.ceil(deadlineSeconds * 1000),
    budget,
  };
}

/** Keys of one user say nothing about those of another. */
const userKey = (user: string, key: string): string => `${user}/${key}`;
export const keyOfUser = ({ user }: JobRequest, key: string): string => key.slice(user.length + 1);

/** Errors: REQUEST_INVALID, GRID_INVALID. */
export function jobTask(
  { body }: JobRequest,
  budget: JobBudget,
  checkpointFolder: string,
  { maxThreads, maxVariantsPerCompute, maxComputeBytesTotal }: Limits,
): SweepTask | RunTask {
  const atMost = (limit: number, ...asked: readonly (number | undefined)[]): number =>
    Math.min(limit, ...asked.filter((value) => value !== undefined));
  const bytesMax = atMost(maxComputeBytesTotal, budget.bytesMax, body.memoryBytes);
  const task = backtestTask(body, {
    workers: atMost(maxThreads, budget.threadsMax, body.maxThreads),
    budgetBytes: bytesMax,
    guards: { of: 'job', variantsMax: atMost(maxVariantsPerCompute, budget.variantsMax), bytesMax },
  });
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

export const requestOf = (job: Pick<Job, 'request'>): JobRequest => job.request as unknown as JobRequest;

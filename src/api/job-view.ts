// A job as clients see it.
import { STAGES } from '../compute/progress.ts';
import { ERRORS } from '../core/errors.ts';
import type { Job, JobProgress, ShardTally } from '../jobs/job.ts';
import { METRICS } from '../metrics/metrics.ts';
import { parseObjectives } from '../runs/metric-name.ts';
import type { SweepShard } from '../sweep/shard.ts';
import type { JobAnswer, JobEventData, ShardAnswer } from './answer-schemas.ts';
import { keyOfUser, requestOf } from './job-request.ts';
import { outside } from './problem.ts';
import type { BacktestBody } from './schemas.ts';

/** Times are ISO 8601 UTC. Progress counts the variants of its stage; `total` is null where nobody knows. */
export function jobView(job: Job, tally?: ShardTally): JobAnswer {
  const request = requestOf(job);
  const { id, kind, priority, attempts, attemptsMax, cancelRequested, budget, key, error } = job;
  return {
    id,
    kind,
    state: stateOf(job),
    priority,
    attempts,
    attemptsMax,
    cancelRequested,
    idempotencyKey: key === undefined ? null : keyOfUser(request, key),
    deadlineSeconds: job.deadlineMs === undefined ? null : job.deadlineMs / 1000,
    budget,
    user: request.user,
    request: { ...request.body },
    partialResultId: request.partialResultId ?? null,
    progress: progressView(job, tally),
    shards: tally === undefined ? null : shardCounts(job, tally),
    error: errorView(error),
    createdAt: iso(job.createdAtMs),
    startedAt: iso(job.startedAtMs),
    endedAt: iso(job.endedAtMs),
    spentSeconds: (job.spentMs + (tally?.spentMs ?? 0)) / 1000,
  };
}

/** A job whose shards are at work is at work. */
export const stateOf = ({ state, shardCount }: Pick<Job, 'state' | 'shardCount'>): Job['state'] =>
  state === 'queued' && shardCount > 0 ? 'running' : state;

/** The last report of a job that is done may be from before its end; a study that is done may have ended before its last trial. */
export function progressView(
  job: Pick<Job, 'state' | 'progress' | 'request'>,
  tally?: ShardTally,
): JobAnswer['progress'] {
  const { done, total, stage, best } = tally === undefined ? job.progress : shardProgress(job, tally);
  return {
    stage: stage === undefined ? null : (STAGES[stage - 1] ?? null),
    scored: job.state === 'done' && STAGES[(stage ?? 0) - 1] !== 'trials' ? Math.max(done, total) : done,
    total: total === 0 ? null : total,
    best: best ?? null,
  };
}

/** What its shards have done; when the job itself is beyond them, in a later stage, what that has. */
function shardProgress(job: Pick<Job, 'progress' | 'request'>, { progress, lowest, highest }: ShardTally): JobProgress {
  const own = job.progress;
  if ((own.stage ?? 0) > (progress.stage ?? 0)) return own;
  const { rank } = requestOf<BacktestBody>(job).body;
  const best = METRICS[parseObjectives('rank', rank ?? 'totalReturn').rank].better === 'higher' ? highest : lowest;
  return { ...progress, ...(best === undefined ? {} : { best }) };
}

/** Of the stage they are at and those before. */
const shardCounts = ({ shardCount }: Job, { states }: ShardTally) => ({ count: shardCount, ...states });

/** A shard as clients see it. */
export function shardView(shard: Job): ShardAnswer {
  const { stage, from, to, variants } = shard.request as unknown as SweepShard;
  const { state, attempts, progress, error } = shard;
  return {
    shard: shard.shardIndex ?? null,
    state,
    attempts,
    stage,
    from,
    to,
    scored: state === 'done' ? Math.max(progress.done, progress.total) : progress.done,
    variants: variants ?? null,
    error: errorView(error),
    startedAt: iso(shard.startedAtMs),
    endedAt: iso(shard.endedAtMs),
    spentSeconds: shard.spentMs / 1000,
  };
}

export const errorView = (error: Job['error']): JobEventData['error'] =>
  error === undefined
    ? null
    : { code: error.code, rule: ERRORS[error.code].rule, found: outside(error.found), todo: outside(error.todo) };

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

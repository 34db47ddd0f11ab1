// Rows of the jobs table to jobs and back.
import type { Json } from '../core/hash.ts';
import type { CheckedSubmission, Job, JobError, JobState, Owner } from './job.ts';
import type { ShardGroup } from './job-rules.ts';
import type { SqlRow } from './sql-connection.ts';

/** PostgreSQL answers 64-bit integers as text. */
const number = (value: unknown): number => Number(value);
const optionalNumber = (value: unknown): number | undefined => (value === null ? undefined : Number(value));
const optionalText = (value: unknown): string | undefined => (value === null ? undefined : (value as string));
const optionalJson = <T>(value: unknown): T | undefined =>
  value === null ? undefined : (JSON.parse(value as string) as T);

export function toJob(row: SqlRow): Job {
  return {
    id: row['id'] as string,
    sequence: number(row['sequence']),
    kind: row['kind'] as string,
    request: JSON.parse(row['request'] as string) as Json,
    key: optionalText(row['job_key']),
    priority: number(row['priority']),
    deadlineMs: optionalNumber(row['deadline_ms']),
    budget: JSON.parse(row['budget'] as string) as Job['budget'],
    state: row['state'] as JobState,
    attempts: number(row['attempts']),
    attemptsMax: number(row['attempts_max']),
    token: number(row['token']),
    cancelRequested: number(row['cancel_requested']) === 1,
    progress: toProgress(row),
    error: optionalJson<JobError>(row['error']),
    owner: optionalJson<Owner>(row['owner']),
    createdAtMs: number(row['created_ms']),
    startedAtMs: optionalNumber(row['started_ms']),
    endedAtMs: optionalNumber(row['ended_ms']),
    spentMs: number(row['spent_ms']),
    parentId: optionalText(row['parent_id']),
    shardIndex: optionalNumber(row['shard_index']),
    shardCount: number(row['shard_count']),
  };
}

function toProgress(row: SqlRow): Job['progress'] {
  const stage = optionalNumber(row['progress_stage']);
  const best = optionalNumber(row['progress_best']);
  return {
    done: number(row['progress_done']),
    total: number(row['progress_total']),
    ...(stage === undefined ? {} : { stage }),
    ...(best === undefined ? {} : { best }),
  };
}

/** Counts of some shards that are alike. */
export const toShardGroup = (row: SqlRow): ShardGroup => ({
  state: row['state'] as JobState,
  stage: optionalNumber(row['progress_stage']),
  count: number(row['shards']),
  done: number(row['done']),
  total: number(row['total']),
  unknown: number(row['unknown_totals']),
  lowest: optionalNumber(row['lowest']),
  highest: optionalNumber(row['highest']),
  spentMs: number(row['spent']),
});

/** The submission a row was made from. */
export function toSubmission(row: SqlRow): CheckedSubmission {
  return {
    id: row['id'] as string,
    kind: row['kind'] as string,
    requestText: row['request'] as string,
    key: optionalText(row['job_key']),
    priority: number(row['priority']),
    deadlineMs: optionalNumber(row['deadline_ms']),
    budgetText: row['budget'] as string,
    attemptsMax: number(row['attempts_max']),
  };
}

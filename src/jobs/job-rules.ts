// Small rules that every job store shares: pages, shard names, cuts.
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { JOB_STATES, type JobState, jobText } from './job.ts';
import type { JobCounts, JobQuery } from './job-store.ts';

const PAGE_DEFAULT = 100;

/** The number of jobs asked for. Errors: LIMIT_EXCEEDED. */
export function checkPage({ limit = PAGE_DEFAULT }: JobQuery): number {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= LIMITS.jobPageMax) return limit;
  throw new AppError('LIMIT_EXCEEDED', {
    rule: `A page of jobs must hold 1 to ${LIMITS.jobPageMax}.`,
    found: `${limit}.`,
    todo: 'Ask for a smaller page and go on from its `next`.',
  });
}

/** Sums by state; none is 0. */
export function countsOf(entries: readonly (readonly [JobState, number])[]): JobCounts['states'] {
  const states = Object.fromEntries(JOB_STATES.map((state) => [state, 0])) as Record<JobState, number>;
  for (const [state, count] of entries) states[state] += count;
  return states;
}

/** The id of shard `index` of job `id`. No submission can have it: `/` is not a character of an id. */
export const shardId = (id: string, index: number): string => `${id}/${index}`;

/** The requests of shards as canonical JSON. Errors: LIMIT_EXCEEDED. */
export function checkSplit(requests: readonly Json[]): readonly string[] {
  if (requests.length < 1 || requests.length > LIMITS.shardsMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: `A job must be cut into 1 to ${LIMITS.shardsMax} shards.`,
      found: `${requests.length}.`,
      todo: 'Cut it into larger parts.',
    });
  }
  return requests.map((request) => jobText('request', request, LIMITS.jobRequestBytesMax));
}

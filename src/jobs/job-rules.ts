// Small rules that every job store shares: pages, shard names, cuts.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { JOB_STATES, type JobError, type JobState, jobText, type NewShard, type ShardTally } from './job.ts';
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

/** The requests of shards as canonical JSON, of a job that has `before` of them. Errors: LIMIT_EXCEEDED. */
export function checkSplit(shards: readonly NewShard[], before: number): readonly string[] {
  if (shards.length < 1 || before + shards.length > LIMITS.shardsMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: `A job must be cut into 1 to ${LIMITS.shardsMax} shards.`,
      found: `${before + shards.length}.`,
      todo: 'Cut it into larger parts.',
    });
  }
  return shards.map(({ request }) => jobText('request', request, LIMITS.jobRequestBytesMax));
}

/** Some shards that are alike, as a store counts them. */
export interface ShardGroup {
  readonly state: JobState;
  readonly stage: number | undefined;
  readonly count: number;
  readonly done: number;
  readonly total: number;
  /** How many of them do not know their total. */
  readonly unknown: number;
  readonly lowest: number | undefined;
  readonly highest: number | undefined;
  readonly spentMs: number;
}

/** All shards of one job from groups of them. */
export function tallyOf(groups: readonly ShardGroup[]): ShardTally {
  const states: Record<JobState, number> = { queued: 0, running: 0, done: 0, failed: 0, cancelled: 0 };
  const stages = groups.flatMap(({ stage }) => stage ?? []);
  const stage = stages.length === 0 ? undefined : Math.max(...stages);
  const current = groups.filter((group) => group.stage === stage);
  const sum = (list: readonly ShardGroup[], of: (group: ShardGroup) => number): number =>
    list.reduce((total, group) => total + of(group), 0);
  for (const group of groups) states[group.state] += group.count;
  const lowest = groups.flatMap((group) => group.lowest ?? []);
  const highest = groups.flatMap((group) => group.highest ?? []);
  return {
    states,
    progress: {
      done: sum(current, ({ done }) => done),
      total: current.some(({ unknown }) => unknown > 0) ? 0 : sum(current, ({ total }) => total),
      ...(stage === undefined ? {} : { stage }),
    },
    ...(lowest.length === 0 ? {} : { lowest: Math.min(...lowest), highest: Math.max(...highest) }),
    spentMs: sum(groups, ({ spentMs }) => spentMs),
  };
}

/** Why a job ends whose shards have used up its time. */
export const shardsDeadline: JobError = {
  code: 'DEADLINE',
  found: 'the shards of the job did not end within its running time, all of them together.',
  todo: 'Allow more time, or ask for less.',
};

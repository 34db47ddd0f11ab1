// One attempt from claim to outcome: run, cut or merge, then hand in what came out under the lease.
import { type AppError, isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import type { JobError } from './job.ts';
import {
  type Attempt,
  type AttemptPorts,
  Cut,
  createAttempt,
  type MergeShards,
  persist,
  type RunJob,
} from './job-context.ts';
import type { ClaimedJob } from './job-store.ts';
import type { LeaseWords } from './lease-words.ts';

export interface JobWork {
  readonly run: RunJob;
  /** Needed where `run` cuts jobs. */
  readonly merge?: MergeShards;
}

export type AttemptEnd = 'done' | 'failed' | 'queued' | 'cancelled' | 'released' | 'cut' | 'lost';

export interface AttemptOutcome {
  readonly end: AttemptEnd;
  readonly error?: JobError;
}

type Made = { readonly result: Json | Cut } | { readonly failed: JobError } | { readonly error: unknown };

/** Never throws: what cannot be handed in ends as `lost`, and the lease runs out. */
export async function runAttempt(
  ports: AttemptPorts,
  claimed: ClaimedJob,
  words: LeaseWords,
  work: JobWork,
): Promise<AttemptOutcome> {
  const attempt = createAttempt(ports, claimed, words);
  const startedMs = ports.time.monotonicMs();
  const made = await make(ports, claimed, words, work, attempt);
  try {
    return await handIn(ports, claimed, words, attempt, made, startedMs);
  } catch (error) {
    // A result that cannot be kept, such as one beyond its limit, fails the job; a lost lease or a dead store ends here.
    if (isAppError(error, 'LEASE_LOST') || (isAppError(error) && error.retryable))
      return { end: 'lost', error: errorOf(error) };
    try {
      return await fail(ports, claimed, words, error);
    } catch (second) {
      return { end: 'lost', error: errorOf(second) };
    }
  }
}

async function make(
  ports: AttemptPorts,
  { job }: ClaimedJob,
  words: LeaseWords,
  { run, merge }: JobWork,
  { context }: Attempt,
): Promise<Made> {
  try {
    if (job.shardCount > 0) {
      const { open, results } = await persist(ports, words, () => ports.store.shards(job.id));
      // Those that were ended because of another one do not say why.
      const broken = open.find(({ state }) => state === 'failed') ?? open[0];
      if (broken !== undefined) return { failed: broken.error ?? SHARD_CANCELLED };
      return { result: await merge!(job, results, context) };
    }
    return { result: await run(job, context) };
  } catch (error) {
    return { error };
  }
}

async function handIn(
  ports: AttemptPorts,
  claimed: ClaimedJob,
  words: LeaseWords,
  attempt: Attempt,
  made: Made,
  startedMs: number,
): Promise<AttemptOutcome> {
  const { store, time } = ports;
  const { lease } = claimed;
  // Asked first: whoever was not told to stop has done all of the work, and the store decides whether it counts.
  const cause = attempt.wasTold() ? words.stop() : undefined;
  const write = <T>(call: () => Promise<T>): Promise<T> => persist(ports, words, call);
  switch (cause) {
    case 'cancelled':
      await write(() => store.cancel(lease, time.wallMs()));
      return { end: 'cancelled' };
    case 'shutdown':
      await write(() => store.release(lease, time.wallMs()));
      return { end: 'released' };
    case 'deadline':
      return failWith(ports, claimed, words, deadlineError(claimed), false);
    case 'lost':
      return { end: 'lost' };
    case undefined:
      break;
  }
  if ('failed' in made) return failWith(ports, claimed, words, made.failed, false);
  if ('error' in made) return fail(ports, claimed, words, made.error);
  const { result } = made;
  if (result instanceof Cut) {
    await write(() => store.split(lease, result.shards, time.wallMs()));
    return { end: 'cut' };
  }
  // What moved since the last renewal: a job that is done shows how far it came.
  const spentMs = claimed.job.spentMs + time.monotonicMs() - startedMs;
  await write(() => store.renew(lease, { progress: words.progress(), spentMs }));
  await write(() => store.complete(lease, result, time.wallMs()));
  return { end: 'done' };
}

const fail = (ports: AttemptPorts, claimed: ClaimedJob, words: LeaseWords, error: unknown): Promise<AttemptOutcome> =>
  isAppError(error, 'LEASE_LOST')
    ? Promise.resolve({ end: 'lost', error: errorOf(error) })
    : failWith(ports, claimed, words, errorOf(error), isAppError(error) && error.retryable);

async function failWith(
  ports: AttemptPorts,
  { lease }: ClaimedJob,
  words: LeaseWords,
  error: JobError,
  retry: boolean,
): Promise<AttemptOutcome> {
  const { store, time } = ports;
  const state = await persist(ports, words, () => store.fail(lease, { error, retry }, time.wallMs()));
  return { end: state as AttemptEnd, error };
}

const FOUND_LENGTH_MAX = 500;

/** Without stack and paths: this is shown to whoever asks for the job. */
export function errorOf(error: unknown): JobError {
  if (isAppError(error)) return pick(error);
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'JOB_FAILED',
    found: text.split('\n')[0]!.slice(0, FOUND_LENGTH_MAX),
    todo: 'Report it; this is a bug.',
  };
}

const pick = ({ code, found, todo }: AppError): JobError => ({ code, found: found.slice(0, FOUND_LENGTH_MAX), todo });

const deadlineError = ({ job }: ClaimedJob): JobError => ({
  code: 'DEADLINE',
  found: `the job did not end within ${job.deadlineMs} ms of running time.`,
  todo: 'Allow more time, or ask for less.',
});

const SHARD_CANCELLED: JobError = {
  code: 'CANCELLED',
  found: 'a shard was cancelled.',
  todo: 'Queue the job anew.',
};

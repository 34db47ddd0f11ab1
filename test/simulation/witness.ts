// Sees every call that reaches the store, and checks after each what must hold whatever happened.
import type { Job, JobState, Lease } from '../../src/jobs/job.ts';
import { isEnded } from '../../src/jobs/job.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';

export interface Witness {
  readonly store: JobStore;
  /** What was broken first, or undefined. */
  broken(): string | undefined;
  /** Looks at every job; otherwise only those that a call is about are looked at. */
  checkAll(): Promise<void>;
  /** The last calls, oldest first. */
  trace(): readonly string[];
  /** Shards that were merged, by job: how often a merge became visible. */
  readonly completions: ReadonlyMap<string, number>;
}

const FENCED = ['renew', 'checkpoint', 'complete', 'fail', 'cancel', 'release', 'split'] as const;
const TRACE_LENGTH = 30;

export function createWitness(real: JobStore, nowMs: () => number, expected: (job: Job) => unknown): Witness {
  const granted = new Map<string, number>();
  const known = new Map<string, { state: JobState; token: number; hash?: string }>();
  const completions = new Map<string, number>();
  const calls: { atMs: number; name: string; args: readonly unknown[]; outcome: unknown }[] = [];
  let broken: string | undefined;
  const blame = (text: string): void => {
    broken ??= text;
  };

  const checkAll = async (): Promise<void> => {
    const seen = new Set<string>();
    const see = async (job: Job): Promise<void> => {
      seen.add(job.id);
      await checkJob(job);
      if (job.shardCount > 0) for (const shard of (await real.list({ parentId: job.id })).jobs) await see(shard);
    };
    for (const job of (await real.list({ limit: 1000 })).jobs) await see(job);
    for (const id of known.keys()) if (!seen.has(id)) blame(`job ${id} is gone`);
  };
  const checkJob = async (job: Job): Promise<void> => {
    const before = known.get(job.id);
    const result = await real.result(job.id);
    if (before !== undefined && job.token < before.token) blame(`token of ${job.id} fell`);
    if (before?.state === 'done' && job.state !== 'done') blame(`${job.id} was done and is ${job.state}`);
    const isMerged = job.parentId !== undefined && (await real.get(job.parentId))?.state === 'done';
    if (result === undefined ? job.state === 'done' && !isMerged : job.state !== 'done')
      blame(`${job.id} is ${job.state} with result ${result?.hash}`);
    if (result !== undefined) {
      if (result.token !== (granted.get(job.id) ?? 0)) {
        blame(`result of ${job.id} is by token ${result.token}, token ${granted.get(job.id)} was granted`);
      }
      if (before?.hash !== undefined && before.hash !== result.hash) blame(`result of ${job.id} changed`);
      const right = expected(job);
      if (JSON.stringify(right) !== JSON.stringify(result.value))
        blame(`result of ${job.id} is ${JSON.stringify(result.value)}`);
      if (before?.state !== 'done') completions.set(job.id, (completions.get(job.id) ?? 0) + 1);
    }
    if (job.attempts > job.attemptsMax) blame(`${job.id} had ${job.attempts} attempts`);
    if (isEnded(job.state) !== (job.endedAtMs !== undefined))
      blame(`${job.id} is ${job.state} with end ${job.endedAtMs}`);
    known.set(job.id, { state: job.state, token: job.token, hash: result?.hash });
  };
  const note = (name: string, args: readonly unknown[], outcome: unknown): void => {
    calls.push({ atMs: nowMs(), name, args, outcome });
    if (calls.length > TRACE_LENGTH) calls.shift();
  };
  const observe = async (name: keyof JobStore, args: unknown[]): Promise<unknown> => {
    const subject = subjectOf(args[0]);
    const before = subject && granted.get(subject);
    try {
      const outcome = await (real[name] as (...args: unknown[]) => Promise<unknown>)(...args);
      note(name, args, outcome);
      if (name === 'claim' && outcome !== undefined) {
        const { lease } = outcome as { lease: Lease };
        granted.set(lease.jobId, Math.max(granted.get(lease.jobId) ?? 0, lease.token));
      }
      if ((FENCED as readonly string[]).includes(name) && (args[0] as Lease).token !== before) {
        blame(`${name} under token ${(args[0] as Lease).token} was taken while token ${before} is the last`);
      }
      const touched = subject ?? subjectOf((outcome as { lease?: unknown } | undefined)?.lease);
      const job = touched && (await real.get(touched));
      if (job) await checkJob(job);
      return outcome;
    } catch (error) {
      note(name, args, String(error));
      throw error;
    }
  };
  const store = new Proxy(real, {
    get: (target, name: keyof JobStore) =>
      typeof target[name] === 'function' ? (...args: unknown[]) => observe(name, args) : target[name],
  });
  return { store, broken: () => broken, checkAll, trace: () => calls.map(line), completions };
}

const subjectOf = (argument: unknown): string | undefined => {
  if (typeof argument === 'string') return argument;
  if (typeof argument !== 'object' || argument === null) return undefined;
  return 'jobId' in argument ? (argument.jobId as string) : undefined;
};

const line = ({
  atMs,
  name,
  args,
  outcome,
}: {
  atMs: number;
  name: string;
  args: readonly unknown[];
  outcome: unknown;
}): string =>
  `${(atMs / 1000).toFixed(3)} s ${name}(${JSON.stringify(args).slice(1, 120)}) = ${JSON.stringify(outcome)?.slice(0, 120)}`;

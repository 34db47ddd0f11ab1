// The jobs of the fake AWS Batch: from SUBMITTED to their end, arrays, dependencies, places on machines, attempts.
import { randomUUID } from 'node:crypto';
import type { AttemptDetail, JobDependency, JobDetail, JobStatus } from '@aws-sdk/client-batch';
import { type BatchChild, type ExecuteChild, type RunningAttempt, type Strike, startAttempt } from './batch-attempt.ts';
import { attemptDetail, childOf, createInstanceId } from './batch-child.ts';
import { type AttemptEnd, isRetried } from './batch-retry.ts';
import { ClientError, refuseIf } from './batch-validation.ts';

/** What is the same for a job and all its children: names, ARNs, and the definition with its overrides. */
export interface JobBase
  extends Pick<JobDetail, 'retryStrategy' | 'timeout' | 'parameters' | 'container' | 'platformCapabilities' | 'tags'> {
  readonly jobName: string;
  readonly jobQueue: string;
  readonly jobDefinition: string;
}

export interface Job {
  readonly id: string;
  readonly base: JobBase;
  readonly queueName: string;
  readonly computeEnvironment: string;
  readonly dependsOn: readonly JobDependency[];
  readonly createdAt: number;
  status: JobStatus;
  statusReason?: string;
  startedAt?: number;
  stoppedAt?: number;
  isCancelled: boolean;
  isTerminated: boolean;
  readonly attempts: AttemptDetail[];
  /** Of a child. */
  readonly parent?: Job;
  readonly index?: number;
  /** Of an array. */
  children?: Job[];
  running?: RunningAttempt;
}

export interface JobsOptions {
  readonly execute: ExecuteChild;
  readonly strike: (child: Pick<BatchChild, 'jobId' | 'index' | 'attempt' | 'jobName'>) => Strike | undefined;
  /** Milliseconds that a job stays in each state on its way. */
  readonly paceMs: number;
  /** Milliseconds that count as a second of timeouts. */
  readonly secondMs: number;
  readonly stopSeconds: number;
  /** Containers at once. Jobs beyond stay RUNNABLE. */
  slots: number;
}

export interface Jobs {
  readonly all: ReadonlyMap<string, Job>;
  add(job: Pick<Job, 'base' | 'queueName' | 'computeEnvironment' | 'dependsOn'>, size: number | undefined): Job;
  /** By id, or `parent:index`. */
  find(id: string): Job | undefined;
  cancel(id: string, reason: string): void;
  terminate(id: string, reason: string): void;
  /** As days after its end: nobody knows it any more. */
  forget(id: string): void;
  /** Starts what waits for places, after `slots` has grown. */
  pump(): void;
  close(): Promise<void>;
}

export const isEnded = ({ status }: Job): boolean => status === 'SUCCEEDED' || status === 'FAILED';
const mayBeCancelled: readonly (string | undefined)[] = ['SUBMITTED', 'PENDING', 'RUNNABLE'];

export function createJobs(options: JobsOptions): Jobs {
  const all = new Map<string, Job>();
  const pending = new Set<Job>();
  const runnable: Job[] = [];
  const begun: RunningAttempt[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let occupied = 0;
  let isClosed = false;

  const find = (id: string): Job | undefined => {
    const [parent = '', index] = id.split(':');
    return index === undefined ? all.get(parent) : all.get(parent)?.children?.[Number(index)];
  };
  const later = (act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, options.paceMs);
    timers.add(timer);
  };

  function add(given: Pick<Job, 'base' | 'queueName' | 'computeEnvironment' | 'dependsOn'>, size?: number): Job {
    for (const { jobId, type } of given.dependsOn) {
      if (jobId === undefined) continue;
      const other = find(jobId);
      if (other === undefined) throw new ClientError(`Job ${jobId} that is depended on does not exist`);
      refuseIf(type === 'N_TO_N' && other.children?.length !== size, 'N_TO_N needs an array of the same size');
    }
    const fresh = () => ({
      ...{ ...given, createdAt: Date.now(), status: 'SUBMITTED' as JobStatus },
      ...{ isCancelled: false, isTerminated: false, attempts: [] },
    });
    const job: Job = { ...fresh(), id: randomUUID() };
    all.set(job.id, job);
    if (size !== undefined) {
      job.children = Array.from({ length: size }, (_, index) => ({
        ...fresh(),
        ...{ id: `${job.id}:${index}`, parent: job, index },
      }));
    }
    for (const one of [job, ...(job.children ?? [])]) {
      later(() => {
        if (one.status !== 'SUBMITTED') return;
        one.status = 'PENDING';
        if (one.children !== undefined) return;
        pending.add(one);
        later(() => release(one));
      });
    }
    return job;
  }

  /** Out of PENDING, when what it depends on has ended. */
  function release(job: Job): void {
    if (!pending.has(job)) return;
    const others = job.dependsOn.map((one) => dependency(job, one));
    if (others.some((other) => other?.status === 'FAILED')) {
      end(job, 'FAILED', 'Dependent Job failed');
    } else if (others.every((other) => other === undefined || other.status === 'SUCCEEDED')) {
      pending.delete(job);
      queue(job);
    }
  }

  function dependency(job: Job, { jobId, type }: JobDependency): Job | undefined {
    if (type === 'SEQUENTIAL') return job.index === 0 ? undefined : job.parent?.children?.[job.index! - 1];
    if (type === 'N_TO_N') return find(jobId!)?.children?.[job.index!];
    return find(jobId!);
  }

  function queue(job: Job): void {
    job.status = 'RUNNABLE';
    runnable.push(job);
    pump();
  }

  function pump(): void {
    while (!isClosed && occupied < options.slots && runnable.length > 0) {
      const job = runnable.shift()!;
      if (job.status !== 'RUNNABLE') continue;
      occupied++;
      job.status = 'STARTING';
      later(() => void run(job));
    }
  }

  async function run(job: Job): Promise<void> {
    if (job.isTerminated) {
      occupied--;
      end(job, 'FAILED', job.statusReason);
      pump();
      return;
    }
    const child = childOf(job);
    const seconds = job.base.timeout?.attemptDurationSeconds;
    const timing = {
      stopMs: options.stopSeconds * options.secondMs,
      timeoutMs: seconds === undefined ? undefined : seconds * options.secondMs,
    };
    const startedAt = Date.now();
    job.startedAt ??= startedAt;
    job.status = 'RUNNING';
    const instance = `i-${createInstanceId(child.jobId, child.attempt)}`;
    const attempt = startAttempt(child, options.execute, options.strike(child), timing, instance);
    job.running = attempt;
    begun.push(attempt);
    const { end: ended, why } = await attempt.ended;
    delete job.running;
    occupied--;
    if (isClosed) return;
    job.attempts.push(attemptDetail(ended, startedAt));
    decide(job, ended, why);
    pump();
  }

  function decide(job: Job, ended: AttemptEnd, why: string | undefined): void {
    if (why === undefined && ended.exitCode === 0) {
      end(job, 'SUCCEEDED', ended.statusReason);
    } else if (job.isTerminated) {
      end(job, 'FAILED', job.statusReason);
    } else if (why !== 'timeout' && isRetried(job.base.retryStrategy, job.attempts.length, ended)) {
      queue(job);
    } else {
      end(job, 'FAILED', ended.statusReason);
    }
  }

  function end(job: Job, status: JobStatus, reason: string | undefined): void {
    if (isEnded(job)) return;
    job.status = status;
    if (reason !== undefined) job.statusReason = reason;
    job.stoppedAt = Date.now();
    pending.delete(job);
    const { parent } = job;
    if (parent?.children?.every(isEnded)) {
      const isFailed = parent.children.some((child) => child.status === 'FAILED');
      const isStopped = parent.isTerminated || parent.isCancelled;
      const words = isFailed && !isStopped ? 'Array Child Job failed' : parent.statusReason;
      end(parent, isFailed ? 'FAILED' : 'SUCCEEDED', words);
    }
    for (const waiting of [...pending]) if (waiting.dependsOn.length > 0) release(waiting);
  }

  function cancel(id: string, reason: string): void {
    const job = known(id);
    if (isEnded(job)) return;
    for (const one of job.children ?? [job]) {
      if (!mayBeCancelled.includes(one.status)) continue;
      one.isCancelled = true;
      end(one, 'FAILED', reason);
    }
    if (job.children !== undefined && !isEnded(job)) Object.assign(job, { isCancelled: true, statusReason: reason });
  }

  function terminate(id: string, reason: string): void {
    const job = known(id);
    if (isEnded(job)) return;
    Object.assign(job, { isTerminated: true, statusReason: reason });
    for (const one of job.children ?? [job]) {
      if (isEnded(one)) continue;
      Object.assign(one, { isTerminated: true, statusReason: reason });
      if (mayBeCancelled.includes(one.status)) end(one, 'FAILED', reason);
      else one.running?.terminate();
    }
  }

  function known(id: string): Job {
    const job = find(id);
    if (job === undefined) throw new ClientError(`Job ${id} does not exist`);
    return job;
  }

  return {
    ...{ all, add, find, cancel, terminate, pump },
    forget: (id) => void all.delete(id),
    async close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(begun.map((attempt) => attempt.destroy()));
    },
  };
}

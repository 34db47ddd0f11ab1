// What a job of the queue does: waits for room on the machine, computes in a thread, and makes room for whoever waits.
import { AppError, isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { Job, JobProgress } from '../jobs/job.ts';
import type { JobContext, RunJob } from '../jobs/job-context.ts';
import type { Time } from '../jobs/time.ts';
import type { SweepProgress } from '../sweep/request.ts';
import { type ComputeSetup, startComputation } from './compute-thread.ts';
import type { Demand, Machine, Release } from './machine.ts';
import type { RunTask, SweepTask } from './task.ts';

export interface JobWorkOptions {
  readonly machine: Machine;
  readonly time: Time;
  readonly surroundings: Pick<ComputeSetup, 'folder' | 'storeRoot' | 'engineVersion'>;
  /** Whose job it is and what is computed. Errors: those of an invalid request. */
  readonly read: (job: Job) => { readonly user: string; readonly task: SweepTask | RunTask };
  /** How long a job computes before it makes room for a request that waits; MAKES_ROOM_AFTER_MS unless given. */
  readonly makesRoomAfterMs?: number;
}

/** Between two looks at stop token, pulse and waiting room. */
const LOOK_MS = 100;
/** A computation that is told to stop and has not stopped by then is ended. */
const STOP_GRACE_MS = 800;
/** Room is made at a checkpoint, which a slow batch may be some time away from. */
const ROOM_GRACE_MS = 10_000;
const MAKES_ROOM_AFTER_MS = 2_000;
const FULL_ROOM_PAUSE_MS = 500;
/** Any request that waits for its answer, of priority 0, goes before any job. */
const priorityOf = ({ priority }: Job): number => priority - 101;

/** Runs sweeps and runs by the same performTask as requests that wait. A sweep goes on from its checkpoint folder. */
export function createJobWork(options: JobWorkOptions): RunJob {
  return async (job, context) => {
    const { user, task } = options.read(job);
    const [threads, bytes] = task.kind === 'run' ? [1, 0] : [task.share.workers, task.share.budgetBytes ?? 0];
    const demand = { user, threads, bytes, priority: priorityOf(job) };
    let progress = job.progress;
    for (;;) {
      const release = await waitForRoom(demand, progress, context, options);
      try {
        const othersBytes = options.machine.status().bytesGranted - bytes;
        const slice = await computeSlice(task, { job, context, progress, othersBytes }, options);
        if ('answer' in slice) return slice.answer;
        ({ progress } = slice);
      } finally {
        release();
      }
    }
  };
}

/** Errors: CANCELLED when the job is told to stop; LIMIT_EXCEEDED and BUDGET_BYTES for what never fits. */
async function waitForRoom(
  demand: Demand,
  progress: JobProgress,
  { stop, progress: show }: JobContext,
  { machine, time }: JobWorkOptions,
): Promise<Release> {
  for (;;) {
    const { granted, leave } = machine.admit(demand);
    const look = setInterval(() => {
      show(progress);
      if (stop.reason() !== undefined) leave('cancelled');
    }, LOOK_MS);
    try {
      return await granted;
    } catch (error) {
      if (!isAppError(error, 'BUSY')) throw error;
    } finally {
      clearInterval(look);
    }
    // The waiting room is for requests first; a job has its place in the queue already.
    show(progress);
    if (stop.reason() !== undefined)
      throw new AppError('CANCELLED', { found: 'a job that waited.', todo: 'Retry it.' });
    await time.sleep(FULL_ROOM_PAUSE_MS);
  }
}

interface SliceOf {
  readonly job: Job;
  readonly context: JobContext;
  readonly progress: JobProgress;
  /** As of ComputeSetup. */
  readonly othersBytes: number;
}

type Slice = { readonly answer: Json } | { readonly progress: JobProgress };

/** Computes to the end, or until it is told to stop, or until somebody waits for its room. */
async function computeSlice(
  task: SweepTask | RunTask,
  { job, context, progress: before, othersBytes }: SliceOf,
  { machine, time, surroundings, makesRoomAfterMs = MAKES_ROOM_AFTER_MS }: JobWorkOptions,
): Promise<Slice> {
  const startedMs = time.monotonicMs();
  let progress = before;
  let hasMoved = false;
  const onProgress = (made: SweepProgress): void => {
    hasMoved = true;
    progress = jobProgress(made);
  };
  const computation = startComputation(task, { ...surroundings, othersBytes }, { onProgress });
  let makesRoom = false;
  let isTold = false;
  let silence: AppError | undefined;
  let pulse = -1;
  let pulseMs = startedMs;
  const look = (): void => {
    const nowMs = time.monotonicMs();
    const reason = context.stop.reason();
    if (reason !== undefined && !isTold) {
      isTold = true;
      computation.stop(reason, STOP_GRACE_MS);
    }
    if (computation.pulse() !== pulse) {
      pulse = computation.pulse();
      pulseMs = nowMs;
    }
    if (nowMs - pulseMs < LIMITS.workerSilenceMsMax) context.progress(progress);
    else if (silence === undefined) {
      silence = silent();
      computation.stop('cancelled', 0);
    }
    const isLongEnough = hasMoved && nowMs - startedMs >= makesRoomAfterMs;
    if (!isTold && !makesRoom && task.kind === 'sweep' && isLongEnough && machine.isWantedAbove(priorityOf(job))) {
      makesRoom = true;
      computation.stop('cancelled', ROOM_GRACE_MS);
    }
  };
  const looking = setInterval(look, LOOK_MS);
  try {
    const answer = await computation.done;
    if (makesRoom && answer.kind === 'sweep' && answer.record.partial !== null) return { progress };
    context.progress(progress);
    // Through JSON once, so that members without a value are left out.
    return { answer: JSON.parse(JSON.stringify(answer)) as Json };
  } catch (error) {
    if (silence !== undefined) throw silence;
    if (makesRoom && !isTold && isAppError(error, 'CANCELLED')) return { progress };
    throw error;
  } finally {
    clearInterval(looking);
  }
}

const jobProgress = ({ stage, scored, total, best }: SweepProgress): JobProgress => ({
  done: scored,
  total: total ?? 0,
  stage: stage === 'A' ? 1 : 2,
  ...(best === undefined || !Number.isFinite(best) ? {} : { best }),
});

const silent = (): AppError =>
  new AppError('WORKER_DIED', {
    rule: `A computation must show a sign of life every ${LIMITS.workerSilenceMsMax / 1000} s.`,
    found: 'a thread that showed none; it was ended.',
    todo: 'It is tried again; a strategy that loops without end must be mended.',
  });

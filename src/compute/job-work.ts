// What a job of the queue does: waits for room on the machine, computes in a thread, and makes room for whoever waits.
import { AppError, isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { Job, JobProgress, NewShard } from '../jobs/job.ts';
import { Cut, type JobContext } from '../jobs/job-context.ts';
import type { JobWork } from '../jobs/run-attempt.ts';
import type { Time } from '../jobs/time.ts';
import type { ShardResult, SweepShard } from '../sweep/shard.ts';
import type { CutRule } from '../sweep/shard-cut.ts';
import { type ComputeSetup, startComputation } from './compute-thread.ts';
import type { Demand, Machine, Release } from './machine.ts';
import { jobProgress, type TaskProgress } from './progress.ts';
import type { AnswerTo, ComputeShare, RunTask, ShardedTask, ShardTask, StudyTask, SweepTask } from './task.ts';

export interface JobWorkOptions {
  readonly machine: Machine;
  readonly time: Time;
  readonly surroundings: Pick<ComputeSetup, 'folder' | 'storeRoot' | 'engineVersion'>;
  /** Whose job it is, what is computed, and when it is cut. Errors: those of an invalid request. */
  readonly read: (job: Job) => JobOrder | Promise<JobOrder>;
  /** The job that a shard is a part of: all about it but its request. Errors: JOB_NOT_FOUND. */
  readonly parentOf: (shard: Job) => Promise<Job>;
  /** How long a job computes before it makes room for a request that waits; MAKES_ROOM_AFTER_MS unless given. */
  readonly makesRoomAfterMs?: number;
}

/** What a job asks for. */
export interface JobOrder {
  readonly user: string;
  readonly task: SweepTask | RunTask | StudyTask;
  /** When a sweep is cut; nothing else ever is. */
  readonly rule?: CutRule;
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

type JobTask = ShardedTask | ShardTask | RunTask | StudyTask;

/**
 * Runs sweeps, runs and studies by the same performTask as requests that wait. A sweep goes on from its checkpoint folder, a study from
 * its own; a large sweep is cut, and put together again when its shards are done.
 */
export function createJobWork(options: JobWorkOptions): JobWork {
  const work = async (job: Job, results: readonly Json[], context: JobContext): Promise<Json | Cut> => {
    const { user, task: asked, share } = await orderOf(job, results, options);
    const startedMs = options.time.monotonicMs();
    let taken = studyOf(context.resumed);
    // An attempt that dies goes on with this study, though the request would lead to another one by then.
    const onStudy = (study: string): void => {
      if (taken === undefined) void context.checkpoint({ study }).catch(() => undefined);
      taken = study;
    };
    const demand = { user, threads: share.workers, bytes: share.budgetBytes ?? 0, priority: priorityOf(job) };
    let progress = job.progress;
    for (;;) {
      const release = await waitForRoom(demand, progress, context, options);
      try {
        const task = asked.kind === 'study' ? goingOn(asked, taken, options.time.monotonicMs() - startedMs) : asked;
        const othersBytes = options.machine.status().bytesGranted - demand.bytes;
        const slice = await computeSlice(task, { job, context, progress, othersBytes, onStudy }, options);
        if ('answer' in slice) return outcomeOf(slice.answer);
        ({ progress } = slice);
      } finally {
        release();
      }
    }
  };
  return { run: (job, context) => work(job, [], context), merge: work };
}

/** A shard is a part of what its job asks for. */
async function orderOf(job: Job, results: readonly Json[], { read, parentOf }: JobWorkOptions) {
  const isShard = job.parentId !== undefined;
  const { user, task, rule } = await read(isShard ? { ...(await parentOf(job)), id: job.id } : job);
  if (task.kind === 'run') return { user, task, share: { workers: 1 } as ComputeShare };
  const { share } = task;
  if (task.kind === 'study') return { user, task, share };
  const part: JobTask = isShard
    ? { kind: 'shard', sweep: task, shard: job.request as unknown as SweepShard }
    : {
        kind: 'sharded',
        sweep: task,
        rule: rule ?? { shardSeconds: 0 },
        results: results as unknown as readonly ShardResult[],
      };
  return { user, task: part, share };
}

/** What the queue keeps: what the synchronous request would have answered, or what the merge needs of a shard. */
function outcomeOf(answer: AnswerTo<JobTask>): Json | Cut {
  if (answer.kind === 'sharded' && answer.shards !== undefined) return new Cut(answer.shards.map(newShard));
  const result = answer.kind === 'sharded' ? answer.whole : answer.kind === 'shard' ? answer.result : answer;
  // Through JSON once, so that members without a value are left out.
  return JSON.parse(JSON.stringify(result)) as Json;
}

function newShard(shard: SweepShard): NewShard {
  return {
    request: JSON.parse(JSON.stringify(shard)) as Json,
    progress: { done: 0, total: shard.variants ?? 0, stage: shard.stage === 'A' ? 1 : 2 },
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
  readonly onStudy: (name: string) => void;
  /** As of ComputeSetup. */
  readonly othersBytes: number;
}

type Slice = { readonly answer: AnswerTo<JobTask> } | { readonly progress: JobProgress };

/** Computes to the end, or until it is told to stop, or until somebody waits for its room. */
async function computeSlice(
  task: JobTask,
  { job, context, progress: before, othersBytes, onStudy }: SliceOf,
  { machine, time, surroundings, makesRoomAfterMs = MAKES_ROOM_AFTER_MS }: JobWorkOptions,
): Promise<Slice> {
  const startedMs = time.monotonicMs();
  let progress = before;
  let hasMoved = false;
  const onProgress = (made: TaskProgress): void => {
    hasMoved = true;
    progress = jobProgress(made);
  };
  const computation = startComputation(task, { ...surroundings, othersBytes }, { onProgress, onStudy });
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
    if (!isTold && !makesRoom && task.kind !== 'run' && isLongEnough && machine.isWantedAbove(priorityOf(job))) {
      makesRoom = true;
      computation.stop('cancelled', ROOM_GRACE_MS);
    }
  };
  const looking = setInterval(look, LOOK_MS);
  try {
    const answer = await computation.done;
    if (makesRoom && isPartial(answer)) return { progress };
    context.progress(progress);
    return { answer };
  } catch (error) {
    if (silence !== undefined) throw silence;
    if (makesRoom && !isTold && isAppError(error, 'CANCELLED')) return { progress };
    throw error;
  } finally {
    clearInterval(looking);
  }
}

const studyOf = (resumed: Json | undefined): string | undefined =>
  ((resumed ?? {}) as { readonly study?: string }).study;

/** The rest of a study of which an earlier slice, or an earlier attempt, did the beginning. */
const goingOn = (task: StudyTask, taken: string | undefined, spentMs: number): StudyTask => ({
  ...task,
  ...(taken === undefined ? {} : { taken }),
  ...(task.searchMs === undefined ? {} : { searchMs: Math.max(1, task.searchMs - spentMs) }),
});

const isPartial = (answer: AnswerTo<JobTask>): boolean => {
  if (answer.kind === 'run') return false;
  if (answer.kind === 'shard') return answer.result === null;
  const record = answer.kind === 'sharded' ? answer.whole?.record : answer.record;
  return (record?.partial ?? null) !== null;
};

const silent = (): AppError =>
  new AppError('WORKER_DIED', {
    rule: `A computation must show a sign of life every ${LIMITS.workerSilenceMsMax / 1000} s.`,
    found: 'a thread that showed none; it was ended.',
    todo: 'It is tried again; a strategy that loops without end must be mended.',
  });

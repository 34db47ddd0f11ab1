// Drives a cut sweep on a scheduler to its end: starts what is missing, watches what was handed in, starts again what was lost.

import type { StopToken } from '../core/cancel.ts';
import { AppError, type ErrorCode, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ArrayEngine, Task } from './array-engine.ts';
import type { ShardRun } from './manifest.ts';
import { type RunStatus, runStatus, stillMissing } from './merge-run.ts';
import type { ObjectStore } from './object-store.ts';

export interface RunProgress {
  readonly shards: number;
  readonly done: number;
  readonly running: number;
  readonly waiting: number;
}

export interface FollowHost {
  readonly objects: ObjectStore;
  readonly stop: StopToken;
  /** Tasks that share all shards. */
  readonly tasks: number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onProgress: (progress: RunProgress) => void;
  readonly onNote: (note: string) => void;
  /** Milliseconds between two looks; LOOK_MS when left out. */
  readonly everyMs?: number;
}

const LOOK_MS = 2_000;
/** Looks in a row at which a scheduler, or the shared place, may be silent: an hour. Shards go on meanwhile. */
const SILENT_LOOKS_MAX = 1_800;
/** The exit code of what is of no use to try again. */
const PERMANENT = 64;

/**
 * Ends when all shards are handed in. Started again with the same run and engine it goes on: what was handed in lies in the shared
 * place, and tasks are found by their name. A scheduler's word that a task succeeded counts for nothing.
 * Errors: CANCELLED after a stop, and SHARD_FAILED when one cannot be scored, with the tasks ended; ENGINE_REFUSED; ENGINE_UNREACHABLE and
 * OBJECTS_UNREACHABLE for a silence of an hour.
 */
export async function followRun(run: ShardRun, engine: ArrayEngine, host: FollowHost): Promise<void> {
  const { stop, tasks, sleep, onProgress, onNote, everyMs = LOOK_MS } = host;
  const attempts = new Map<number, number>();
  const heard = hearing(engine.name, 'ENGINE_UNREACHABLE', onNote);
  const seen = hearing('the shared place', 'OBJECTS_UNREACHABLE', onNote);
  for (;;) {
    // Tasks first: one that hands in and ends in between is seen to have handed in.
    const known = await heard(() => engine.look());
    const status = await seen(() => statusOf(run, known, host, attempts));
    if (status === undefined) {
      if (stop.reason() !== undefined) throw await cancelled(engine);
      await sleep(everyMs);
      continue;
    }
    const { shards, done, missing } = status;
    const count = (state: Task['state']): number => (known ?? []).filter((task) => task.state === state).length;
    onProgress({ shards, done: done.length, running: count('running'), waiting: count('waiting') });
    if (missing.length === 0) return;
    if (stop.reason() !== undefined) throw await cancelled(engine);
    if (known !== undefined) {
      const wanted = new Set(missing.map((index) => index % tasks));
      const lost = await lostTasks([...wanted], known, attempts, engine);
      const again = lost.filter((index) => attempts.has(index));
      if (again.length > 0) onNote(`starting task ${again.slice(0, TASKS_SAID).join(', ')} again`);
      if (lost.length > 0 && (await heard(() => engine.submit(lost).then(() => true))) === true) {
        for (const index of lost) attempts.set(index, (attempts.get(index) ?? 0) + 1);
      }
    }
    await sleep(everyMs);
  }
}

const TASKS_SAID = 10;

/** Asks; undefined while there is no answer. Tells of silence once, and of its end. Errors: the silence itself, when it lasts. */
type Hear = <T>(ask: () => Promise<T>) => Promise<T | undefined>;

function hearing(name: string, silence: ErrorCode, onNote: (note: string) => void): Hear {
  let silent = 0;
  return async (ask) => {
    try {
      const answer = await ask();
      if (silent > 0) onNote(`${name} answers again`);
      silent = 0;
      return answer;
    } catch (error) {
      if (!isAppError(error, silence) || ++silent > SILENT_LOOKS_MAX) throw error;
      if (silent === 1) onNote(`${name} does not answer; what runs goes on`);
      return undefined;
    }
  };
}

/** What is handed in. Before a task that has ended is taken for lost its shards are asked for by name: listings may be old. */
async function statusOf(
  run: ShardRun,
  known: readonly Task[] | undefined,
  { objects, tasks }: FollowHost,
  attempts: ReadonlyMap<number, number>,
): Promise<RunStatus> {
  const status = await runStatus(run, objects);
  if (known === undefined) return status;
  const living = new Set(known.filter(({ state }) => state !== 'ended').map(({ index }) => index));
  const isDoubtful = (index: number): boolean => attempts.has(index % tasks) && !living.has(index % tasks);
  const absent = new Set(await stillMissing(run, status.missing.filter(isDoubtful), objects));
  const isMissing = (index: number): boolean => !isDoubtful(index) || absent.has(index);
  const missing = status.missing.filter(isMissing);
  return { ...status, missing, done: [...status.done, ...status.missing.filter((index) => !isMissing(index))] };
}

/** Tasks with shards missing that nobody works on. Errors: SHARD_FAILED for one that was tried often enough, or need not be tried again. */
async function lostTasks(
  wanted: readonly number[],
  known: readonly Task[],
  attempts: ReadonlyMap<number, number>,
  engine: ArrayEngine,
): Promise<number[]> {
  const byIndex = new Map(known.map((task) => [task.index, task]));
  const lost: number[] = [];
  for (const index of wanted) {
    const task = byIndex.get(index);
    if (task !== undefined && task.state !== 'ended') continue;
    const tried = attempts.get(index) ?? 0;
    const isPermanent = tried > 0 && task?.exitCode === PERMANENT;
    if (isPermanent || tried >= startsMaxOf(task, engine)) {
      // Without this one the others are of no use, and would go on costing.
      await engine.cancel().catch(() => undefined);
      throw failed(index, task, tried, engine);
    }
    lost.push(index);
  }
  return lost;
}

/** The same shard takes the same memory: once more, for what else may have filled the machine. */
const STARTS_OUT_OF_MEMORY = 2;
const isOutOfMemory = (task: Task | undefined): boolean => /^(OUT_OF_MEMORY$|OutOfMemory)/.test(task?.reason ?? '');

function startsMaxOf(task: Task | undefined, { startsMax = LIMITS.shardAttemptsMax }: ArrayEngine): number {
  return isOutOfMemory(task) ? Math.min(STARTS_OUT_OF_MEMORY, startsMax) : startsMax;
}

function failed(index: number, task: Task | undefined, tried: number, engine: ArrayEngine): AppError {
  const how = task === undefined ? 'left no trace' : `ended with exit code ${task.exitCode} (${task.reason})`;
  const isMemory = task?.exitCode === 137 || isOutOfMemory(task);
  return new AppError('SHARD_FAILED', {
    found: `task ${index} ${how}, after ${tried} ${tried === 1 ? 'attempt' : 'attempts'}.`,
    todo: `${isMemory ? 'Give tasks more memory, or cut more shards. ' : ''}Its output: ${engine.logOf(index)}. What is handed in stays: the same command goes on from there.`,
  });
}

async function cancelled(engine: ArrayEngine): Promise<AppError> {
  await engine.cancel();
  return new AppError('CANCELLED', {
    found: `a stop; the tasks on ${engine.name} were ended.`,
    todo: 'What is handed in stays: the same command goes on from there.',
  });
}

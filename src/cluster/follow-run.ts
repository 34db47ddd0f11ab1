// Drives a cut sweep on a scheduler to its end: starts what is missing, watches what was handed in, starts again what was lost.

import type { StopToken } from '../core/cancel.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ArrayEngine, Task } from './array-engine.ts';
import type { ShardRun } from './manifest.ts';
import { runStatus } from './merge-run.ts';
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
/** Looks in a row at which a scheduler may be silent: an hour. Shards go on meanwhile. */
const SILENT_LOOKS_MAX = 1_800;
/** The exit code of what is of no use to try again. */
const PERMANENT = 64;

/**
 * Ends when all shards are handed in. Started again with the same run and engine it goes on: what was handed in lies in the shared
 * place, and tasks are found by their name. A scheduler's word that a task succeeded counts for nothing.
 * Errors: CANCELLED after a stop, with the tasks ended; SHARD_FAILED when one cannot be scored; ENGINE_REFUSED, ENGINE_UNREACHABLE.
 */
export async function followRun(run: ShardRun, engine: ArrayEngine, host: FollowHost): Promise<void> {
  const { objects, stop, tasks, sleep, onProgress, onNote, everyMs = LOOK_MS } = host;
  const attempts = new Map<number, number>();
  const heard = hearing(engine, onNote);
  for (;;) {
    // Tasks first: one that hands in and ends in between is seen to have handed in.
    const known = await lookAt(engine, heard);
    const { shards, done, missing } = await runStatus(run, objects);
    const count = (state: Task['state']): number => (known ?? []).filter((task) => task.state === state).length;
    onProgress({ shards, done: done.length, running: count('running'), waiting: count('waiting') });
    if (missing.length === 0) return;
    if (stop.reason() !== undefined) throw await cancelled(engine);
    if (known !== undefined) {
      const wanted = new Set(missing.map((index) => index % tasks));
      const lost = lostTasks([...wanted], known, attempts, engine);
      const again = lost.filter((index) => attempts.has(index));
      if (again.length > 0) onNote(`starting task ${again.slice(0, TASKS_SAID).join(', ')} again`);
      if (lost.length > 0 && (await submitTo(engine, lost, heard))) {
        for (const index of lost) attempts.set(index, (attempts.get(index) ?? 0) + 1);
      }
    }
    await sleep(everyMs);
  }
}

const TASKS_SAID = 10;

/** Tells of silence once, and of its end. Errors: the silence itself, when it lasts. */
type Hear = (silence: AppError | undefined) => void;

function hearing(engine: ArrayEngine, onNote: (note: string) => void): Hear {
  let silent = 0;
  return (silence) => {
    if (silence === undefined) {
      if (silent > 0) onNote(`${engine.name} answers again`);
      silent = 0;
      return;
    }
    if (++silent > SILENT_LOOKS_MAX) throw silence;
    if (silent === 1) onNote(`${engine.name} does not answer; what runs goes on`);
  };
}

const isSilence = (error: unknown): error is AppError => isAppError(error) && error.code === 'ENGINE_UNREACHABLE';

/** Undefined while the scheduler is silent. */
async function lookAt(engine: ArrayEngine, hear: Hear): Promise<readonly Task[] | undefined> {
  try {
    const known = await engine.look();
    hear(undefined);
    return known;
  } catch (error) {
    if (!isSilence(error)) throw error;
    hear(error);
    return undefined;
  }
}

/** Whether the scheduler took them. */
async function submitTo(engine: ArrayEngine, indices: readonly number[], hear: Hear): Promise<boolean> {
  try {
    await engine.submit(indices);
    return true;
  } catch (error) {
    if (!isSilence(error)) throw error;
    hear(error);
    return false;
  }
}

/** Tasks with shards missing that nobody works on. Errors: SHARD_FAILED for one that was tried often enough, or need not be tried again. */
function lostTasks(
  wanted: readonly number[],
  known: readonly Task[],
  attempts: ReadonlyMap<number, number>,
  engine: ArrayEngine,
): number[] {
  const byIndex = new Map(known.map((task) => [task.index, task]));
  return wanted.filter((index) => {
    const task = byIndex.get(index);
    if (task !== undefined && task.state !== 'ended') return false;
    const tried = attempts.get(index) ?? 0;
    const isPermanent = tried > 0 && task?.exitCode === PERMANENT;
    if (isPermanent || tried >= (engine.startsMax ?? LIMITS.shardAttemptsMax)) throw failed(index, task, tried, engine);
    return true;
  });
}

function failed(index: number, task: Task | undefined, tried: number, engine: ArrayEngine): AppError {
  const how = task === undefined ? 'left no trace' : `ended with exit code ${task.exitCode} (${task.reason})`;
  const isMemory = task?.exitCode === 137 || task?.reason === 'OUT_OF_MEMORY';
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

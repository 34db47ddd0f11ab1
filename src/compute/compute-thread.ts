// A computation in a thread of its own: the calling thread stays free to answer, stops it at a word, and outlives it.
import { Worker } from 'node:worker_threads';
import type { StopReason } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type PackedError, STOP_REASONS, unpackError } from '../pool/messages.ts';
import { removeTempsOfThread } from '../store/ended-thread.ts';
import { releaseStudiesOf } from '../store/study-store.ts';
import type { HandedCandles } from './handed-candles.ts';
import type { TaskProgress } from './progress.ts';
import type { AnswerTo, ComputeEvents, ComputeTask } from './task.ts';

/** What the thread is told when it starts. */
export interface ComputeSetup {
  readonly task: ComputeTask;
  readonly folder: string;
  readonly storeRoot: string;
  readonly engineVersion: string;
  /**
   * Bytes granted to other computations of this process: what is resident may be theirs, and does not count against the budget of
   * this one. None when left out.
   */
  readonly othersBytes?: number;
  /** Candles in shared memory, so that the thread need not read them. */
  readonly candles?: readonly HandedCandles[];
  /** One word of shared memory: an index of STOP_REASONS. */
  readonly stop: Int32Array;
  /** One word of shared memory that the thread counts up as long as it is not held up. */
  readonly pulse: Int32Array;
}

export type ComputeMessage =
  | { readonly progress: TaskProgress }
  | { readonly study: string }
  | { readonly answer: AnswerTo<ComputeTask> }
  | { readonly error: PackedError };

export interface Computation<Answer> {
  /** Errors: those of performTask; WORKER_DIED; CANCELLED or DEADLINE when it did not stop by itself in time. */
  readonly done: Promise<Answer>;
  /** A sweep answers with what it has by then; whatever does not answer within `graceMs` is ended. */
  stop(reason: StopReason, graceMs: number): void;
  /** Changes while the thread is not held up by anything for longer than PULSE_MS. */
  pulse(): number;
}

/** Between two signs of life. */
export const PULSE_MS = 250;

/** Longest that an answer waits for the end of its thread. */
const END_MS_MAX = 250;
const HEAP_MB_MIN = 64;
/** Room for new objects, of which V8 keeps three parts: more of it makes no sweep faster. */
const YOUNG_MB = 12;

const THREAD_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/thread/compute-thread.js' : '../thread/compute-thread.js',
  import.meta.url,
);

export function startComputation<Task extends ComputeTask>(
  task: Task,
  surroundings: Pick<ComputeSetup, 'folder' | 'storeRoot' | 'engineVersion' | 'candles' | 'othersBytes'>,
  events: ComputeEvents = {},
): Computation<AnswerTo<Task>> {
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(THREAD_FILE, {
    name: 'gridmill-compute',
    workerData: { ...surroundings, task, stop, pulse } satisfies ComputeSetup,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb(task), maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let endNow: (error: AppError) => void = () => undefined;
  let isEndedByForce = false;
  const done = new Promise<AnswerTo<Task>>((resolve, reject) => {
    endNow = reject;
    worker.on('message', (message: ComputeMessage) => {
      if ('progress' in message) events.onProgress?.(message.progress);
      else if ('study' in message) events.onStudy?.(message.study);
      else if ('error' in message) reject(unpackError(message.error));
      else resolve(message.answer as AnswerTo<Task>);
    });
    worker.on('error', (error) => reject(died(`threw ${String(error)}`)));
    worker.on('exit', (code) => reject(died(`left with exit code ${code}`)));
  });
  const { threadId } = worker;
  const ended = done.finally(async () => {
    await worker.terminate();
    // A thread that was ended could not let go of its study.
    if (task.kind === 'study') releaseStudiesOf(surroundings.storeRoot, threadId);
    if (isEndedByForce) removeTempsOfThread(surroundings.storeRoot, threadId);
  });
  ended.catch(() => undefined);
  return {
    done: atMostAfter(done, ended),
    pulse: () => Atomics.load(pulse, 0),
    stop(reason, graceMs) {
      Atomics.store(stop, 0, STOP_REASONS.indexOf(reason));
      const found = `a computation still running ${graceMs} ms after the stop; it was ended.`;
      const late = new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Ask for less.' });
      const end = (): void => {
        isEndedByForce = true;
        endNow(late);
      };
      setTimeout(end, graceMs).unref();
    },
  };
}

/** Code of strategies may run here: without a limit it could take what the machine has, whatever it was granted. */
function heapMb(task: ComputeTask): number {
  const budgetBytes = 'share' in task ? (task.share.budgetBytes ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return Math.max(HEAP_MB_MIN, Math.min(LIMITS.workerHeapMbMax, Math.ceil(budgetBytes / 2 ** 20)));
}

/** A thread that collects a large heap ends late: whoever waits for the answer is not held up by it for long. */
function atMostAfter<T>(done: Promise<T>, ended: Promise<T>): Promise<T> {
  const late = done.finally(() => new Promise((resolve) => setTimeout(resolve, END_MS_MAX).unref()));
  late.catch(() => undefined);
  return Promise.race([ended, late]);
}

const died = (how: string): AppError =>
  new AppError('WORKER_DIED', {
    rule: 'A computation must end with an answer.',
    found: `a thread that ${how}.`,
    todo: 'Run it again; --memory bounds what it takes.',
  });

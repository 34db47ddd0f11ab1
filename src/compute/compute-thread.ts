// A computation in a thread of its own: the calling thread stays free to answer, stops it at a word, and outlives it.
import { Worker } from 'node:worker_threads';
import type { StopReason } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { type PackedError, STOP_REASONS, unpackError } from '../pool/messages.ts';
import type { SweepProgress } from '../sweep/request.ts';
import type { HandedCandles } from './handed-candles.ts';
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
  | { readonly progress: SweepProgress }
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
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  let endNow: (error: AppError) => void = () => undefined;
  const done = new Promise<AnswerTo<Task>>((resolve, reject) => {
    endNow = reject;
    worker.on('message', (message: ComputeMessage) => {
      if ('progress' in message) events.onProgress?.(message.progress);
      else if ('error' in message) reject(unpackError(message.error));
      else resolve(message.answer as AnswerTo<Task>);
    });
    worker.on('error', (error) => reject(died(`threw ${String(error)}`)));
    worker.on('exit', (code) => reject(died(`left with exit code ${code}`)));
  });
  const ended = done.finally(() => worker.terminate());
  ended.catch(() => undefined);
  return {
    done: ended,
    pulse: () => Atomics.load(pulse, 0),
    stop(reason, graceMs) {
      Atomics.store(stop, 0, STOP_REASONS.indexOf(reason));
      const found = `a computation still running ${graceMs} ms after the stop; it was ended.`;
      const late = new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Ask for less.' });
      setTimeout(() => endNow(late), graceMs).unref();
    },
  };
}

const died = (how: string): AppError =>
  new AppError('WORKER_DIED', {
    rule: 'A computation must end with an answer.',
    found: `a thread that ${how}.`,
    todo: 'Run it again; --memory bounds what it takes.',
  });

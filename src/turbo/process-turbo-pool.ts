// A turbo pool of fenced processes: for strategies that nobody has read.
import { LIMITS } from '../core/limits.ts';
import { probeBoundary } from '../isolation/boundary.ts';
import { startProcessMember } from '../isolation/process-member.ts';
import { createTurboPool } from './turbo-pool.ts';
import type { TurboPool, TurboPoolOptions } from './turbo-port.ts';

export interface ProcessTurboPoolOptions extends Omit<TurboPoolOptions, 'start'> {
  /** Files and folders that processes may read, absolute: those of all strategies that will be opened. */
  readonly readable: readonly string[];
  /** Most megabytes of JavaScript heap of one process; LIMITS.workerHeapMbMax when left out. */
  readonly heapMb?: number;
  /** Most megabytes of resident memory of one process, candles included; four times the heap when left out. */
  readonly memoryMb?: number;
}

/** Processes run compiled code, bundled into one folder, also when this file itself is run from the sources. */
const PROCESS_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/process/trial-process.js' : '../process/trial-process.js',
  import.meta.url,
);

/** Starts the processes at once; they live until the pool is closed. Errors: REQUEST_INVALID. */
export function createProcessTurboPool(options: ProcessTurboPoolOptions): TurboPool {
  const { readable, heapMb = LIMITS.workerHeapMbMax, memoryMb = 4 * heapMb } = options;
  const boundary = probeBoundary();
  for (const phrase of boundary.missing) options.onNote?.(`Fenced processes: ${phrase}.`);
  const member = { entry: PROCESS_FILE, boundary, readable, heapMb, memoryBytesMax: memoryMb * 2 ** 20 };
  return createTurboPool({ ...options, start: (events) => startProcessMember(member, events) });
}

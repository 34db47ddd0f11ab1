// Scoring processes: what they are told in place of shared memory, and how many bytes one of them may take.
import { probeBoundary } from '../isolation/boundary.ts';
import { frameOf } from '../isolation/frames.ts';
import { startProcessMember } from '../isolation/process-member.ts';
import type { Candles } from '../market/candles.ts';
import type { ScoringContext } from '../sweep/score.ts';
import type { PoolSetup, StrategyRef } from './messages.ts';
import type { PoolOptions } from './pool.ts';
import { threadSetup } from './setup.ts';

export interface ProcessOptions {
  /** Files and folders that a process may read, absolute: the compiled strategy, the strategy's folder, the candle store. */
  readonly readable: readonly string[];
  /** Megabytes of resident memory of one process; by what it has to hold when left out. */
  readonly memoryMb?: number;
}

const MB = 2 ** 20;
/** Finished columns that one process keeps: each has its own, where threads share. */
const CACHE_BYTES = 256 * MB;
/** What Node takes before it has anything to do, and the fast engine's programs. */
const NODE_BYTES = 512 * MB;

/** As for threads, but nothing in it is shared: candles are copied, and every process computes its columns itself. */
export function processSetup(context: ScoringContext, strategyRef: StrategyRef): PoolSetup {
  const setup = threadSetup({ ...context, memory: undefined }, strategyRef);
  return { ...setup, cacheBytes: Math.min(setup.cacheBytes, CACHE_BYTES) };
}

export function processStarter(setup: PoolSetup, heapMb: number, options: ProcessOptions): PoolOptions['start'] {
  const { readable, memoryMb } = options;
  const boundary = probeBoundary();
  const memoryBytesMax =
    memoryMb === undefined ? NODE_BYTES + heapMb * MB + setup.cacheBytes + 3 * bytesOf(setup.history) : memoryMb * MB;
  const frame = frameOf({ ...setup, thread: 0 });
  return (events) =>
    startProcessMember({ entry: PROCESS_FILE, boundary, readable, setup: frame, heapMb, memoryBytesMax }, events);
}

const bytesOf = ({ barCount }: Candles): number => barCount * 6 * Float64Array.BYTES_PER_ELEMENT;

/** Processes run compiled code, bundled into one folder, also when this file itself is run from the sources. */
export const PROCESS_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/process/scoring-process.js' : '../process/scoring-process.js',
  import.meta.url,
);

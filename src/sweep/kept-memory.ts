// Keeps the fast engine's memory of the last sweep for the next one in the same process.
import type { Candles } from '../market/candles.ts';
import { type FastMemory, type FastMemoryPlan, openFastMemory, placeSources } from './fast-memory.ts';

/**
 * The collector does not feel the weight of shared memory, and would let that of dozens of sweeps pile up before it frees
 * the first. One is kept: the largest of late, as long as nobody works in it.
 */
let idle: FastMemory | undefined;

/** Bytes of the memory that is kept and that nobody works in. */
export const idleMemoryBytes = (): number => idle?.buffer.byteLength ?? 0;

/**
 * A memory of at least `plan.arenaBytes`, its content undefined but for the sources. It may be larger, by what
 * `spareBytes` allow. Give it back when all threads that were told of it have ended.
 */
export function borrowFastMemory(plan: FastMemoryPlan, history: Candles, spareBytes: number): FastMemory {
  const found = idle;
  idle = undefined;
  const more = (found?.buffer.byteLength ?? 0) - plan.arenaBytes;
  if (found === undefined || more < 0 || more > spareBytes) return openFastMemory(plan, history);
  const memory = { ...found, plan, thread: 0 };
  placeSources(memory, history);
  return memory;
}

export function returnFastMemory(memory: FastMemory): void {
  if (memory.buffer.byteLength >= idleMemoryBytes()) idle = memory;
}

/** Lets go of the memory that is kept. */
export function dropIdleMemory(): void {
  idle = undefined;
}

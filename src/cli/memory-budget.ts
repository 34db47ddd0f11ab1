// The memory of one command: what was given, when there is so much, or a share of what there is.
import { checkWithinMemory, memoryShares } from '../core/memory-shares.ts';
import type { Host } from './host.ts';

/** Bytes. Errors: BUDGET_BYTES for more than the machine or the container has. */
export function memoryBudget(given: number | undefined, host: Pick<Host, 'machineBytes'>): number {
  const memoryBytes = host.machineBytes();
  if (given === undefined) return memoryShares(memoryBytes).commandBytes;
  checkWithinMemory([{ name: '--memory', bytes: given }], memoryBytes);
  return given;
}

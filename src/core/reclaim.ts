// Gives memory that was let go back to the system.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collects the garbage of the thread it was made in, also when guards have taken the modules away since. */
export function createCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}

/**
 * Collects garbage. Shared memory has no weight for the collector: 200 series of 25 MB, one after the other, leave 5 GB
 * resident before it moves by itself, and 0.2 GB when it is asked after every fourth. Takes 6 to 8 ms in a small heap.
 */
export function reclaimMemory(): void {
  createCollector()();
}

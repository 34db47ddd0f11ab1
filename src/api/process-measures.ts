// Measures of the process and its store that alerts are made of: since when it runs, whether it is ready, memory and disk left.
import { REAL_DISK } from '../store/disk.ts';
import type { Exposition } from './prometheus.ts';
import { isStoreReadable } from './routes/health.ts';
import type { RouteContext } from './surroundings.ts';

/** Made when the service starts; writes the measures as of each call. */
export function createProcessMeasures(context: RouteContext): (out: Exposition) => void {
  const startedSeconds = context.clock.wallMs() / 1000;
  return (out) => {
    out.gauge('gridmill_start_time_seconds', 'When the service started, in seconds since 1970.', startedSeconds);
    out.gauge('gridmill_ready', 'Whether it takes work: 1 when /readyz says so.', Number(isStoreReadable(context)));
    out.gauge('gridmill_memory_bytes', 'Memory of the machine, or of the container.', context.memoryBytes);
    out.gauge('gridmill_store_free_bytes', 'Disk left where the store lies.', freeBytes(context.storeRoot));
  };
}

function freeBytes(storeRoot: string): number | null {
  try {
    return REAL_DISK.freeBytes(storeRoot);
  } catch {
    // Not there yet: nothing is stored.
    return null;
  }
}

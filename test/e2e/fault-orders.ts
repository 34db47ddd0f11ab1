// Orders to the faults that kill-points.mjs puts into a service: which call kills it, how slow its disk is, where its clock goes.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workplace } from './cli-harness.ts';

export type Order = 'kill' | 'slow' | 'in-place' | 'clock' | 'record';
/** What the faults write. */
export type Trace = 'killed' | 'calls' | 'saves';

export interface FaultOrders {
  /** The environment of a process that obeys. */
  readonly environment: Readonly<Record<string, string>>;
  give(name: Order, text?: string): void;
  withdraw(...names: readonly (Order | Trace)[]): void;
  /** Lines of a trace; none when there is none. */
  trace(name: Trace): string[];
}

const HOOK = fileURLToPath(new URL('./kill-points.mjs', import.meta.url));

export function createFaultOrders(place: Workplace): FaultOrders {
  const folder = join(place.folder, 'points');
  mkdirSync(folder);
  const path = (name: string): string => join(folder, name);
  return {
    environment: {
      GRIDMILL_TEST_POINTS: folder,
      NODE_OPTIONS: `--import=${HOOK}`,
      // One test asks much more often than one user would.
      GRIDMILL_SERVER_REQUESTS_PER_SECOND: '100000',
    },
    give: (name, text = '') => writeFileSync(path(name), text),
    withdraw(...names) {
      for (const name of names) rmSync(path(name), { force: true });
    },
    trace: (name) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8').trim().split('\n') : []),
  };
}

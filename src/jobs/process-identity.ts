// Tells processes apart for certain, by boot, process namespace, id and start time. Linux; elsewhere nothing is certain.
import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from './job.ts';
import type { StoreReach } from './job-store.ts';

export interface Liveness {
  /** Of this process; undefined where the system does not say. */
  readonly self: ProcessIdentity | undefined;
  /** True only when the process has certainly ended. */
  isGone(process: ProcessIdentity, reach: StoreReach): boolean;
}

/** The few things the system says about processes. */
export interface ProcessFacts {
  /** Undefined when there is no such file; any other failure throws. */
  read(path: string): string | undefined;
  readLink(path: string): string | undefined;
  /** Whether the id is in use, by whomever. */
  isInUse(pid: number): boolean;
}

const FACTS: ProcessFacts = {
  read: (path) => unlessAbsent(() => readFileSync(path, 'utf8')),
  readLink: (path) => unlessAbsent(() => readlinkSync(path)),
  isInUse: (pid) => unlessAbsent(() => process.kill(pid, 0), true) ?? false,
};

/** Nothing is ever certain: leases end by time only. */
export const NO_LIVENESS: Liveness = { self: undefined, isGone: () => false };

export function createLiveness(pid: number = process.pid, facts: ProcessFacts = FACTS): Liveness {
  const self = identify(pid, facts);
  if (self === undefined) return NO_LIVENESS;
  return {
    self,
    isGone(other, reach) {
      if (reach === 'process') return false;
      // An earlier boot, another machine, or a container that was given a boot of its own.
      if (other.boot !== self.boot) return false;
      // Another container on this kernel: its process ids mean nothing here.
      if (other.namespace !== self.namespace) return false;
      try {
        const now = statOf(facts, other.pid);
        // Files of other users' processes may be hidden; their ids are not.
        if (now === undefined) return !facts.isInUse(other.pid);
        return now.startTicks !== other.startTicks || now.isDead;
      } catch {
        return false;
      }
    },
  };
}

function identify(pid: number, facts: ProcessFacts): ProcessIdentity | undefined {
  try {
    const boot = facts.read('/proc/sys/kernel/random/boot_id')?.trim();
    const namespace = facts.readLink('/proc/self/ns/pid');
    const own = statOf(facts, pid);
    if (boot === undefined || namespace === undefined || own === undefined) return undefined;
    return { boot, namespace, pid, startTicks: own.startTicks };
  } catch {
    return undefined;
  }
}

/** Fields 3 (state) and 22 (start time) of /proc/PID/stat; field 2 is a name that may hold spaces and parentheses. */
function statOf(
  facts: ProcessFacts,
  pid: number,
): { readonly startTicks: string; readonly isDead: boolean } | undefined {
  const text = facts.read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const startTicks = fields[19];
  return startTicks === undefined ? undefined : { startTicks, isDead: fields[0] === 'Z' || fields[0] === 'X' };
}

/** `onDenied` answers for what exists and belongs to somebody else. */
function unlessAbsent<T>(ask: () => T, onDenied?: T): T | undefined {
  try {
    return ask();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    if (code === 'EPERM' && onDenied !== undefined) return onDenied;
    throw error;
  }
}

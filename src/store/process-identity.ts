// Tells a process that lives from one that is gone, also when its id has been given to another since.
import { readFileSync, readlinkSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Of the boot of the machine, and the start of the process in its clock ticks; empty where the system tells neither. */
  readonly boot: string;
  readonly started: string;
}

export const ownIdentity = (): ProcessIdentity => identityOf(process.pid);

/** Whether the process runs on this machine now. */
export function isRunning({ pid, boot, started }: ProcessIdentity): boolean {
  const now = identityOf(pid);
  if (now.boot !== boot) return false;
  if (now.started !== '' || started !== '') return now.started === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Of the processes of the machine itself, on every Linux. */
const FIRST_NAMESPACE = '4026531836';

/**
 * The number of the container's own count of processes; undefined outside of containers and where the system does not tell. Ids of
 * processes say nothing across such counts.
 */
export function processNamespace(link: string = linkOf('/proc/self/ns/pid')): string | undefined {
  const number = /^pid:\[(\d+)\]$/.exec(link)?.[1];
  return number === FIRST_NAMESPACE ? undefined : number;
}

/** Of any process; without a start when there is none of that id. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, boot: textOf('/proc/sys/kernel/random/boot_id').trim(), started: startOf(textOf(`/proc/${pid}/stat`)) };
}

/** Field 22 of /proc/PID/stat. The name of the program, in brackets, may hold anything. A zombie runs no more. */
function startOf(stat: string): string {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

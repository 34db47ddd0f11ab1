// Tells a process that lives from one that is gone, also when its id has been given to another since.
import { readFileSync } from 'node:fs';

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

/** Of any process; without a start when there is none of that id. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, boot: textOf('/proc/sys/kernel/random/boot_id').trim(), started: startOf(textOf(`/proc/${pid}/stat`)) };
}

/** Field 22 of /proc/PID/stat. The name of the program, in brackets, may hold anything. A zombie runs no more. */
function startOf(stat: string): string {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

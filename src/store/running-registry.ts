// The register of services, workers and studies that run: one file each with what memory it was granted; those of the dead do not count.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Disk, REAL_DISK, systemCode } from './disk.ts';
import { durableWrite } from './durable-write.ts';
import { isRunning, ownIdentity, type ProcessIdentity, processNamespace } from './process-identity.ts';
import { findFolder, makeFolder, withFile, writing } from './store-folder.ts';

export interface RunningEntry {
  readonly process: ProcessIdentity;
  readonly memoryBytes: number;
  readonly workers: number;
  /** What it runs, for people. */
  readonly label: string;
  /** Of a service: where it answers, as far as that is known; studies can be handed to it. */
  readonly url?: string;
}

/**
 * Containers that share a store have a folder each: they number their processes for themselves, and each has memory of its own. A
 * number is given again when its container has ended, and with it the folder.
 */
const folderOf = (namespace: string | undefined): string[] => [
  'running',
  ...(namespace === undefined ? [] : [namespace]),
];
const FOLDER = folderOf(processNamespace());
const FILE_NAME = /^(\d{1,10})\.json$/;
const ENTRY_BYTES_MAX = 4_096;

/** The living processes of the register; files of dead ones are removed. Errors: STORE_UNWRITABLE. */
export function listRunning(root: string, disk: Disk = REAL_DISK): RunningEntry[] {
  return writing(root, () => {
    const folder = findFolder(disk, root, FOLDER);
    if (folder === undefined) return [];
    const files = disk.list(folder).filter(({ name }) => FILE_NAME.test(name));
    return files.slice(0, LIMITS.runningMax).flatMap(({ name }) => {
      const entry = readEntry(disk, join(folder, name));
      if (entry !== undefined && isRunning(entry.process)) return [entry];
      removeQuietly(disk, join(folder, name));
      return [];
    });
  });
}

/**
 * Enters this process. The sum of all grants must stay within `machineBytes`; of two that enter at once and do not fit
 * together, both may be refused. Answers the undo. Errors: BUDGET_BYTES with the sums, STORE_UNWRITABLE.
 */
export function enterRunning(
  root: string,
  wanted: Omit<RunningEntry, 'process'>,
  machineBytes: number,
  disk: Disk = REAL_DISK,
): () => void {
  const entry: RunningEntry = { process: ownIdentity(), ...wanted };
  const folder = writing(root, () => makeFolder(disk, root, FOLDER));
  const path = join(folder, `${entry.process.pid}.json`);
  durableWrite(disk, path, [Buffer.from(JSON.stringify(entry))]);
  const leave = (): void => removeQuietly(disk, path);
  // Entered first and looked second: whoever comes later sees this one.
  const others = listRunning(root, disk).filter(({ process }) => process.pid !== entry.process.pid);
  const taken = others.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  if (taken + wanted.memoryBytes <= machineBytes) return leave;
  leave();
  throw doesNotFit(wanted, others, taken, machineBytes);
}

function doesNotFit(
  { memoryBytes }: Pick<RunningEntry, 'memoryBytes'>,
  others: readonly RunningEntry[],
  taken: number,
  machineBytes: number,
): AppError {
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
  const list = others
    .slice(0, 5)
    .map(({ process, memoryBytes: bytes, label }) => `${mb(bytes)} for ${label} (process ${process.pid})`)
    .join(', ');
  const free = Math.max(0, machineBytes - taken);
  const url = others.find((other) => other.url !== undefined)?.url;
  const service = url === undefined ? '' : `; or hand the study to the service: --server ${url}`;
  return new AppError('BUDGET_BYTES', {
    rule: 'What runs on one machine must fit its memory together.',
    found:
      others.length === 0
        ? `${mb(memoryBytes)} wanted, and the machine has ${mb(machineBytes)}.`
        : `${mb(memoryBytes)} wanted + ${list} = ${mb(memoryBytes + taken)}, and the machine has ${mb(machineBytes)}.`,
    todo:
      others.length === 0
        ? `Give --memory of at most ${mb(machineBytes).replace(/[ ,]/g, '')}, or fewer --workers.`
        : `${mb(free)} are free: give a smaller --memory with fewer --workers, or wait for the others to end${service}.`,
  });
}

function readEntry(disk: Disk, path: string): RunningEntry | undefined {
  try {
    const text = withFile(disk, path, (read, size) => {
      const bytes = new Uint8Array(Math.min(size, ENTRY_BYTES_MAX));
      read(bytes, 0);
      return new TextDecoder().decode(bytes);
    });
    const entry = JSON.parse(text ?? 'null') as Partial<RunningEntry> | null;
    const { process, memoryBytes } = entry ?? {};
    const isWhole = typeof process?.pid === 'number' && typeof memoryBytes === 'number' && memoryBytes >= 0;
    return isWhole ? (entry as RunningEntry) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Somebody else may have been faster. */
function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

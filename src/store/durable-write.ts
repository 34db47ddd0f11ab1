// Writes a file so that after any crash a reader finds the old one or the new one, whole.
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { AppError } from '../core/errors.ts';
import { type Disk, systemCode, systemPath } from './disk.ts';
import { writeFully } from './disk-bytes.ts';

/** Temporary files are `.<name>.<pid>-<thread>-<count>.tmp`, hidden and beside their target. */
const TEMP_NAME = /^\..+\.(\d+)-(\d+)-(\d+)\.tmp$/;
/** A recovery elsewhere may take our temporary file for abandoned (another container, another pid space). */
const ATTEMPTS_MAX = 3;

let tempCount = 0;
const tempsInUse = new Set<string>();

/**
 * Writes `chunks`, one after the other, as the file `path`: temporary file beside it, fsync, rename, fsync of the
 * folder. On return the new file survives a power loss; on an error the old file is there as it was, unless only the
 * last step failed, when the new one is. The folder must exist. `mode` is that of the file: readable by all by default.
 * Errors: STORE_FULL when the disk is, else STORE_UNWRITABLE.
 */
export function durableWrite(disk: Disk, path: string, chunks: readonly Uint8Array[], mode?: number): void {
  for (let attempt = 1; ; attempt++) {
    try {
      writeOnce(disk, path, chunks, mode);
      return;
    } catch (error) {
      if (systemCode(error) === 'ENOENT' && attempt < ATTEMPTS_MAX) continue;
      throw storeError(error, path);
    }
  }
}

function writeOnce(disk: Disk, path: string, chunks: readonly Uint8Array[], mode: number | undefined): void {
  writeBeside(disk, path, chunks, mode, (temp) => disk.rename(temp, path));
  disk.syncFolder(dirname(path));
}

/** Writes and syncs a temporary file, then lets `place` make it the file. */
function writeBeside(
  disk: Disk,
  path: string,
  chunks: readonly Uint8Array[],
  mode: number | undefined,
  place: (temp: string) => void,
): void {
  const folder = dirname(path);
  const [temp, handle] = createTemp(disk, folder, path.slice(folder.length + 1), mode);
  let isOpen = true;
  try {
    for (const chunk of chunks) writeFully(disk, handle, chunk);
    disk.sync(handle);
    isOpen = false;
    disk.close(handle);
    place(temp);
  } catch (error) {
    if (isOpen) quietly(() => disk.close(handle));
    quietly(() => disk.remove(temp));
    throw error;
  } finally {
    tempsInUse.delete(temp);
  }
}

/**
 * Like durableWrite for a file that must not be there: of several writers at once, on one machine or on many that share the folder,
 * one makes it. Answers false when it is there already, and leaves it as it is.
 * Errors: STORE_FULL when the disk is, else STORE_UNWRITABLE.
 */
export function durableCreate(disk: Disk, path: string, chunks: readonly Uint8Array[]): boolean {
  for (let attempt = 1; ; attempt++) {
    try {
      // What is there may be of a writer that has not come to this yet, and is promised from here on.
      if (disk.inspect(path) !== undefined) {
        disk.syncFolder(dirname(path));
        return false;
      }
      writeBeside(disk, path, chunks, undefined, (temp) => {
        disk.link(temp, path);
        quietly(() => disk.remove(temp));
      });
      disk.syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue;
      if (systemCode(error) === 'ENOENT' && attempt < ATTEMPTS_MAX) continue;
      throw storeError(error, path);
    }
  }
}

function createTemp(
  disk: Disk,
  folder: string,
  name: string,
  mode: number | undefined,
): [path: string, handle: number] {
  for (;;) {
    const path = join(folder, `.${name}.${process.pid}-${threadId}-${tempCount++}.tmp`);
    try {
      const handle = disk.create(path, mode);
      tempsInUse.add(path);
      return [path, handle];
    } catch (error) {
      // A leftover of an earlier process with our id: take the next name.
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** Clean-up after a failure that is being reported already; a leftover is removed by removeAbandonedTemps. */
function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The first error is the one to report.
  }
}

/**
 * Removes temporary files in `folder` whose writer is gone, and answers how many. A file of a live process stays, but for
 * those of `endedThread`, a thread of this process that was ended.
 */
export function removeAbandonedTemps(disk: Disk, folder: string, endedThread?: number): number {
  let removed = 0;
  for (const { name } of disk.list(folder)) {
    const match = TEMP_NAME.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    const isOwn = Number(match[1]) === process.pid;
    const thread = Number(match[2]);
    // Other threads of this process look after their own as long as they live.
    const isHeld = thread === threadId ? tempsInUse.has(path) : thread !== endedThread;
    const inUse = isOwn ? isHeld : disk.isProcessAlive(Number(match[1]));
    if (inUse) continue;
    try {
      disk.remove(path);
      removed++;
    } catch (error) {
      // Another recovery was faster.
      if (systemCode(error) !== 'ENOENT') throw error;
    }
  }
  return removed;
}

const FULL_CODES: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** What a failed write, rename or removal means to the user. Errors that are AppErrors already pass through. */
export function storeError(error: unknown, target: string): Error {
  const code = systemCode(error);
  const path = systemPath(error) ?? target;
  if (error instanceof AppError || code === undefined) return error as Error;
  if (FULL_CODES.includes(code)) {
    return new AppError('STORE_FULL', {
      rule: 'The disk must have room for the store.',
      found: `${code} while writing ${path}.`,
      todo: 'Free space or choose another store folder.',
      cause: error,
    });
  }
  return new AppError('STORE_UNWRITABLE', {
    found: `${code} at ${path}.`,
    todo: 'Check the folder, its permissions and its disk.',
    cause: error,
  });
}

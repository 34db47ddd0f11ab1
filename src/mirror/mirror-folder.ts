// The folder of mirror files in memory-backed storage: one file per content, shared by the processes that use it.
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { AppError, isAppError } from '../core/errors.ts';
import type { Candles } from '../market/candles.ts';
import { type Disk, REAL_DISK, systemCode } from '../store/disk.ts';
import { durableWrite, removeAbandonedTemps, storeError } from '../store/durable-write.ts';
import { megabytes } from './memory-text.ts';
import { encodeMirrorFile, mirrorFileBytes } from './mirror-file.ts';

export interface MirrorFolderOptions {
  /** Default: gridmill-<user> in /dev/shm, which is memory. */
  readonly folder?: string;
  /** Most bytes of mirror files in the folder, those of other processes among them. */
  readonly bytesMax: number;
}

/** The right of one mirror to a file: while it lasts nobody removes the file. */
export interface FileLease {
  readonly path: string;
  /** Lets go; the file is removed when no living process holds it. */
  release(): void;
}

export interface MirrorFolder {
  readonly path: string;
  readonly bytesMax: number;
  /** The file of this content, when there is one. */
  find(contentHash: string): FileLease | undefined;
  /** The file of this content, written unless it is there. Undefined, with a note, when it cannot be. */
  write(contentHash: string, candles: Candles): FileLease | undefined;
  /** Removes a damaged file, so that it is written anew. */
  discard(contentHash: string): void;
  /** Files and bytes in the folder, whoever wrote them. */
  usage(): { readonly files: number; readonly bytes: number };
}

/** `<contentHash>.candles` holds candles; `<contentHash>.<pid>-<thread>-<count>.use` says that a process uses them. */
const CANDLES_NAME = /^([0-9a-f]{64})\.candles$/;
const USE_NAME = /^([0-9a-f]{64})\.(\d+)-(\d+)-(\d+)\.use$/;
const TEMP_NAME = /^\.[0-9a-f]{64}\.candles\..+\.tmp$/;
/** For this user alone: candles bought from a vendor are nobody else's business. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

let useCount = 0;
const ownUses = new Set<string>();

/**
 * Opens the folder, or one in the temporary folder of the system where the first cannot serve; a note says so. Undefined
 * when neither can: the mirror then goes on without. Files that no living process uses are removed.
 */
export function openMirrorFolder(
  options: MirrorFolderOptions,
  onNote: (note: string) => void,
  disk: Disk = REAL_DISK,
): MirrorFolder | undefined {
  const name = `gridmill-${process.getuid?.() ?? 'user'}`;
  const places = [options.folder ?? join('/dev/shm', name), join(tmpdir(), name)];
  for (const [n, path] of places.entries()) {
    const trouble = prepare(disk, path, options.bytesMax);
    if (trouble === undefined) return folderAt(disk, path, options.bytesMax, onNote);
    const next = n + 1 < places.length ? `${places[n + 1]} is tried instead` : 'workers read from the mirror alone';
    onNote(`Mirror files cannot lie in ${path}: ${trouble}; ${next}.`);
  }
  return undefined;
}

/** Makes the folder ready and answers what is wrong with it. */
function prepare(disk: Disk, path: string, bytesMax: number): string | undefined {
  try {
    // Only the last part is ours to make.
    if (disk.inspect(dirname(path))?.kind !== 'folder') return `${dirname(path)} is not a folder`;
    if (disk.inspect(path) === undefined) disk.makeFolder(path, FOLDER_MODE);
    // In a folder that everyone may write to, anybody could have put a link or a folder of his own here.
    if (disk.inspect(path)?.kind !== 'folder') return 'it is a link or a file';
    if (!disk.isPrivate(path)) return 'it belongs to another user, or others have access to it';
    const trial = join(path, `.trial.${process.pid}-${threadId}-${useCount++}.tmp`);
    disk.close(disk.create(trial, FILE_MODE));
    disk.remove(trial);
    clean(disk, path);
    const room = disk.freeBytes(path) + usageOf(disk, path).bytes;
    return room < bytesMax ? `it has room for ${megabytes(room)}, not for ${megabytes(bytesMax)}` : undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code;
  }
}

function folderAt(disk: Disk, path: string, bytesMax: number, onNote: (note: string) => void): MirrorFolder {
  const pathOf = (contentHash: string): string => {
    assert(/^[0-9a-f]{64}$/.test(contentHash), 'mirror files are named by content hashes');
    return join(path, `${contentHash}.candles`);
  };
  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      const known = storeError(error, path);
      if (!isAppError(known)) throw error;
      onNote(`The mirror goes on without a file: ${known.message}`);
      return undefined;
    }
  };
  const isThere = (file: string): boolean => disk.inspect(file)?.kind === 'file';
  return {
    path,
    bytesMax,
    find: (contentHash) =>
      attempt(() => {
        const file = pathOf(contentHash);
        if (!isThere(file)) return undefined;
        return leaseOf(disk, path, contentHash, file);
      }),
    write: (contentHash, candles) =>
      attempt(() => {
        const file = pathOf(contentHash);
        // The mark comes first: from now on no cleaning takes the file away.
        const lease = leaseOf(disk, path, contentHash, file);
        try {
          if (!isThere(file)) {
            makeRoom(disk, path, mirrorFileBytes(candles.barCount), bytesMax);
            durableWrite(disk, file, encodeMirrorFile(candles, contentHash), FILE_MODE);
          }
          return lease;
        } catch (error) {
          lease.release();
          throw error;
        }
      }),
    discard: (contentHash) => void attempt(() => removeQuietly(disk, pathOf(contentHash))),
    usage: () => attempt(() => usageOf(disk, path)) ?? { files: 0, bytes: 0 },
  };
}

function leaseOf(disk: Disk, folder: string, contentHash: string, file: string): FileLease {
  const use = createUse(disk, folder, contentHash);
  let isHeld = true;
  return {
    path: file,
    release() {
      if (!isHeld) return;
      isHeld = false;
      ownUses.delete(use);
      try {
        removeQuietly(disk, use);
        clean(disk, folder);
      } catch (error) {
        // What cannot be removed now is removed by whoever opens the folder next.
        if (systemCode(error) === undefined) throw error;
      }
    },
  };
}

function createUse(disk: Disk, folder: string, contentHash: string): string {
  for (;;) {
    const use = join(folder, `${contentHash}.${process.pid}-${threadId}-${useCount++}.use`);
    try {
      disk.close(disk.create(use, FILE_MODE));
      ownUses.add(use);
      return use;
    } catch (error) {
      // A leftover of an earlier process with our id.
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** Errors: STORE_FULL when the file would not fit the cap. */
function makeRoom(disk: Disk, folder: string, newBytes: number, bytesMax: number): void {
  clean(disk, folder);
  const { bytes } = usageOf(disk, folder);
  if (bytes + newBytes <= bytesMax) return;
  throw new AppError('STORE_FULL', {
    rule: 'Mirror files must stay within their bytes.',
    found: `${megabytes(newBytes)} beside ${megabytes(bytes)} in ${folder}; the limit is ${megabytes(bytesMax)}.`,
    todo: 'Raise the limit, or mirror fewer candles.',
  });
}

/** Removes what dead processes left: marks, half-written files, and candles that no living process uses. */
function clean(disk: Disk, folder: string): void {
  removeAbandonedTemps(disk, folder);
  for (const name of fileNames(disk, folder)) {
    const contentHash = CANDLES_NAME.exec(name)?.[1];
    // Marks are looked at anew for each file: one may have been made since. Who is late by less than that finds no file
    // and reads the store; who has the file open keeps it.
    if (contentHash !== undefined && !isUsed(disk, folder, contentHash)) removeQuietly(disk, join(folder, name));
  }
  for (const name of fileNames(disk, folder)) {
    if (USE_NAME.test(name) && !isLiving(disk, folder, name)) removeQuietly(disk, join(folder, name));
  }
}

const isUsed = (disk: Disk, folder: string, contentHash: string): boolean =>
  fileNames(disk, folder).some((name) => name.startsWith(contentHash) && isLiving(disk, folder, name));

const fileNames = (disk: Disk, folder: string): string[] =>
  disk.list(folder).flatMap(({ name, kind }) => (kind === 'file' ? [name] : []));

/** Whether `name` is the mark of a process that runs. */
function isLiving(disk: Disk, folder: string, name: string): boolean {
  const match = USE_NAME.exec(name);
  if (match === null) return false;
  const [pid, thread] = [Number(match[2]), Number(match[3])];
  if (pid !== process.pid) return disk.isProcessAlive(pid);
  // Other threads of this process look after their own; ours that we do not know are of an earlier process.
  return thread !== threadId || ownUses.has(join(folder, name));
}

function usageOf(disk: Disk, folder: string): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  for (const { name, kind } of disk.list(folder)) {
    const isCandles = CANDLES_NAME.test(name);
    if (kind !== 'file' || (!isCandles && !TEMP_NAME.test(name))) continue;
    if (isCandles) files++;
    bytes += disk.inspect(join(folder, name))?.bytes ?? 0;
  }
  return { files, bytes };
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    // Somebody else was faster.
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

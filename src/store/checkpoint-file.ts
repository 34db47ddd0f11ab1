// The checkpoint of a sweep on disk: one checked JSON file in a folder of the user's choice, replaced whole.
import { join } from 'node:path';
import { AppError, isAppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { type Disk, REAL_DISK, systemCode } from './disk.ts';
import { durableWrite, removeAbandonedTemps, storeError } from './durable-write.ts';
import { decodeResult, encodeResult } from './result-file.ts';
import { readWhole } from './store-folder.ts';

const FILE_NAME = 'sweep.checkpoint';

/** Saves and loads one value in `folder`, which is created. A damaged file is an error, never a fresh start. */
export interface CheckpointFile {
  load(): Json | undefined;
  save(value: Json): void;
  clear(): void;
}

/** Errors: STORE_UNWRITABLE, STORE_FULL; RESULT_CORRUPT when the file does not match its checksum. */
export function openCheckpointFile(folder: string, disk: Disk = REAL_DISK): CheckpointFile {
  const path = join(folder, FILE_NAME);
  try {
    disk.makeFolder(folder);
    removeAbandonedTemps(disk, folder);
  } catch (cause) {
    const error = storeError(cause, folder);
    if (isAppError(error, 'STORE_FULL')) throw error;
    throw new AppError('STORE_UNWRITABLE', {
      found: `the checkpoint folder ${folder} (${systemCode(cause) ?? String(cause)}).`,
      todo: 'Choose another folder with --checkpoint.',
      cause,
    });
  }
  return {
    load() {
      const bytes = readWhole(disk, path);
      return bytes && decodeResult(path, bytes).body;
    },
    save(value) {
      const bytes = encodeResult({
        format: 'gridmill-result',
        createdAt: 0,
        summary: { kind: 'checkpoint' },
        body: value,
      });
      durableWrite(disk, path, [bytes]);
    },
    clear() {
      if (disk.inspect(path) === undefined) return;
      disk.remove(path);
      disk.syncFolder(folder);
    },
  };
}

/** Whether progress is kept in `folder`, sound or not. */
export const hasCheckpoint = (folder: string, disk: Disk = REAL_DISK): boolean =>
  disk.inspect(join(folder, FILE_NAME)) !== undefined;

/** Names of the folders in `root`; none where it is absent. */
export function listCheckpointFolders(root: string, disk: Disk = REAL_DISK): string[] {
  if (disk.inspect(root) === undefined) return [];
  return disk.list(root).flatMap(({ name, kind }) => (kind === 'folder' ? [name] : []));
}

/** Removes a checkpoint with its folder; nothing happens where there is none, or where the folder holds anything else. */
export function removeCheckpointFolder(folder: string, disk: Disk = REAL_DISK): void {
  try {
    removeAbandonedTemps(disk, folder);
    const path = join(folder, FILE_NAME);
    if (disk.inspect(path) !== undefined) disk.remove(path);
    disk.removeFolder(folder);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  }
}

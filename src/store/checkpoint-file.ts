// The checkpoint of a sweep on disk: one checked JSON file in a folder of the user's choice, replaced whole.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { type Disk, REAL_DISK, systemCode } from './disk.ts';
import { durableWrite, removeAbandonedTemps } from './durable-write.ts';
import { decodeResult, encodeResult } from './result-file.ts';

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
    throw new AppError('STORE_UNWRITABLE', {
      found: `the checkpoint folder ${folder} (${systemCode(cause) ?? String(cause)}).`,
      todo: 'Choose another folder with --checkpoint.',
      cause,
    });
  }
  return {
    load() {
      if (disk.inspect(path) === undefined) return undefined;
      const handle = disk.open(path);
      try {
        const bytes = new Uint8Array(disk.size(handle));
        for (let at = 0; at < bytes.length; ) {
          const count = disk.read(handle, bytes.subarray(at), at);
          if (count === 0) break;
          at += count;
        }
        return decodeResult(path, bytes).body;
      } finally {
        disk.close(handle);
      }
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

/** Whether a folder keeps progress. */
export const holdsCheckpoint = (folder: string, disk: Disk = REAL_DISK): boolean =>
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

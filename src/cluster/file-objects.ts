// Objects as files of a folder that all machines mount: written beside, synced, then linked or renamed into place.
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Disk, REAL_DISK, systemCode } from '../store/disk.ts';
import { readUpTo } from '../store/disk-bytes.ts';
import { durableCreate, durableWrite } from '../store/durable-write.ts';
import { checkBytes, checkKey, fileUri, type ObjectInfo, type ObjectStore } from './object-store.ts';

/** Errors: none; the folder is made with the first object. */
export function openFileObjects(folder: string, disk: Disk = REAL_DISK): ObjectStore {
  const pathOf = (key: string): string => join(folder, checkKey(key));
  const place = (key: string): string => {
    const path = pathOf(key);
    makeFolders(disk, dirname(path));
    return path;
  };
  return {
    uri: fileUri(folder),
    async create(key, bytes) {
      const path = place(key);
      for (let attempt = 1; ; attempt++) {
        if (guarded(path, () => durableCreate(disk, path, [bytes]))) return 'created';
        const there = readFile(disk, path, key, Number.POSITIVE_INFINITY);
        if (there !== undefined) return Buffer.compare(there, bytes) === 0 ? 'same' : 'taken';
        // Removed in between: once more, as in S3.
        if (attempt === LIMITS.objectAttemptsMax)
          throw unreachable(path, Object.assign(new Error(), { code: 'ENOENT' }));
      }
    },
    async put(key, bytes) {
      const path = place(key);
      guarded(path, () => durableWrite(disk, path, [bytes]));
    },
    async get(key, bytesMax = LIMITS.objectBytesMax) {
      return readFile(disk, pathOf(key), key, bytesMax);
    },
    async head(key) {
      const path = pathOf(key);
      const found = guarded(path, () => disk.inspect(path));
      return found?.kind === 'file' ? { key, bytes: found.bytes } : undefined;
    },
    async *list(prefix) {
      // Only the folder that the prefix names can hold what begins with it.
      const at = prefix.lastIndexOf('/');
      const within = at < 0 ? '' : checkKey(prefix.slice(0, at));
      for (const info of filesBelow(disk, folder, within)) if (info.key.startsWith(prefix)) yield info;
    },
    async remove(key) {
      const path = pathOf(key);
      try {
        disk.remove(path);
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return;
        throw unreachable(path, error);
      }
      guarded(path, () => disk.syncFolder(dirname(path)));
    },
    close: () => undefined,
  };
}

/** New folders are part of what a created object promises: they are synced into those that hold them. */
function makeFolders(disk: Disk, path: string): void {
  try {
    if (disk.inspect(path)?.kind === 'folder') return;
    const parent = dirname(path);
    if (parent !== path) makeFolders(disk, parent);
    disk.makeFolder(path);
    if (parent !== path) disk.syncFolder(parent);
  } catch (error) {
    throw unreachable(path, error);
  }
}

function readFile(disk: Disk, path: string, key: string, bytesMax: number): Uint8Array | undefined {
  try {
    const handle = disk.open(path);
    try {
      const size = disk.size(handle);
      checkBytes(key, size, bytesMax);
      const bytes = new Uint8Array(size);
      if (readUpTo(disk, handle, bytes, 0) < size)
        throw Object.assign(new Error('The file became shorter.'), { code: 'EIO' });
      return bytes;
    } finally {
      disk.close(handle);
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw unreachable(path, error);
  }
}

/** Hidden names are those of writes under way. Names are put in the order of keys, in which `/` is a character like any other. */
function* filesBelow(disk: Disk, folder: string, within: string): Generator<ObjectInfo> {
  const found: ObjectInfo[] = [];
  const walk = (key: string): void => {
    const path = join(folder, key);
    for (const { name, kind } of listed(disk, path)) {
      const inner = key === '' ? name : `${key}/${name}`;
      if (name.startsWith('.')) continue;
      if (kind === 'folder') walk(inner);
      else if (kind === 'file') found.push({ key: inner, bytes: disk.inspect(join(folder, inner))?.bytes ?? 0 });
    }
  };
  walk(within);
  yield* found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function listed(disk: Disk, path: string) {
  try {
    return disk.list(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw unreachable(path, error);
  }
}

/** What a mount that is away answers is told as such, whichever call it met. */
function guarded<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw unreachable(path, error);
  }
}

function unreachable(path: string, error: unknown): Error {
  const told = error instanceof AppError && error.code === 'STORE_UNWRITABLE' ? error.cause : error;
  const code = systemCode(told);
  if (told instanceof AppError || code === undefined) return error as Error;
  const isRefused = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new AppError(isRefused ? 'OBJECTS_REFUSED' : 'OBJECTS_UNREACHABLE', {
    found: `${code} at ${path}.`,
    todo: 'Check that the shared folder is mounted here, and its permissions.',
    cause: error,
  });
}

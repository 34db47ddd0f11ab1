// Paths inside a store: names that cannot leave it, folders that are no links, whole files read from it.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type Disk, systemCode, systemPath } from './disk.ts';
import { readUpTo } from './disk-bytes.ts';
import { storeError } from './durable-write.ts';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Answers `name` when it can be one part of a path. Errors: PATH_FORBIDDEN. */
export function checkName(name: string, what: string): string {
  // A leading dot would be hidden, `.` and `..` among them.
  if (NAME.test(name) && !name.startsWith('.')) return name;
  throw new AppError('PATH_FORBIDDEN', {
    rule: 'A name must have 1 to 64 of the characters A-Z a-z 0-9 . _ - and must not start with a dot.',
    found: `${what} ${JSON.stringify(name.slice(0, 80))}.`,
    todo: 'Choose another name.',
  });
}

/**
 * The folder `parts` below `root`, or undefined when it is absent. Errors: PATH_FORBIDDEN when a part is a link or a
 * file, or when the whole leads elsewhere.
 */
export function findFolder(disk: Disk, root: string, parts: readonly string[]): string | undefined {
  try {
    let path = disk.resolve(root);
    for (const part of parts) {
      path = join(path, part);
      const found = disk.inspect(path);
      if (found === undefined) return undefined;
      if (found.kind !== 'folder') throw forbidden(path, 'is not a folder');
    }
    if (disk.resolve(path) !== path) throw forbidden(path, 'leads out of the store');
    return path;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Like findFolder, but creates what is absent, durably. */
export function makeFolder(disk: Disk, root: string, parts: readonly string[]): string {
  disk.makeFolder(root);
  let parent = disk.resolve(root);
  for (const part of parts) {
    const path = join(parent, part);
    if (disk.inspect(path) === undefined) {
      disk.makeFolder(path);
      disk.syncFolder(parent);
    }
    parent = path;
  }
  const path = findFolder(disk, root, parts);
  if (path === undefined) throw forbidden(join(root, ...parts), 'vanished while it was being made');
  return path;
}

/** Opens the file `path`, hands its reader and size to `use`, and closes it. Undefined when there is no such file. */
export function withFile<T>(
  disk: Disk,
  path: string,
  use: (read: (target: Uint8Array, position: number) => void, fileBytes: number) => T,
): T | undefined {
  let handle: number;
  try {
    handle = disk.open(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (systemCode(error) === 'ELOOP') throw forbidden(path, 'is a link');
    throw error;
  }
  try {
    return use((target, position) => readFully(disk, handle, target, position), disk.size(handle));
  } finally {
    disk.close(handle);
  }
}

/** The file `path` whole, or undefined when there is no such file. */
export const readWhole = (disk: Disk, path: string): Uint8Array | undefined =>
  withFile(disk, path, (read, fileBytes) => {
    const bytes = new Uint8Array(fileBytes);
    read(bytes, 0);
    return bytes;
  });

/** Fills `target` from `position` on; a file that ends early leaves zeros, which its checksums then refuse. */
export function readFully(disk: Disk, handle: number, target: Uint8Array, position: number): void {
  target.fill(0, readUpTo(disk, handle, target, position));
}

export function forbidden(path: string, what: string): AppError {
  return new AppError('PATH_FORBIDDEN', {
    rule: 'Stored files and folders must lie inside the store and must not be links.',
    found: `${path} ${what}.`,
    todo: 'Move the data into the store folder itself.',
  });
}

/** Runs a method that reads: what the disk throws becomes STORE_UNREADABLE. `root` is named where the disk names no path. */
export function reading<T>(root: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw readError(error, root);
  }
}

/** Runs a method that writes: what the disk throws becomes STORE_FULL or STORE_UNWRITABLE. */
export function writing<T>(root: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(error, root);
  }
}

/** Errors without a system code pass through. */
function readError(error: unknown, root: string): Error {
  const code = systemCode(error);
  if (error instanceof AppError || code === undefined) return error as Error;
  return new AppError('STORE_UNREADABLE', {
    found: `${code} at ${systemPath(error) ?? root}.`,
    todo: 'Check the folder, its permissions and its disk.',
    cause: error,
  });
}

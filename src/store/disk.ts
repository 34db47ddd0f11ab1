// The few disk operations the store needs, as an interface, so that tests can make each of them fail.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

export type EntryKind = 'file' | 'folder' | 'other';

export interface DiskEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

export interface FoundEntry {
  readonly kind: EntryKind;
  readonly bytes: number;
  /** Another text once it was written or replaced; undefined where nobody can tell. */
  readonly version?: string;
}

/** Every operation throws an error with a `code` such as ENOENT, ENOSPC or EIO when it fails. Paths are absolute. */
export interface Disk {
  /** Creates a file that must not exist (EEXIST), readable by all unless `mode` says else. Answers a handle. */
  create(path: string, mode?: number): number;
  /** Opens a file for writing at its end, creating it when it is absent; a symbolic link is refused (ELOOP). */
  openAppend(path: string): number;
  /** Cuts a file that was opened for appending to its first `bytes`. */
  truncate(handle: number, bytes: number): void;
  /** Opens a file for reading; a symbolic link as last part is refused (ELOOP). */
  open(path: string): number;
  /** Writes some of `bytes` at the end of what was written; answers how many, which may be fewer. */
  write(handle: number, bytes: Uint8Array): number;
  /** Reads from `position` into `target`; answers how many bytes, 0 at the end of the file. */
  read(handle: number, target: Uint8Array, position: number): number;
  size(handle: number): number;
  sync(handle: number): void;
  close(handle: number): void;
  /** Gives a file a second name, which must be free (EEXIST). */
  link(from: string, to: string): void;
  /** Replaces `to` in one step. */
  rename(from: string, to: string): void;
  /** Makes renames and removals inside a folder durable. */
  syncFolder(path: string): void;
  remove(path: string): void;
  /** Removes an empty folder. */
  removeFolder(path: string): void;
  /** Creates a folder and its parents; an existing folder is fine, and keeps its mode. */
  makeFolder(path: string, mode?: number): void;
  /** Entries of a folder by name, links not followed. ENOENT when it is absent. */
  list(path: string): DiskEntry[];
  /** What `path` names itself, a link not followed; undefined when nothing is there. */
  inspect(path: string): FoundEntry | undefined;
  /** Whether what `path` names itself belongs to this user and to nobody else; true where files have no owners. */
  isPrivate(path: string): boolean;
  /** Bytes that this user may still write on the file system of an existing path. */
  freeBytes(path: string): number;
  /** The path with every link resolved. */
  resolve(path: string): string;
  /** Whether a process of this id runs on this machine. */
  isProcessAlive(pid: number): boolean;
}

/** The code of a system error, or undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** The path a system error names. */
export function systemPath(error: unknown): string | undefined {
  const path = error instanceof Error && 'path' in error ? error.path : undefined;
  return typeof path === 'string' ? path : undefined;
}

const kindOf = (entry: { isFile(): boolean; isDirectory(): boolean }): EntryKind =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';

/** The real disk. Synchronous: files are written and read whole, and a durable write waits for the disk anyway. */
export const REAL_DISK: Disk = {
  create: (path, mode = 0o644) => openSync(path, 'wx', mode),
  openAppend: (path) =>
    openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o644),
  truncate: ftruncateSync,
  open: (path) => openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)),
  write: (handle, bytes) => writeSync(handle, bytes),
  read: (handle, target, position) => readSync(handle, target, 0, target.byteLength, position),
  size: (handle) => fstatSync(handle).size,
  sync: fsyncSync,
  close: closeSync,
  link: linkSync,
  rename: renameSync,
  syncFolder(path) {
    const handle = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  remove: unlinkSync,
  removeFolder: rmdirSync,
  makeFolder: (path, mode) => void mkdirSync(path, { recursive: true, mode }),
  list: (path) =>
    readdirSync(path, { withFileTypes: true }).map((entry) => ({ name: entry.name, kind: kindOf(entry) })),
  inspect(path) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    const { size: bytes, ino, mtimeMs, ctimeMs } = found;
    return { kind: kindOf(found), bytes, version: `${ino} ${bytes} ${mtimeMs} ${ctimeMs}` };
  },
  isPrivate(path) {
    const { uid, mode } = lstatSync(path);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o077) === 0);
  },
  freeBytes(path) {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  },
  resolve: (path) => realpathSync(path),
  isProcessAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return systemCode(error) !== 'ESRCH';
    }
  },
};

// Backup and restore of a store: what belongs to it, the archive that must not exist yet, the folder that must be empty.
import { dirname, join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { ArchiveWriter, type BackupList, readArchive } from './backup-archive.ts';
import { type Disk, REAL_DISK, systemCode } from './disk.ts';
import { writeFully } from './disk-bytes.ts';
import { reading, writing } from './store-folder.ts';

/** Made anew by whoever needs them: who runs now, uploads on their way, compiled strategies and downloads, work for other machines. */
const PASSING = new Set(['running', 'uploads', 'cache', 'shards']);
/** Of the program that runs, not of the data. */
const LOCK_FILE = /^((.*\.)?lock|.*\.tmp|.*-wal|.*-shm|.*-journal)$/;

export interface BackupSource {
  readonly root: string;
  /** Files that stand in for those of the same path in the store: copies of databases, made while others write to them. */
  readonly instead: ReadonlyMap<string, string>;
  readonly engineVersion: string;
  readonly createdAt: number;
}

/**
 * Writes the store to the new file `target`, reads it through and answers its list. Works beside programs that use the store:
 * files are replaced whole or appended to, and what is appended later is left out.
 * Errors: BACKUP_EXISTS, STORE_FULL, STORE_UNWRITABLE, STORE_UNREADABLE, BACKUP_CORRUPT when what was written reads otherwise.
 */
export function writeBackup(source: BackupSource, target: string, disk: Disk = REAL_DISK): BackupList {
  // The name is taken first, by one program only; it stands for nothing until the whole archive takes its place.
  writing(target, () => reserve(disk, target));
  const partial = join(dirname(target), `.${process.pid}-${target.slice(dirname(target).length + 1)}.tmp`);
  try {
    const list = writing(target, () => {
      const handle = disk.create(partial, 0o600);
      try {
        const writer = new ArchiveWriter(disk, handle);
        for (const path of filesOf(disk, source.root)) {
          if (!source.instead.has(path)) writer.add(path, join(source.root, path));
        }
        for (const [path, copy] of source.instead) writer.add(path, copy);
        return writer.finish(source.engineVersion, source.createdAt);
      } finally {
        disk.close(handle);
      }
    });
    reading(partial, () => readArchive(disk, partial));
    writing(target, () => {
      disk.rename(partial, target);
      disk.syncFolder(dirname(target));
    });
    return list;
  } catch (error) {
    for (const path of [partial, target]) removeQuietly(disk, path);
    throw error;
  }
}

/** Reads a backup through. Errors: BACKUP_CORRUPT. */
export const verifyBackup = (archive: string, disk: Disk = REAL_DISK): BackupList =>
  reading(archive, () => readArchive(disk, archive));

/**
 * Puts a backup into the empty or absent folder `root`. Files come to their places only after all of them were read and checked,
 * so a restore that is cut short leaves no store. Errors: STORE_NOT_EMPTY, BACKUP_CORRUPT, STORE_FULL, STORE_UNWRITABLE.
 */
export function restoreBackup(archive: string, root: string, disk: Disk = REAL_DISK): BackupList {
  return writing(root, () => {
    disk.makeFolder(root);
    const there = disk.list(root).filter(({ name }) => name !== 'lost+found');
    if (there.length > 0) throw notEmpty(root, there[0]!.name);
    const staging = join(root, '.restore.tmp');
    disk.makeFolder(staging, 0o755);
    const list = unpack(disk, archive, staging);
    for (const { name } of disk.list(staging)) disk.rename(join(staging, name), join(root, name));
    disk.removeFolder(staging);
    disk.syncFolder(root);
    return list;
  });
}

function unpack(disk: Disk, archive: string, folder: string): BackupList {
  const made = new Set<string>([folder]);
  const makeFolder = (path: string): void => {
    if (made.has(path)) return;
    makeFolder(dirname(path));
    disk.makeFolder(path);
    made.add(path);
  };
  let handle: number | undefined;
  try {
    const list = readArchive(disk, archive, {
      begin(path) {
        makeFolder(dirname(join(folder, path)));
        handle = disk.create(join(folder, path));
      },
      write(bytes) {
        writeFully(disk, handle!, bytes);
      },
      end() {
        disk.sync(handle!);
        disk.close(handle!);
        handle = undefined;
      },
    });
    for (const path of made) disk.syncFolder(path);
    return list;
  } catch (error) {
    if (handle !== undefined) disk.close(handle);
    removeTree(disk, folder);
    throw error;
  }
}

/** Paths below `root`, sorted: of a study its state comes before its log, so that the log is never behind. */
function* filesOf(disk: Disk, root: string, parts: readonly string[] = []): Generator<string> {
  const folder = join(root, ...parts);
  const entries = reading(root, () => {
    try {
      return disk.list(folder);
    } catch (error) {
      // A folder that was removed since its parent was listed.
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  });
  const names = entries.filter(({ name }) => !name.startsWith('.') && !(parts.length === 0 && PASSING.has(name)));
  for (const { name, kind } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (kind === 'folder') yield* filesOf(disk, root, [...parts, name]);
    else if (kind === 'file' && parts.length > 0 && !LOCK_FILE.test(name)) yield [...parts, name].join('/');
  }
}

function reserve(disk: Disk, target: string): void {
  let isOurs = false;
  try {
    const handle = disk.create(target, 0o600);
    isOurs = true;
    disk.close(handle);
  } catch (cause) {
    if (isOurs) removeQuietly(disk, target);
    if (systemCode(cause) !== 'EEXIST') throw cause;
    throw new AppError('BACKUP_EXISTS', {
      found: `${target}.`,
      todo: 'Choose another name, or remove it first.',
      cause,
    });
  }
}

function removeTree(disk: Disk, folder: string): void {
  for (const { name, kind } of disk.list(folder)) {
    if (kind === 'folder') removeTree(disk, join(folder, name));
    else disk.remove(join(folder, name));
  }
  disk.removeFolder(folder);
}

/** The error that led here is the one to report. */
function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch {
    // Nothing was there, or the disk is gone: an empty or partial file is no backup, and says so when it is read.
  }
}

const notEmpty = (root: string, name: string): AppError =>
  new AppError('STORE_NOT_EMPTY', {
    found: `"${name}" in ${root}.`,
    todo: 'Restore into another folder (GRIDMILL_HOME), or move this one away.',
  });

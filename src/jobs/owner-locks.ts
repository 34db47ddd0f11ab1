// A file per runner that stays locked as long as its process lives: seen by every process of the machine, in whatever container it is.
import { join } from 'node:path';
import { LIMITS } from '../core/limits.ts';
import { REAL_DISK } from '../store/disk.ts';
import { loadSqlite, type OpenSqlite, type SqliteHandle } from './sqlite-driver.ts';

export interface OwnerLocks {
  /** True only when the runner of that name has certainly ended: its file is there, and nobody holds it. */
  isFree(runner: string): boolean;
  /** Removes files of runners that have ended, but for those named. */
  tidy(keep: ReadonlySet<string>): void;
  /** Lets go and removes the own file. */
  close(): void;
}

const FOLDER = 'runners';
const SUFFIX = '.lock';
/** As runners are named: nothing else becomes a path. */
const NAME = /^[\w-]{1,64}$/;
/** Far longer than others take to look at a file. */
const LOOKED_AT_MS = 500;

/**
 * Locks the file of `runner` in the folder of the queue until `close`, or until this process ends however it ends. The kernel lets go
 * of the locks of a dead process, and of no other's: one that is stopped, hangs or is in another container keeps its own. Process ids
 * cannot say that across containers, which number their processes for themselves.
 *
 * The lock is that of an empty SQLite database, since Node.js has none of its own. Where it cannot be had (a full disk, a file system
 * without locks), nobody takes this runner for dead: its leases end by time.
 */
export async function openOwnerLocks(folder: string, runner: string, open?: OpenSqlite): Promise<OwnerLocks> {
  const driver = open ?? (await loadSqlite());
  const root = join(folder, FOLDER);
  const pathOf = (name: string): string => join(root, `${name}${SUFFIX}`);
  let own: SqliteHandle | undefined = hold(driver, root, pathOf(runner));
  const isFree = (name: string): boolean => name !== runner && NAME.test(name) && canRead(driver, pathOf(name));
  return {
    isFree,
    tidy(keep) {
      for (const file of list(root).slice(0, LIMITS.runningMax)) {
        const name = file.slice(0, -SUFFIX.length);
        if (file.endsWith(SUFFIX) && !keep.has(name) && isFree(name)) remove(pathOf(name));
      }
    },
    close() {
      if (own === undefined) return;
      remove(pathOf(runner));
      own.close();
      own = undefined;
    },
  };
}

function hold(open: OpenSqlite, root: string, path: string): SqliteHandle | undefined {
  let handle: SqliteHandle | undefined;
  try {
    REAL_DISK.makeFolder(root);
    handle = open(path);
    // Never committed, so nothing is ever written, and no journal is needed. A process that starts at this moment may be looking.
    handle.exec(`PRAGMA busy_timeout = ${LOOKED_AT_MS}; PRAGMA journal_mode = MEMORY;`);
    handle.exec('BEGIN EXCLUSIVE');
    return handle;
  } catch {
    handle?.close();
    // A file that nobody holds would say that this runner has ended.
    remove(path);
    return undefined;
  }
}

/** A shared lock, which those who look do not keep from each other. Read-only: a file that has gone since is not made anew. */
function canRead(open: OpenSqlite, path: string): boolean {
  let handle: SqliteHandle | undefined;
  try {
    if (REAL_DISK.inspect(path) === undefined) return false;
    handle = open(path, { readOnly: true });
    handle.exec('PRAGMA busy_timeout = 0');
    handle.all('SELECT count(*) AS tables FROM sqlite_master', {});
    return true;
  } catch {
    // Held, gone, or not to be read: nothing is certain.
    return false;
  } finally {
    handle?.close();
  }
}

function remove(path: string): void {
  try {
    REAL_DISK.remove(path);
  } catch {
    // Somebody was faster, or it stays until the next start.
  }
}

function list(root: string): string[] {
  try {
    return REAL_DISK.list(root).map(({ name }) => name);
  } catch {
    return [];
  }
}

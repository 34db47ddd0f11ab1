// A copy of the SQLite queue as of one moment, taken while others write to it, and the check of a queue that nobody has open.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type Disk, REAL_DISK } from '../store/disk.ts';
import { loadSqlite } from './sqlite-driver.ts';
import { sqliteError } from './sqlite-errors.ts';

/** What the queue is made of, as paths below the store. */
export const QUEUE_DATABASE = 'jobs/queue.db';

/** Writes the copy to the new file `target`; answers false when there is no queue. Errors: QUEUE_CORRUPT, QUEUE_UNREACHABLE. */
export async function copyQueue(storeRoot: string, target: string, disk: Disk = REAL_DISK): Promise<boolean> {
  const path = join(storeRoot, QUEUE_DATABASE);
  if (disk.inspect(path) === undefined) return false;
  const open = await loadSqlite();
  try {
    const database = open(path);
    try {
      database.exec('PRAGMA busy_timeout = 10000');
      // One statement is one read of the database: writers go on, and the copy holds nothing of what they do meanwhile.
      database.all('VACUUM INTO $target', { target });
    } finally {
      database.close();
    }
    checkDatabase(open(target), target);
  } catch (error) {
    throw sqliteError(error, path);
  }
  return true;
}

/** Reads the queue of a store through; answers false when there is none. Errors: QUEUE_CORRUPT, QUEUE_UNREACHABLE. */
export async function checkQueue(storeRoot: string, disk: Disk = REAL_DISK): Promise<boolean> {
  const path = join(storeRoot, QUEUE_DATABASE);
  if (disk.inspect(path) === undefined) return false;
  const open = await loadSqlite();
  try {
    checkDatabase(open(path), path);
  } catch (error) {
    throw sqliteError(error, path);
  }
  return true;
}

function checkDatabase(database: ReturnType<Awaited<ReturnType<typeof loadSqlite>>>, path: string): void {
  try {
    const [row] = database.all('PRAGMA integrity_check(1)', {});
    const finding = String(Object.values(row ?? {})[0]);
    if (finding === 'ok') return;
    throw new AppError('QUEUE_CORRUPT', {
      found: `${path}: ${finding.split('\n')[0]}.`,
      todo: 'Restore the store from a backup.',
    });
  } finally {
    database.close();
  }
}

/** Removes a copy, whole or not; nothing happens where there is none. */
export function removeQueueCopy(target: string, disk: Disk = REAL_DISK): void {
  for (const path of [target, `${target}-journal`]) if (disk.inspect(path) !== undefined) disk.remove(path);
}

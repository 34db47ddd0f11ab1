// The job queue in a folder on this machine: one SQLite database, and a marker that says it was there.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type Disk, REAL_DISK, systemCode } from '../store/disk.ts';
import { durableWrite, removeAbandonedTemps } from '../store/durable-write.ts';
import { readWhole } from '../store/store-folder.ts';
import type { JobStore } from './job-store.ts';
import type { SqlConnection, SqlRow, SqlValue, Statement } from './sql-connection.ts';
import { SCHEMA_VERSION, schemaOf } from './sql-schema.ts';
import { createSqlStore } from './sql-store.ts';
import { loadSqlite, type OpenSqlite, type SqliteHandle } from './sqlite-driver.ts';
import { sqliteError } from './sqlite-errors.ts';

const DATABASE = 'queue.db';
/** Written once the database stands: from then on an absent or empty database is damage, not a new queue. */
const MARKER = 'queue.json';

export interface SqliteStoreOptions {
  /** Names a new database; any text that is unique. Without it the queue must exist. */
  readonly newId?: () => string;
  /** Read the whole database through on opening, as is due once per process; true unless given. */
  readonly check?: boolean;
  readonly disk?: Disk;
  /** Opens the database; loadSqlite unless given. */
  readonly open?: OpenSqlite;
}

/**
 * Opens the queue in `folder`, which is created. Processes of one machine share it; a network file system will not do.
 * Errors: DEPENDENCY_MISSING, QUEUE_CORRUPT, QUEUE_UNREACHABLE, STORE_UNWRITABLE, STORE_FULL.
 */
export async function openSqliteStore(folder: string, options: SqliteStoreOptions): Promise<JobStore> {
  const connection = await openSqliteConnection(folder, options);
  return createSqlStore(connection, 'machine');
}

/**
 * Commits are synced before they are answered (`synchronous = FULL`): an accepted job survives a power loss. A statement
 * waits at most BUSY_MS for another process; statements are short, and no transaction stays open between calls.
 */
const BUSY_MS = 2_000;
const PRAGMAS = `
  PRAGMA busy_timeout = ${BUSY_MS};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -65536;
  PRAGMA mmap_size = 268435456;
  PRAGMA temp_store = MEMORY;`;

async function openSqliteConnection(folder: string, options: SqliteStoreOptions): Promise<SqlConnection> {
  const { newId, check = true, disk = REAL_DISK } = options;
  const open = options.open ?? (await loadSqlite());
  const path = join(folder, DATABASE);
  const marked = readMarker(disk, folder);
  const bytes = disk.inspect(path)?.bytes ?? 0;
  if (marked === undefined && newId === undefined) throw corrupt(path, 'there is no queue.');
  if (marked !== undefined && bytes === 0) throw corrupt(path, 'it is gone or empty, and jobs were kept in it.');
  let handle: SqliteHandle | undefined;
  try {
    handle = open(path);
    handle.exec(PRAGMAS);
    if (check && bytes > 0) checkWhole(handle, path);
    const id = marked === undefined ? createTables(handle, newId!) : databaseId(handle);
    if (marked === undefined) writeMarker(disk, folder, id);
    else if (id !== marked)
      throw corrupt(path, `it is database ${id || 'without a name'}, and ${MARKER} names ${marked}.`);
    return connect(handle, path);
  } catch (error) {
    handle?.close();
    throw sqliteError(error, path);
  }
}

function connect(handle: SqliteHandle, path: string): SqlConnection {
  const run = ({ sql, values = [] }: Statement): readonly SqlRow[] => {
    const named: Record<string, SqlValue> = {};
    for (const [index, value] of values.entries()) named[`p${index + 1}`] = value;
    return handle.all(sql.replaceAll('$', '$p'), named);
  };
  return {
    dialect: 'sqlite',
    async query(statement) {
      try {
        return run(statement);
      } catch (error) {
        throw sqliteError(error, path);
      }
    },
    async batch([first, ...others]) {
      try {
        handle.exec('BEGIN IMMEDIATE');
        try {
          const rows = run(first);
          if (rows.length > 0) for (const statement of others) run(statement);
          handle.exec('COMMIT');
          return rows;
        } catch (error) {
          // After some failures SQLite has rolled back by itself.
          quietly(() => handle.exec('ROLLBACK'));
          throw error;
        }
      } catch (error) {
        throw sqliteError(error, path);
      }
    },
    async close() {
      handle.close();
    },
  };
}

function checkWhole(handle: SqliteHandle, path: string): void {
  const [row] = handle.all('PRAGMA integrity_check(1)', {});
  const finding = String(Object.values(row ?? {})[0]);
  if (finding !== 'ok') throw corrupt(path, `${finding.split('\n')[0]}.`);
}

/** One transaction: a process that dies leaves no tables or all of them. Answers the database's id. */
function createTables(handle: SqliteHandle, newId: () => string): string {
  handle.exec('BEGIN IMMEDIATE');
  try {
    for (const sql of schemaOf('sqlite')) handle.exec(sql);
    const put = 'INSERT INTO gridmill_queue (name, value) VALUES ($p1, $p2) ON CONFLICT DO NOTHING';
    handle.all(put, { p1: 'id', p2: newId() });
    handle.all(put, { p1: 'version', p2: String(SCHEMA_VERSION) });
    handle.exec('COMMIT');
  } catch (error) {
    quietly(() => handle.exec('ROLLBACK'));
    throw error;
  }
  // The tables themselves must not depend on the log: whoever loses the log gets an error, not an empty queue.
  handle.all('PRAGMA wal_checkpoint(TRUNCATE)', {});
  return databaseId(handle);
}

/** Errors: QUEUE_CORRUPT when the tables are absent or of another version. */
function databaseId(handle: SqliteHandle): string {
  const tables = handle.all(`SELECT name FROM sqlite_master WHERE name = 'gridmill_queue'`, {});
  if (tables.length === 0) throw corrupt(DATABASE, 'it has no tables.');
  const rows = handle.all('SELECT name, value FROM gridmill_queue', {});
  const value = (name: string): string => String(rows.find((row) => row['name'] === name)?.['value'] ?? '');
  if (value('version') !== String(SCHEMA_VERSION)) {
    throw corrupt(DATABASE, `its tables are of version ${value('version') || 'none'}, not ${SCHEMA_VERSION}.`);
  }
  return value('id');
}

function readMarker(disk: Disk, folder: string): string | undefined {
  const path = join(folder, MARKER);
  try {
    disk.makeFolder(folder);
    removeAbandonedTemps(disk, folder);
    const bytes = readWhole(disk, path);
    if (bytes === undefined) return undefined;
    const { database } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly database?: unknown };
    if (typeof database === 'string' && database !== '') return database;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) {
      const found = `${folder} (${systemCode(cause) ?? String(cause)}).`;
      throw new AppError('STORE_UNWRITABLE', { found, todo: 'Choose a folder you may write to.', cause });
    }
  }
  throw corrupt(path, 'it does not name a database.');
}

function writeMarker(disk: Disk, folder: string, database: string): void {
  const text = `${JSON.stringify({ format: 'gridmill-queue', database })}\n`;
  durableWrite(disk, join(folder, MARKER), [new TextEncoder().encode(text)]);
}

const corrupt = (path: string, what: string): AppError =>
  new AppError('QUEUE_CORRUPT', {
    found: `${path}: ${what}`,
    todo: 'Restore the queue folder from a backup, or move it away to begin with an empty queue.',
  });

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // The first error is the one to report.
  }
}

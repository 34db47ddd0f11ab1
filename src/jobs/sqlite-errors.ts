// What SQLite's result codes mean to a user of the queue.
import { AppError, type ErrorCode } from '../core/errors.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const CODES: Readonly<Record<string, { readonly number: number; readonly code: ErrorCode; readonly todo: string }>> = {
  SQLITE_BUSY: { number: 5, code: 'QUEUE_UNREACHABLE', todo: 'Another process holds the database; it is tried again.' },
  SQLITE_LOCKED: {
    number: 6,
    code: 'QUEUE_UNREACHABLE',
    todo: 'Another process holds the database; it is tried again.',
  },
  SQLITE_READONLY: { number: 8, code: 'STORE_UNWRITABLE', todo: 'Make the queue folder writable.' },
  SQLITE_IOERR: {
    number: 10,
    code: 'QUEUE_UNREACHABLE',
    todo: 'Check the disk of the queue folder; it is tried again.',
  },
  SQLITE_CORRUPT: {
    number: 11,
    code: 'QUEUE_CORRUPT',
    todo: 'Restore the queue folder from a backup, or move it away.',
  },
  SQLITE_FULL: { number: 13, code: 'STORE_FULL', todo: 'Free space on the disk of the queue folder.' },
  SQLITE_CANTOPEN: { number: 14, code: 'STORE_UNWRITABLE', todo: 'Make the queue folder readable and writable.' },
  SQLITE_NOTADB: {
    number: 26,
    code: 'QUEUE_CORRUPT',
    todo: 'Restore the queue folder from a backup, or move it away.',
  },
};

/** The AppError a failure of SQLite is; other errors are returned as they are: they are bugs. */
export function sqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
  const row = Object.entries(CODES).find(([name, { number }]) =>
    // The package names codes, extended ones with a suffix; the built-in driver numbers them, extended ones in high bits.
    typeof errcode === 'number' ? (errcode & 0xff) === number : typeof code === 'string' && code.startsWith(name),
  );
  if (row === undefined) return error;
  return new AppError(row[1].code, {
    found: `${row[0]} on ${path} (${error.message}).`,
    todo: row[1].todo,
    cause: error,
  });
}

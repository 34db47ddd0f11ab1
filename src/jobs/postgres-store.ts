// The job queue in a PostgreSQL database, for runners on several machines.
import { AppError, type ErrorCode } from '../core/errors.ts';
import type { JobStore } from './job-store.ts';
import type { SqlConnection, SqlRow, Statement } from './sql-connection.ts';
import { SCHEMA_VERSION, schemaOf } from './sql-schema.ts';
import { createSqlStore } from './sql-store.ts';

/** A statement may take this long, and wait this long for a row that another session holds. */
const STATEMENT_MS = 10_000;
const LOCK_MS = 5_000;
const CONNECT_MS = 5_000;
const CONNECTIONS_MAX = 4;
/** Any number: it keeps two processes from creating the tables at the same time. */
const SCHEMA_LOCK = 4_072_118;

type Pool = import('pg').Pool;

/**
 * Opens the queue in the database that `url` (postgres://…) names, and creates its tables when they are absent.
 * Errors: DEPENDENCY_MISSING, QUEUE_UNREACHABLE, QUEUE_CORRUPT when the tables are of another version.
 */
export async function openPostgresStore(url: string): Promise<JobStore> {
  const { Pool } = await loadDriver();
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS + LOCK_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    // A process that is stopped inside a transaction must not hold its rows for ever.
    idle_in_transaction_session_timeout: STATEMENT_MS,
    // What is acknowledged is on disk, whatever the server's default.
    options: '-c synchronous_commit=on',
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // A connection that breaks while idle is replaced; without a listener it would end the process.
  pool.on('error', () => undefined);
  try {
    await createTables(pool);
  } catch (error) {
    await pool.end();
    throw postgresError(error);
  }
  return createSqlStore(connect(pool), 'network');
}

async function loadDriver(): Promise<Pick<typeof import('pg'), 'Pool'>> {
  try {
    return (await import('pg')).default;
  } catch (cause) {
    throw new AppError('DEPENDENCY_MISSING', {
      rule: 'A queue in PostgreSQL needs the package pg.',
      found: 'it cannot be loaded.',
      todo: 'Run `npm install pg@8`.',
      cause,
    });
  }
}

function connect(pool: Pool): SqlConnection {
  return {
    dialect: 'postgres',
    async query({ sql, values = [] }) {
      try {
        return (await pool.query(sql, [...values])).rows as SqlRow[];
      } catch (error) {
        throw postgresError(error);
      }
    },
    async batch(statements) {
      try {
        return await transaction(pool, statements);
      } catch (error) {
        throw postgresError(error);
      }
    },
    close: () => pool.end(),
  };
}

async function transaction(pool: Pool, [first, ...others]: readonly [Statement, ...Statement[]]): Promise<SqlRow[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const { rows } = await client.query(first.sql, [...(first.values ?? [])]);
    if (rows.length > 0) for (const { sql, values = [] } of others) await client.query(sql, [...values]);
    await client.query('COMMIT');
    return rows as SqlRow[];
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    // A connection with a transaction of unknown state is closed, which rolls it back.
    client.release(broken);
  }
}

async function createTables(pool: Pool): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    for (const sql of schemaOf('postgres')) await client.query(sql);
    const put = 'INSERT INTO gridmill_queue (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING';
    await client.query(put, ['version', String(SCHEMA_VERSION)]);
    const { rows } = await client.query(`SELECT value FROM gridmill_queue WHERE name = 'version'`);
    await client.query('COMMIT');
    if (rows[0]?.value === String(SCHEMA_VERSION)) return;
    throw new AppError('QUEUE_CORRUPT', {
      found: `its tables are of version ${rows[0]?.value}, not ${SCHEMA_VERSION}.`,
      todo: 'Use the version of Gridmill that made them, or another database.',
    });
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Classes of SQLSTATE and what they mean to a user of the queue; postgresql.org/docs/15/errcodes-appendix.html. */
const STATES: readonly (readonly [prefix: string, code: ErrorCode, todo: string])[] = [
  ['53100', 'STORE_FULL', 'Free space on the disk of the database server.'],
  ['53', 'QUEUE_UNREACHABLE', 'The database server is short of something; it is tried again.'],
  ['XX001', 'QUEUE_CORRUPT', 'Restore the database from a backup.'],
  ['XX002', 'QUEUE_CORRUPT', 'Restore the database from a backup.'],
  ['25006', 'STORE_UNWRITABLE', 'Connect to a server that accepts writes.'],
  ['42501', 'STORE_UNWRITABLE', 'Give the database user the right to create and write tables.'],
  ['08', 'QUEUE_UNREACHABLE', 'Check the database server; it is tried again.'],
  ['28', 'QUEUE_UNREACHABLE', 'Check user and password of the database.'],
  ['3D', 'QUEUE_UNREACHABLE', 'Create the database first.'],
  ['40', 'QUEUE_UNREACHABLE', 'The transaction met another one; it is tried again.'],
  ['55P03', 'QUEUE_UNREACHABLE', 'Another session holds the row; it is tried again.'],
  ['57', 'QUEUE_UNREACHABLE', 'The database server stops or was too slow; it is tried again.'],
  ['25P', 'QUEUE_UNREACHABLE', 'The session was idle too long; it is tried again.'],
];

function postgresError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  const state = (error as { readonly code?: unknown }).code;
  const text = typeof state === 'string' ? state : '';
  const row = STATES.find(([prefix]) => text.startsWith(prefix));
  // Errors of the server carry five characters; those of the connection carry a system code or none.
  const isServerError = /^[0-9A-Z]{5}$/.test(text) && 'severity' in error;
  if (row === undefined && isServerError) return error;
  const [, code, todo] = row ?? ['', 'QUEUE_UNREACHABLE' as const, 'Check the database server; it is tried again.'];
  // The message names no password: the driver keeps the address out of it.
  return new AppError(code, { found: `${text} ${error.message}.`.trim(), todo, cause: error });
}

// SQLite behind one small interface: built into Node where it is, else the optional package better-sqlite3.
import { AppError } from '../core/errors.ts';
import type { SqlRow, SqlValue } from './sql-connection.ts';

/** An open database; every method answers when it is done. */
export interface SqliteHandle {
  exec(sql: string): void;
  /** Runs one statement with values by name, without the `$`. */
  all(sql: string, values: Readonly<Record<string, SqlValue>>): readonly SqlRow[];
  close(): void;
}

/** Opens a file, which is created when it is absent, unless it is only read. */
export type OpenSqlite = (path: string, options?: { readonly readOnly?: boolean }) => SqliteHandle;

interface BuiltInStatement {
  all(values: Readonly<Record<string, SqlValue>>): SqlRow[];
}

interface BuiltInSqlite {
  readonly DatabaseSync: new (
    path: string,
    options?: { readonly readOnly?: boolean },
  ) => {
    exec(sql: string): void;
    prepare(sql: string): BuiltInStatement;
    close(): void;
  };
}

/** Statements kept prepared per connection: the store has about 40, and a few per number of values. */
const PREPARED_MAX = 200;

/** Errors: DEPENDENCY_MISSING when this Node has no SQLite and the package is absent or could not be built. */
export async function loadSqlite(): Promise<OpenSqlite> {
  const builtIn = process.getBuiltinModule?.('node:sqlite') as unknown as BuiltInSqlite | undefined;
  if (builtIn !== undefined)
    return (path, { readOnly = false } = {}) => openBuiltIn(new builtIn.DatabaseSync(path, { readOnly }));
  try {
    const { default: Database } = await import('better-sqlite3');
    // The native part is loaded with the first database.
    new Database(':memory:').close();
    return (path, { readOnly = false } = {}) => openPackage(new Database(path, { readonly: readOnly }));
  } catch (cause) {
    throw new AppError('DEPENDENCY_MISSING', {
      rule: 'The job queue needs SQLite.',
      found: `Node ${process.versions.node} has none built in, and better-sqlite3 cannot be loaded (${(cause as Error).message.split('\n')[0]}).`,
      todo: 'Run Node 22.13 or newer, or `npm install better-sqlite3@12` where a C++ compiler is at hand.',
      cause,
    });
  }
}

function openBuiltIn(database: InstanceType<BuiltInSqlite['DatabaseSync']>): SqliteHandle {
  const prepared = keepPrepared((sql) => database.prepare(sql));
  return {
    exec: (sql) => database.exec(sql),
    all: (sql, values) => prepared(sql).all(values),
    close: () => database.close(),
  };
}

function openPackage(database: import('better-sqlite3').Database): SqliteHandle {
  const prepared = keepPrepared((sql) => database.prepare<[Readonly<Record<string, SqlValue>>], SqlRow>(sql));
  return {
    exec: (sql) => {
      database.exec(sql);
    },
    all(sql, values) {
      const statement = prepared(sql);
      if (statement.reader) return statement.all(values);
      statement.run(values);
      return [];
    },
    close: () => {
      database.close();
    },
  };
}

function keepPrepared<T>(prepare: (sql: string) => T): (sql: string) => T {
  const kept = new Map<string, T>();
  return (sql) => {
    let statement = kept.get(sql);
    if (statement === undefined) {
      if (kept.size >= PREPARED_MAX) kept.clear();
      kept.set(sql, (statement = prepare(sql)));
    }
    return statement;
  };
}

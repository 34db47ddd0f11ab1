// The little that a job store needs of a SQL database, so that two databases can serve it.

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, unknown>>;

export interface Statement {
  /** One statement with `$1`, `$2` … for values; a number may occur more than once. */
  readonly sql: string;
  readonly values?: readonly SqlValue[];
}

/** Errors of both methods: QUEUE_UNREACHABLE, STORE_FULL, STORE_UNWRITABLE, QUEUE_CORRUPT. */
export interface SqlConnection {
  readonly dialect: 'sqlite' | 'postgres';
  query(statement: Statement): Promise<readonly SqlRow[]>;
  /**
   * One transaction, durable when it answers. The first statement decides: when it returns no row, the others do not run.
   * Answers the rows of the first.
   */
  batch(statements: readonly [Statement, ...Statement[]]): Promise<readonly SqlRow[]>;
  close(): Promise<void>;
}

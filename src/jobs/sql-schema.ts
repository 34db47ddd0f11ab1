// Tables of the job queue in SQL, for SQLite and PostgreSQL.
import type { SqlConnection } from './sql-connection.ts';

/** Raised when tables change; a database of another version is refused. */
export const SCHEMA_VERSION = 1;

export function schemaOf(dialect: SqlConnection['dialect']): readonly string[] {
  const serial = dialect === 'sqlite' ? 'INTEGER PRIMARY KEY AUTOINCREMENT' : 'BIGSERIAL PRIMARY KEY';
  const real = dialect === 'sqlite' ? 'REAL' : 'DOUBLE PRECISION';
  return [
    `CREATE TABLE IF NOT EXISTS gridmill_queue (name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS gridmill_jobs (
      sequence ${serial},
      id TEXT NOT NULL UNIQUE,
      kind TEXT NOT NULL,
      request TEXT NOT NULL,
      job_key TEXT,
      priority INTEGER NOT NULL,
      deadline_ms BIGINT,
      budget TEXT NOT NULL,
      attempts_max INTEGER NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      token BIGINT NOT NULL DEFAULT 0,
      beat BIGINT NOT NULL DEFAULT 0,
      claim_id TEXT,
      cancel_requested INTEGER NOT NULL DEFAULT 0,
      progress_done ${real} NOT NULL DEFAULT 0,
      progress_total ${real} NOT NULL DEFAULT 0,
      progress_stage INTEGER,
      progress_best ${real},
      error TEXT,
      owner TEXT,
      created_ms BIGINT NOT NULL,
      started_ms BIGINT,
      ended_ms BIGINT,
      spent_ms ${real} NOT NULL DEFAULT 0,
      parent_id TEXT,
      shard_index INTEGER,
      shard_count INTEGER NOT NULL DEFAULT 0,
      checkpoint_sequence BIGINT NOT NULL DEFAULT 0
    )`,
    `CREATE UNIQUE INDEX IF NOT EXISTS gridmill_jobs_key ON gridmill_jobs (job_key) WHERE job_key IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS gridmill_jobs_queued ON gridmill_jobs (priority DESC, sequence) WHERE state = 'queued'`,
    `CREATE INDEX IF NOT EXISTS gridmill_jobs_running ON gridmill_jobs (claim_id) WHERE state = 'running'`,
    // Counts of states read this alone, and not the requests.
    `CREATE INDEX IF NOT EXISTS gridmill_jobs_states ON gridmill_jobs (state, created_ms) WHERE parent_id IS NULL`,
    `CREATE INDEX IF NOT EXISTS gridmill_jobs_shards ON gridmill_jobs (parent_id, shard_index)`,
    // Long texts lie apart, so that a renewal rewrites a short row.
    `CREATE TABLE IF NOT EXISTS gridmill_job_texts (
      id TEXT NOT NULL,
      part TEXT NOT NULL,
      token BIGINT NOT NULL,
      hash TEXT NOT NULL,
      body TEXT NOT NULL,
      PRIMARY KEY (id, part)
    )`,
  ];
}

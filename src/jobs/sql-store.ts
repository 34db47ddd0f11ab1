// The job queue in a SQL database. Each write about a lease compares its token in the statement that writes.
import { AppError } from '../core/errors.ts';
import { type Json, sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { checkSubmission, type Job, type JobResult, type JobState, jobText, type Lease, type Owner } from './job.ts';
import { checkPage, checkSplit, countsOf, shardId } from './job-rules.ts';
import type { ClaimedJob, JobQuery, JobStore, LeaseView, StoreReach } from './job-store.ts';
import type { SqlConnection, SqlRow, SqlValue, Statement } from './sql-connection.ts';
import { toJob, toSubmission } from './sql-rows.ts';
import { checkSameSubmission, jobNotFound, jobState, leaseLost, queueFull, standing } from './store-errors.ts';

/** The job runs under this very token. Every write about a lease ends with it. */
const HELD = `id = $1 AND token = $2 AND state = 'running'`;
/** What a job loses with its lease. */
const LEFT = `owner = NULL, claim_id = NULL`;
const ENDED = `('done', 'failed', 'cancelled')`;

const SUBMIT = `INSERT INTO gridmill_jobs
  (id, kind, request, job_key, priority, deadline_ms, budget, attempts_max, state, created_ms)
  SELECT $1, $2, $3, $4, CAST($5 AS INTEGER), CAST($6 AS BIGINT), $7, CAST($8 AS INTEGER), 'queued', CAST($9 AS BIGINT)
  WHERE (SELECT COUNT(*) FROM gridmill_jobs WHERE state = 'queued' AND parent_id IS NULL) < ${LIMITS.queuedJobsMax}
  ON CONFLICT DO NOTHING RETURNING *`;

const COUNT = `SELECT state, COUNT(*) AS jobs, MIN(created_ms) AS oldest FROM gridmill_jobs
  WHERE parent_id IS NULL GROUP BY state`;

const claimSql = (dialect: SqlConnection['dialect'], kinds: number): string => `UPDATE gridmill_jobs
  SET state = 'running', attempts = attempts + 1, token = token + 1, beat = beat + 1, claim_id = $1, owner = $2,
    started_ms = COALESCE(started_ms, $3)
  WHERE sequence = (
    SELECT sequence FROM gridmill_jobs AS job
    WHERE state = 'queued' AND kind IN (${numbered(kinds, 4)}) AND (shard_count = 0 OR NOT EXISTS (
      SELECT 1 FROM gridmill_jobs AS shard WHERE shard.parent_id = job.id AND shard.state NOT IN ${ENDED}))
    ORDER BY priority DESC, sequence LIMIT 1 ${dialect === 'postgres' ? 'FOR UPDATE SKIP LOCKED' : ''})
  RETURNING *`;

const SPLIT_SHARD = `INSERT INTO gridmill_jobs
  (id, kind, request, priority, deadline_ms, budget, attempts_max, state, created_ms, parent_id, shard_index)
  SELECT $3, kind, $4, priority, deadline_ms, budget, attempts_max, 'queued', CAST($5 AS BIGINT), id, CAST($6 AS INTEGER)
  FROM gridmill_jobs WHERE id = $1 AND token = $2`;

const EXPIRE = `UPDATE gridmill_jobs SET error = $4, ${LEFT},
    state = CASE WHEN cancel_requested = 1 THEN 'cancelled' WHEN attempts < attempts_max THEN 'queued' ELSE 'failed' END,
    ended_ms = CASE WHEN cancel_requested = 1 OR attempts >= attempts_max THEN CAST($5 AS BIGINT) ELSE NULL END
  WHERE ${HELD} AND beat = $3 RETURNING id`;

const FAIL = `UPDATE gridmill_jobs SET error = $3, ${LEFT},
    state = CASE WHEN $4 = 0 OR attempts >= attempts_max THEN 'failed'
      WHEN cancel_requested = 1 THEN 'cancelled' ELSE 'queued' END,
    ended_ms = CASE WHEN $4 = 0 OR attempts >= attempts_max OR cancel_requested = 1 THEN CAST($5 AS BIGINT) ELSE NULL END
  WHERE ${HELD} RETURNING state`;

/** Back to the queue without counting the attempt, unless somebody asked to cancel. */
const handBack = (at: string): string => `attempts = attempts - 1, ${LEFT},
    state = CASE WHEN cancel_requested = 1 THEN 'cancelled' ELSE 'queued' END,
    ended_ms = CASE WHEN cancel_requested = 1 THEN CAST(${at} AS BIGINT) ELSE NULL END`;

/** Open shards of a job that ended, or that lost another shard for good. */
const END_HOPELESS = `UPDATE gridmill_jobs SET cancel_requested = 1,
    state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
    ended_ms = CASE WHEN state = 'queued' THEN CAST($1 AS BIGINT) ELSE ended_ms END
  WHERE parent_id IS NOT NULL AND state IN ('queued', 'running') AND cancel_requested = 0 AND (
    EXISTS (SELECT 1 FROM gridmill_jobs AS parent WHERE parent.id = gridmill_jobs.parent_id AND parent.state IN ${ENDED})
    OR EXISTS (SELECT 1 FROM gridmill_jobs AS other
      WHERE other.parent_id = gridmill_jobs.parent_id AND other.state IN ('failed', 'cancelled')))`;

/** Ended jobs beyond the newest $1, unless a shard of theirs still runs. */
const OLDEST = `SELECT id FROM gridmill_jobs AS job
  WHERE parent_id IS NULL AND state IN ${ENDED} AND NOT EXISTS (
    SELECT 1 FROM gridmill_jobs AS shard WHERE shard.parent_id = job.id AND shard.state NOT IN ${ENDED})
  AND sequence <= (SELECT sequence FROM gridmill_jobs WHERE parent_id IS NULL AND state IN ${ENDED}
    ORDER BY sequence DESC LIMIT 1 OFFSET $1)`;

const numbered = (count: number, from: number): string =>
  Array.from({ length: count }, (_, i) => `$${from + i}`).join(', ');

/** Works on a connection whose schema is in place; closes it with the store. */
export function createSqlStore(connection: SqlConnection, reach: StoreReach): JobStore {
  const query = (sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> =>
    connection.query({ sql, values });

  const rowOf = async (id: string): Promise<SqlRow | undefined> =>
    (await query('SELECT * FROM gridmill_jobs WHERE id = $1', [id]))[0];
  const jobOf = async (id: string): Promise<Job> => {
    const row = await rowOf(id);
    if (row === undefined) throw jobNotFound(id);
    return toJob(row);
  };
  const textOf = async (id: string, part: 'checkpoint' | 'result'): Promise<JobResult | undefined> => {
    const sql = 'SELECT id, token, hash, body FROM gridmill_job_texts WHERE id = $1 AND part = $2';
    const [row] = await query(sql, [id, part]);
    return row && readText(row);
  };

  /** Runs a statement that writes under the lease. */
  const underLease = async (lease: Lease, statement: Statement): Promise<SqlRow> => {
    const rows = await connection.query(statement);
    if (rows.length === 0) throw leaseLost(lease, standing(await job(lease.jobId)));
    return rows[0]!;
  };
  const job = async (id: string): Promise<Job | undefined> => {
    const row = await rowOf(id);
    return row && toJob(row);
  };

  return {
    reach,
    async submit(submission, atMs) {
      const wanted = checkSubmission(submission);
      const { id, kind, requestText, key = null, priority, deadlineMs = null, budgetText, attemptsMax } = wanted;
      const values = [id, kind, requestText, key, priority, deadlineMs, budgetText, attemptsMax, atMs];
      const [inserted] = await query(SUBMIT, values);
      if (inserted !== undefined) return { job: toJob(inserted), isNew: true };
      const same = await query('SELECT * FROM gridmill_jobs WHERE id = $1 OR job_key = $2 ORDER BY id = $1 DESC', [
        id,
        key,
      ]);
      if (same.length === 0) throw queueFull();
      checkSameSubmission(wanted, toSubmission(same[0]!));
      return { job: toJob(same[0]!), isNew: false };
    },
    get: job,
    async list(asked) {
      const limit = checkPage(asked);
      const { where, values } = filter(asked);
      const sql = `SELECT * FROM gridmill_jobs WHERE ${where} ORDER BY sequence DESC LIMIT ${limit + 1}`;
      const rows = await query(sql, values);
      const jobs = rows.slice(0, limit).map(toJob);
      return { jobs, next: rows.length > limit ? jobs.at(-1)!.sequence : undefined };
    },
    async counts() {
      const rows = await query(COUNT, []);
      const queued = rows.find((row) => row['state'] === 'queued');
      return {
        states: countsOf(rows.map((row) => [row['state'] as JobState, Number(row['jobs'])])),
        oldestQueuedMs: queued === undefined ? undefined : Number(queued['oldest']),
      };
    },
    async result(id) {
      return textOf(id, 'result');
    },

    async claim({ owner, claimId, kinds }, atMs): Promise<ClaimedJob | undefined> {
      if (kinds.length === 0) return undefined;
      const granted = await query(`SELECT * FROM gridmill_jobs WHERE claim_id = $1 AND state = 'running'`, [claimId]);
      const values = [claimId, JSON.stringify(owner), atMs, ...kinds];
      const [row] = granted.length > 0 ? granted : await query(claimSql(connection.dialect, kinds.length), values);
      if (row === undefined) return undefined;
      const claimed = toJob(row);
      const checkpoint = await textOf(claimed.id, 'checkpoint');
      return {
        job: claimed,
        lease: { jobId: claimed.id, token: claimed.token },
        checkpoint: {
          sequence: Number(row['checkpoint_sequence']),
          value: checkpoint?.value,
        },
      };
    },
    async renew(lease, { progress, spentMs }) {
      const sql = `UPDATE gridmill_jobs SET beat = beat + 1, progress_done = $3, progress_total = $4, spent_ms = $5,
        progress_stage = CAST($6 AS INTEGER), progress_best = $7
        WHERE ${HELD} RETURNING cancel_requested`;
      const { done, total, stage = null, best = null } = progress;
      const values = [lease.jobId, lease.token, done, total, spentMs, stage, best];
      const row = await underLease(lease, { sql, values });
      return { cancelRequested: Number(row['cancel_requested']) === 1 };
    },
    async look(leases): Promise<readonly LeaseView[]> {
      if (leases.length === 0) return [];
      const sql = `SELECT id, token, cancel_requested FROM gridmill_jobs
        WHERE state = 'running' AND id IN (${numbered(leases.length, 1)})`;
      const rows = await query(
        sql,
        leases.map(({ jobId }) => jobId),
      );
      const found = new Map(rows.map((row) => [row['id'], row]));
      return leases.map(({ jobId, token }) => {
        const row = found.get(jobId);
        if (row === undefined || Number(row['token']) !== token) return 'lost';
        return Number(row['cancel_requested']) === 1 ? 'cancel' : 'held';
      });
    },
    async checkpoint(lease, { sequence, value }) {
      const text = jobText('checkpoint', value, LIMITS.jobCheckpointBytesMax);
      const held = [lease.jobId, lease.token] as const;
      const note = `UPDATE gridmill_jobs SET checkpoint_sequence = $3 WHERE ${HELD} AND checkpoint_sequence < $3 RETURNING id`;
      const keep = `INSERT INTO gridmill_job_texts (id, part, token, hash, body)
        SELECT id, 'checkpoint', token, $4, $5 FROM gridmill_jobs WHERE ${HELD} AND checkpoint_sequence = $3
        ON CONFLICT (id, part) DO UPDATE SET token = excluded.token, hash = excluded.hash, body = excluded.body`;
      const rows = await connection.batch([
        { sql: note, values: [...held, sequence] },
        { sql: keep, values: [...held, sequence, sha256Hex(text), text] },
      ]);
      if (rows.length > 0) return;
      const now = await job(lease.jobId);
      if (now?.state !== 'running' || now.token !== lease.token) throw leaseLost(lease, standing(now));
    },
    async complete(lease, result, atMs) {
      const text = jobText('result', result, LIMITS.jobResultBytesMax);
      const held = [lease.jobId, lease.token] as const;
      const done = `UPDATE gridmill_jobs SET state = 'done', ended_ms = $3, ${LEFT} WHERE ${HELD} RETURNING id`;
      const keep = `INSERT INTO gridmill_job_texts (id, part, token, hash, body)
        SELECT id, 'result', token, $3, $4 FROM gridmill_jobs WHERE id = $1 AND token = $2 AND state = 'done'`;
      const drop = `DELETE FROM gridmill_job_texts WHERE id = $1 AND part = 'checkpoint'`;
      const rows = await connection.batch([
        { sql: done, values: [...held, atMs] },
        { sql: keep, values: [...held, sha256Hex(text), text] },
        { sql: drop, values: [lease.jobId] },
      ]);
      if (rows.length > 0) return;
      const now = await job(lease.jobId);
      // A repeated call: its first one was applied, its reply was lost.
      if (now?.state !== 'done' || now.token !== lease.token) throw leaseLost(lease, standing(now));
    },
    async fail(lease, { error, retry }, atMs) {
      const values = [lease.jobId, lease.token, JSON.stringify(error), retry ? 1 : 0, atMs];
      const row = await underLease(lease, { sql: FAIL, values });
      return row['state'] as Job['state'];
    },
    async cancel(lease, atMs) {
      const sql = `UPDATE gridmill_jobs SET state = 'cancelled', ended_ms = $3, ${LEFT} WHERE ${HELD} RETURNING id`;
      await underLease(lease, { sql, values: [lease.jobId, lease.token, atMs] });
    },
    async release(lease, atMs) {
      const sql = `UPDATE gridmill_jobs SET ${handBack('$3')} WHERE ${HELD} RETURNING id`;
      await underLease(lease, { sql, values: [lease.jobId, lease.token, atMs] });
    },
    async split(lease, requests, atMs) {
      const texts = checkSplit(requests);
      const held = [lease.jobId, lease.token] as const;
      const sql = `UPDATE gridmill_jobs SET shard_count = $3, ${handBack('$4')}
        WHERE ${HELD} AND shard_count = 0 AND parent_id IS NULL RETURNING id`;
      const insert = (text: string, index: number): Statement => ({
        sql: SPLIT_SHARD,
        values: [...held, shardId(lease.jobId, index), text, atMs, index],
      });
      const rows = await connection.batch([{ sql, values: [...held, texts.length, atMs] }, ...texts.map(insert)]);
      if (rows.length > 0) return;
      const now = await job(lease.jobId);
      if (now?.state === 'running' && now.token === lease.token) throw jobState(now, 'cut again');
      throw leaseLost(lease, standing(now));
    },

    async shards(id) {
      const sql = 'SELECT * FROM gridmill_jobs WHERE parent_id = $1 ORDER BY shard_index';
      const jobs = (await query(sql, [id])).map(toJob);
      const texts = await query(
        `SELECT kept.id, kept.token, kept.hash, kept.body FROM gridmill_jobs AS job JOIN gridmill_job_texts AS kept ON kept.id = job.id AND kept.part = 'result'
        WHERE job.parent_id = $1 AND job.state = 'done' ORDER BY job.shard_index`,
        [id],
      );
      return {
        open: jobs.filter(({ state }) => state !== 'done'),
        results: texts.map((row) => readText(row).value),
      };
    },
    async requestCancel(id, atMs) {
      const sql = `UPDATE gridmill_jobs SET cancel_requested = 1,
          state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
          ended_ms = CASE WHEN state = 'queued' THEN CAST($2 AS BIGINT) ELSE NULL END
        WHERE id = $1 AND state IN ('queued', 'running') RETURNING *`;
      const [row] = await query(sql, [id, atMs]);
      if (row === undefined) throw jobState(await jobOf(id), 'cancelled');
      return toJob(row);
    },
    async retry(id) {
      const anew = `state = 'queued', attempts = 0, spent_ms = 0, cancel_requested = 0, ended_ms = NULL, ${LEFT}`;
      const own = `UPDATE gridmill_jobs SET ${anew}
        WHERE id = $1 AND parent_id IS NULL AND state IN ('failed', 'cancelled') RETURNING *`;
      // A shard that still runs for the cancelled job starts over: its lease ends here.
      const shards = `UPDATE gridmill_jobs SET ${anew} WHERE parent_id = $1 AND state <> 'done'`;
      const [row] = await connection.batch([
        { sql: own, values: [id] },
        { sql: shards, values: [id] },
      ]);
      if (row !== undefined) return toJob(row);
      const now = await jobOf(id);
      throw jobState(now, now.parentId === undefined ? 'retried' : 'retried apart from the job it is a shard of');
    },

    async leases() {
      const rows = await query(`SELECT id, token, beat, owner FROM gridmill_jobs WHERE state = 'running'`, []);
      return rows.map((row) => ({
        jobId: row['id'] as string,
        token: Number(row['token']),
        beat: Number(row['beat']),
        owner: JSON.parse(row['owner'] as string) as Owner,
      }));
    },
    async expire({ jobId, token, beat }, error, atMs) {
      return (await query(EXPIRE, [jobId, token, beat, JSON.stringify(error), atMs])).length > 0;
    },
    async tidy({ endedMax }, atMs) {
      await query(END_HOPELESS, [atMs]);
      const oldest = await query(OLDEST, [endedMax]);
      for (const { id } of oldest) {
        const values = [id as string];
        const shards = 'SELECT id FROM gridmill_jobs WHERE parent_id = $1';
        await connection.batch([
          // Somebody may have queued it anew meanwhile.
          { sql: `DELETE FROM gridmill_jobs WHERE id = $1 AND state IN ${ENDED} RETURNING id`, values },
          { sql: `DELETE FROM gridmill_job_texts WHERE id = $1 OR id IN (${shards})`, values },
          { sql: 'DELETE FROM gridmill_jobs WHERE parent_id = $1', values },
        ]);
      }
    },
    close: () => connection.close(),
  };
}

/** Errors: QUEUE_CORRUPT when the text is not the one that was stored. */
function readText(row: SqlRow): JobResult {
  const text = row['body'] as string;
  const hash = row['hash'] as string;
  if (sha256Hex(text) === hash) return { token: Number(row['token']), hash, value: JSON.parse(text) as Json };
  throw new AppError('QUEUE_CORRUPT', {
    found: `a text of job ${row['id']} does not match its SHA-256.`,
    todo: 'Restore the queue from a backup, or run the job again.',
  });
}

function filter({ state, kind, parentId, before }: JobQuery): { where: string; values: SqlValue[] } {
  const values: SqlValue[] = [];
  const terms: string[] = [];
  const term = (sql: string, value: SqlValue): void => {
    values.push(value);
    terms.push(`${sql} $${values.length}`);
  };
  if (parentId === undefined) terms.push('parent_id IS NULL');
  else term('parent_id =', parentId);
  if (state !== undefined) term('state =', state);
  if (kind !== undefined) term('kind =', kind);
  if (before !== undefined) term('sequence <', before);
  return { where: terms.join(' AND '), values };
}

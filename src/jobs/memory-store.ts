// The job queue in the memory of one process: for tests, simulations and hosts that need no durability.
import { type Json, sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import {
  type CheckedSubmission,
  checkSubmission,
  isEnded,
  type Job,
  type JobError,
  type JobProgress,
  type JobState,
  jobText,
  type Lease,
  type Owner,
} from './job.ts';
import { checkPage, checkSplit, countsOf, shardId } from './job-rules.ts';
import type { JobQuery, JobStore, LeaseInUse } from './job-store.ts';
import { checkSameSubmission, jobNotFound, jobState, leaseLost, queueFull, standing } from './store-errors.ts';

interface Row extends CheckedSubmission {
  sequence: number;
  state: JobState;
  attempts: number;
  token: number;
  beat: number;
  claimId: string | undefined;
  cancelRequested: boolean;
  progress: JobProgress;
  error: JobError | undefined;
  owner: Owner | undefined;
  createdAtMs: number;
  startedAtMs: number | undefined;
  endedAtMs: number | undefined;
  spentMs: number;
  parentId: string | undefined;
  shardIndex: number | undefined;
  shardCount: number;
  checkpointSequence: number;
  checkpointText: string | undefined;
  result: { readonly token: number; readonly text: string } | undefined;
}

const NO_PROGRESS: JobProgress = { done: 0, total: 0 };

/** All methods finish before they answer: there is nothing in between that another caller could see. */
export function createMemoryStore(): JobStore {
  const rows = new Map<string, Row>();
  let sequence = 0;

  const all = (): Row[] => [...rows.values()];
  const shardsOf = (id: string): Row[] =>
    all()
      .filter((row) => row.parentId === id)
      .sort((a, b) => a.shardIndex! - b.shardIndex!);
  const found = (id: string): Row => {
    const row = rows.get(id);
    if (row === undefined) throw jobNotFound(id);
    return row;
  };
  const held = (lease: Lease): Row => {
    const row = rows.get(lease.jobId);
    if (row?.state === 'running' && row.token === lease.token) return row;
    throw leaseLost(lease, standing(row));
  };
  const insert = (job: CheckedSubmission, atMs: number, shard?: { parentId: string; shardIndex: number }): Row => {
    const row: Row = {
      ...job,
      sequence: ++sequence,
      state: 'queued',
      attempts: 0,
      token: 0,
      beat: 0,
      claimId: undefined,
      cancelRequested: false,
      progress: NO_PROGRESS,
      error: undefined,
      owner: undefined,
      createdAtMs: atMs,
      startedAtMs: undefined,
      endedAtMs: undefined,
      spentMs: 0,
      parentId: shard?.parentId,
      shardIndex: shard?.shardIndex,
      shardCount: 0,
      checkpointSequence: 0,
      checkpointText: undefined,
      result: undefined,
    };
    rows.set(job.id, row);
    return row;
  };
  const canRun = (row: Row): boolean =>
    row.state === 'queued' && (row.shardCount === 0 || shardsOf(row.id).every((shard) => isEnded(shard.state)));

  return {
    reach: 'process',
    async submit(submission, atMs) {
      const wanted = checkSubmission(submission);
      const same = rows.get(wanted.id) ?? all().find((row) => wanted.key !== undefined && row.key === wanted.key);
      if (same !== undefined) {
        checkSameSubmission(wanted, same);
        return { job: toJob(same), isNew: false };
      }
      const waiting = all().filter((row) => row.state === 'queued' && row.parentId === undefined);
      if (waiting.length >= LIMITS.queuedJobsMax) throw queueFull();
      return { job: toJob(insert(wanted, atMs)), isNew: true };
    },
    async get(id) {
      const row = rows.get(id);
      return row && toJob(row);
    },
    async list(query) {
      const limit = checkPage(query);
      const matching = all().filter(matches(query));
      matching.sort((a, b) => b.sequence - a.sequence);
      const page = matching.slice(0, limit);
      return { jobs: page.map(toJob), next: matching.length > limit ? page.at(-1)!.sequence : undefined };
    },
    async counts() {
      const own = all().filter((row) => row.parentId === undefined);
      const oldest = Math.min(...own.filter((row) => row.state === 'queued').map((row) => row.createdAtMs));
      return {
        states: countsOf(own.map((row) => [row.state, 1])),
        oldestQueuedMs: Number.isFinite(oldest) ? oldest : undefined,
      };
    },
    async result(id) {
      const result = rows.get(id)?.result;
      return result && { token: result.token, hash: sha256Hex(result.text), value: JSON.parse(result.text) as Json };
    },

    async claim({ owner, claimId, kinds }, atMs) {
      let row = all().find((each) => each.state === 'running' && each.claimId === claimId);
      if (row === undefined) {
        const ready = all().filter((each) => kinds.includes(each.kind) && canRun(each));
        row = ready.sort((a, b) => b.priority - a.priority || a.sequence - b.sequence)[0];
        if (row === undefined) return undefined;
        row.state = 'running';
        row.attempts++;
        row.token++;
        row.beat++;
        row.claimId = claimId;
        row.owner = owner;
        row.startedAtMs ??= atMs;
      }
      const value = row.checkpointText === undefined ? undefined : (JSON.parse(row.checkpointText) as Json);
      return {
        job: toJob(row),
        lease: { jobId: row.id, token: row.token },
        checkpoint: { sequence: row.checkpointSequence, value },
      };
    },
    async renew(lease, { progress, spentMs }) {
      const row = held(lease);
      row.beat++;
      row.progress = progress;
      row.spentMs = spentMs;
      return { cancelRequested: row.cancelRequested };
    },
    async look(leases) {
      return leases.map(({ jobId, token }) => {
        const row = rows.get(jobId);
        if (row?.state !== 'running' || row.token !== token) return 'lost';
        return row.cancelRequested ? 'cancel' : 'held';
      });
    },
    async checkpoint(lease, { sequence: at, value }) {
      const text = jobText('checkpoint', value, LIMITS.jobCheckpointBytesMax);
      const row = held(lease);
      if (at <= row.checkpointSequence) return;
      row.checkpointSequence = at;
      row.checkpointText = text;
    },
    async complete(lease, result, atMs) {
      const text = jobText('result', result, LIMITS.jobResultBytesMax);
      const ended = rows.get(lease.jobId);
      if (ended?.state === 'done' && ended.token === lease.token) return;
      const row = held(lease);
      row.result = { token: lease.token, text };
      row.checkpointText = undefined;
      end(row, 'done', atMs);
    },
    async fail(lease, { error, retry }, atMs) {
      const row = held(lease);
      row.error = error;
      if (retry && row.attempts < row.attemptsMax) requeue(row, atMs);
      else end(row, 'failed', atMs);
      return row.state;
    },
    async cancel(lease, atMs) {
      end(held(lease), 'cancelled', atMs);
    },
    async release(lease, atMs) {
      const row = held(lease);
      row.attempts--;
      requeue(row, atMs);
    },
    async split(lease, requests, atMs) {
      const texts = checkSplit(requests);
      const row = held(lease);
      if (row.parentId !== undefined || row.shardCount > 0) throw jobState(toJob(row), 'cut again');
      row.attempts--;
      row.shardCount = texts.length;
      requeue(row, atMs);
      for (const [shardIndex, requestText] of texts.entries()) {
        const { kind, priority, deadlineMs, budgetText, attemptsMax } = row;
        const id = shardId(row.id, shardIndex);
        const shard = { id, kind, requestText, key: undefined, priority, deadlineMs, budgetText, attemptsMax };
        insert(shard, atMs, { parentId: row.id, shardIndex });
      }
    },

    async shards(id) {
      const shards = shardsOf(id);
      return {
        open: shards.filter((shard) => shard.state !== 'done').map(toJob),
        results: shards
          .filter((shard) => shard.state === 'done')
          .map((shard) => JSON.parse(shard.result!.text) as Json),
      };
    },
    async requestCancel(id, atMs) {
      const row = found(id);
      if (isEnded(row.state)) throw jobState(toJob(row), 'cancelled');
      row.cancelRequested = true;
      if (row.state === 'queued') end(row, 'cancelled', atMs);
      return toJob(row);
    },
    async retry(id) {
      const row = found(id);
      if (row.parentId !== undefined) throw jobState(toJob(row), 'retried apart from the job it is a shard of');
      if (row.state !== 'failed' && row.state !== 'cancelled') throw jobState(toJob(row), 'retried');
      for (const each of [row, ...shardsOf(id)]) {
        // A shard that still runs for the cancelled job starts over: its lease ends here.
        if (each.state === 'done') continue;
        each.attempts = 0;
        each.spentMs = 0;
        each.cancelRequested = false;
        each.endedAtMs = undefined;
        requeue(each, 0);
      }
      return toJob(row);
    },

    async leases() {
      return all()
        .filter((row) => row.state === 'running')
        .map(({ id, token, beat, owner }) => ({ jobId: id, token, beat, owner: owner! }));
    },
    async expire(lease: LeaseInUse, error, atMs) {
      const row = rows.get(lease.jobId);
      if (row?.state !== 'running' || row.token !== lease.token || row.beat !== lease.beat) return false;
      row.error = error;
      if (row.cancelRequested || row.attempts < row.attemptsMax) requeue(row, atMs);
      else end(row, 'failed', atMs);
      return true;
    },
    async tidy({ endedMax }, atMs) {
      for (const row of all()) {
        if (row.parentId === undefined || isEnded(row.state)) continue;
        const isHopeless =
          isEnded(rows.get(row.parentId)!.state) ||
          shardsOf(row.parentId).some((shard) => shard.state === 'failed' || shard.state === 'cancelled');
        if (!isHopeless) continue;
        row.cancelRequested = true;
        if (row.state === 'queued') end(row, 'cancelled', atMs);
      }
      const ended = all().filter((row) => row.parentId === undefined && isEnded(row.state));
      ended.sort((a, b) => b.sequence - a.sequence);
      for (const row of ended.slice(endedMax)) {
        const shards = shardsOf(row.id);
        if (!shards.every((shard) => isEnded(shard.state))) continue;
        for (const each of [row, ...shards]) rows.delete(each.id);
      }
    },
    async close() {
      rows.clear();
    },
  };
}

/** Back to the queue, unless somebody asked to cancel. */
function requeue(row: Row, atMs: number): void {
  if (row.cancelRequested) {
    end(row, 'cancelled', atMs);
    return;
  }
  row.state = 'queued';
  row.owner = undefined;
  row.claimId = undefined;
}

function end(row: Row, state: JobState, atMs: number): void {
  row.state = state;
  row.owner = undefined;
  row.claimId = undefined;
  row.endedAtMs = atMs;
}

const matches =
  ({ state, kind, parentId, before }: JobQuery) =>
  (row: Row): boolean =>
    row.parentId === parentId &&
    (state === undefined || row.state === state) &&
    (kind === undefined || row.kind === kind) &&
    (before === undefined || row.sequence < before);

function toJob(row: Row): Job {
  const { requestText, budgetText, beat, claimId, checkpointSequence, checkpointText, result, ...rest } = row;
  return { ...rest, request: JSON.parse(requestText) as Json, budget: JSON.parse(budgetText) as Job['budget'] };
}

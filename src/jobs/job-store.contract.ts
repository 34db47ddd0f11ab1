// What every job store must do, whatever it keeps jobs in.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StoreKind } from '../../test/fixtures/jobs/stores.ts';
import { type AppError, type ErrorCode, isAppError } from '../core/errors.ts';
import { hashJson } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import type { JobError, Lease, Submission } from './job.ts';
import type { ClaimedJob, JobStore } from './job-store.ts';

const OWNER = { runner: 'r1', process: { boot: 'b', namespace: 'n', pid: 7, startTicks: '99' } };
const ERROR: JobError = { code: 'WORKER_DIED', found: 'it died.', todo: 'Look.' };
const BEAT = { progress: { done: 3, total: 9, stage: 2, best: -0.25 }, spentMs: 1234.5 };
const KINDS = ['sweep', 'other'];

export async function expectError(action: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isAppError(error)) expect.fail(`expected ${code}, found ${String(error)}`);
  expect(error.code).toBe(code);
  return error;
}

export function describeJobStore(kind: StoreKind): void {
  describe.skipIf(kind.missing !== undefined)(`a job store in ${kind.name}`, () => {
    let store: JobStore;
    let claims = 0;
    beforeAll(() => kind.start());
    afterAll(() => kind.stop());
    beforeEach(async () => {
      store = await kind.open();
    });
    afterEach(() => store.close());

    const submit = (id: string, rest: Partial<Submission> = {}) =>
      store.submit({ id, kind: 'sweep', request: { id }, ...rest }, 1000);
    const claim = (rest: { claimId?: string; kinds?: readonly string[] } = {}) =>
      store.claim({ owner: OWNER, claimId: `c${++claims}`, kinds: KINDS, ...rest }, 2000);
    const claimed = async (): Promise<ClaimedJob> => (await claim())!;
    const running = async (id: string, rest: Partial<Submission> = {}): Promise<Lease> => {
      await submit(id, rest);
      return (await claimed()).lease;
    };
    const stateOf = async (id: string) => (await store.get(id))?.state;
    const takeAway = async (lease: Lease): Promise<void> => {
      const inUse = (await store.leases()).find(({ jobId }) => jobId === lease.jobId)!;
      expect(await store.expire(inUse, ERROR, 3000)).toBe(true);
    };

    test('keeps a submitted job with all of its fields', async () => {
      const request = { text: 'ü"\u0000\n', list: [1, null, -0.5], nested: { deep: true } };
      const budget = { variantsMax: 5, bytesMax: 6, threadsMax: 2 };
      const { job, isNew } = await submit('a', {
        request,
        key: 'k',
        priority: -3,
        deadlineMs: 5000,
        budget,
        attemptsMax: 2,
      });
      expect(isNew).toBe(true);
      expect(job).toEqual({
        id: 'a', sequence: job.sequence, kind: 'sweep', request, key: 'k', priority: -3, deadlineMs: 5000, budget,
        state: 'queued', attempts: 0, attemptsMax: 2, token: 0, cancelRequested: false, progress: { done: 0, total: 0 },
        error: undefined, owner: undefined, createdAtMs: 1000, startedAtMs: undefined, endedAtMs: undefined, spentMs: 0,
        parentId: undefined, shardIndex: undefined, shardCount: 0,
      }); // biome-ignore format: one table
      expect(await store.get('a')).toEqual(job);
      expect(await store.get('b')).toBeUndefined();
    });

    test('takes a repeated submission for the same job, and refuses another one under its id or key', async () => {
      const { job } = await submit('a', { key: 'k' });
      expect(await submit('a', { key: 'k' })).toEqual({ job, isNew: false });
      expect(await submit('b', { key: 'k', request: { id: 'a' } })).toMatchObject({ job: { id: 'a' }, isNew: false });
      await expectError(submit('b', { key: 'k' }), 'JOB_KEY_REUSED');
      await expectError(submit('a', { priority: 1 }), 'JOB_KEY_REUSED');
      expect(await stateOf('b')).toBeUndefined();
    });

    test('refuses submissions that break a rule', async () => {
      for (const id of ['', 'a/0', '../a', 'a b', 'x'.repeat(LIMITS.nameLengthMax + 1)]) {
        await expectError(submit(id), 'REQUEST_INVALID');
      }
      await expectError(submit('a', { priority: 101 }), 'REQUEST_INVALID');
      await expectError(submit('a', { key: 'ä' }), 'REQUEST_INVALID');
      await expectError(submit('a', { deadlineMs: 0 }), 'REQUEST_INVALID');
      await expectError(submit('a', { attemptsMax: LIMITS.jobAttemptsMax + 1 }), 'REQUEST_INVALID');
      await expectError(submit('a', { budget: { bytesMax: -1 } }), 'REQUEST_INVALID');
      await submit('a', { request: 'x'.repeat(LIMITS.jobRequestBytesMax - 2) });
      await expectError(submit('b', { request: 'x'.repeat(LIMITS.jobRequestBytesMax - 1) }), 'LIMIT_EXCEEDED');
    });

    test('claims by priority, then by age, and only kinds asked for', async () => {
      await submit('low', { priority: -1 });
      await submit('old');
      await submit('new');
      await submit('high', { priority: 5 });
      await submit('foreign', { kind: 'other', priority: 9 });
      const order: string[] = [];
      for (let job = await claim({ kinds: ['sweep'] }); job !== undefined; job = await claim({ kinds: ['sweep'] })) {
        order.push(job.job.id);
      }
      expect(order).toEqual(['high', 'old', 'new', 'low']);
      expect(await claim({ kinds: [] })).toBeUndefined();
      expect((await claimed()).job).toMatchObject({
        id: 'foreign',
        state: 'running',
        attempts: 1,
        token: 1,
        startedAtMs: 2000,
      });
    });

    test('answers a repeated claim with the lease it granted', async () => {
      await submit('a');
      await submit('b');
      const first = await claim({ claimId: 'same' });
      expect(await claim({ claimId: 'same' })).toEqual(first);
      expect(await stateOf('b')).toBe('queued');
      await store.release(first!.lease, 0);
      expect((await claim({ claimId: 'same' }))!.lease).toEqual({ jobId: 'a', token: 2 });
    });

    test('a renewal keeps progress and running time, and changes what observers see', async () => {
      const lease = await running('a');
      const [before] = await store.leases();
      expect(before).toEqual({ ...lease, beat: before!.beat, owner: OWNER });
      expect(await store.renew(lease, BEAT)).toEqual({ cancelRequested: false });
      const [after] = await store.leases();
      expect(after!.beat).not.toBe(before!.beat);
      expect(await store.get('a')).toMatchObject(BEAT);
      expect(await store.expire(before!, ERROR, 0)).toBe(false);
      expect(await stateOf('a')).toBe('running');
    });

    test('refuses every write under a lease that was taken away, also while the next owner runs', async () => {
      const stale = await running('a');
      await takeAway(stale);
      const refused = async (): Promise<void> => {
        const before = await store.get('a');
        await expectError(store.renew(stale, BEAT), 'LEASE_LOST');
        await expectError(store.checkpoint(stale, { sequence: 5, value: 'stale' }), 'LEASE_LOST');
        await expectError(store.complete(stale, 'stale', 1), 'LEASE_LOST');
        await expectError(store.fail(stale, { error: ERROR, retry: true }, 1), 'LEASE_LOST');
        await expectError(store.cancel(stale, 1), 'LEASE_LOST');
        await expectError(store.release(stale, 1), 'LEASE_LOST');
        await expectError(store.split(stale, ['stale'], 1), 'LEASE_LOST');
        expect(await store.look([stale])).toEqual(['lost']);
        expect(await store.get('a')).toEqual(before);
      };
      await refused();
      const next = await claimed();
      expect(next.lease).toEqual({ jobId: 'a', token: 2 });
      expect(next.checkpoint).toEqual({ sequence: 0, value: undefined });
      await refused();
      await store.complete(next.lease, 'good', 4000);
      await refused();
      expect(await store.result('a')).toEqual({ token: 2, hash: hashJson('good'), value: 'good' });
      expect((await store.list({ parentId: 'a' })).jobs).toEqual([]);
    });

    test('a lease of a job that never was is lost', async () => {
      await expectError(store.renew({ jobId: 'none', token: 1 }, BEAT), 'LEASE_LOST');
      expect(await store.look([{ jobId: 'none', token: 1 }])).toEqual(['lost']);
      expect(await store.look([])).toEqual([]);
    });

    test('completing makes the result visible with the end, and once', async () => {
      const lease = await running('a');
      expect(await store.result('a')).toBeUndefined();
      await store.complete(lease, { rows: [1, 2] }, 5000);
      expect(await store.get('a')).toMatchObject({ state: 'done', endedAtMs: 5000, owner: undefined });
      const first = await store.result('a');
      expect(first).toEqual({ token: 1, hash: hashJson({ rows: [1, 2] }), value: { rows: [1, 2] } });
      await store.complete(lease, { rows: [1, 2] }, 6000);
      expect(await store.get('a')).toMatchObject({ endedAtMs: 5000 });
      await expectError(store.fail(lease, { error: ERROR, retry: false }, 1), 'LEASE_LOST');
      expect(await store.result('a')).toEqual(first);
    });

    test('a checkpoint waits for the next attempt, and an older one changes nothing', async () => {
      const lease = await running('a');
      await store.checkpoint(lease, { sequence: 1, value: { at: 10 } });
      await store.checkpoint(lease, { sequence: 2, value: { at: 20 } });
      await store.checkpoint(lease, { sequence: 1, value: { at: 10 } });
      await store.checkpoint(lease, { sequence: 2, value: { at: 99 } });
      await takeAway(lease);
      const next = await claimed();
      expect(next.checkpoint).toEqual({ sequence: 2, value: { at: 20 } });
      await store.checkpoint(next.lease, { sequence: 3, value: { at: 30 } });
      await takeAway(next.lease);
      expect((await claimed()).checkpoint).toEqual({ sequence: 3, value: { at: 30 } });
    });

    test('results and checkpoints beyond their limit are refused and change nothing', async () => {
      const lease = await running('a');
      const tooLong = 'x'.repeat(LIMITS.jobCheckpointBytesMax - 1);
      await expectError(store.checkpoint(lease, { sequence: 1, value: tooLong }), 'LIMIT_EXCEEDED');
      await expectError(store.complete(lease, 'x'.repeat(LIMITS.jobResultBytesMax - 1), 1), 'LIMIT_EXCEEDED');
      expect(await stateOf('a')).toBe('running');
    });

    test('a failure is tried again while attempts are left, and a final one is not', async () => {
      const lease = await running('a', { attemptsMax: 2 });
      expect(await store.fail(lease, { error: ERROR, retry: true }, 1)).toBe('queued');
      expect(await store.get('a')).toMatchObject({ error: ERROR, attempts: 1, endedAtMs: undefined });
      expect(await store.fail((await claimed()).lease, { error: ERROR, retry: true }, 7000)).toBe('failed');
      expect(await store.get('a')).toMatchObject({ state: 'failed', error: ERROR, attempts: 2, endedAtMs: 7000 });
      expect(await store.fail(await running('b'), { error: ERROR, retry: false }, 1)).toBe('failed');
    });

    test('a job that loses its runner three times is parked and blocks nobody', async () => {
      await submit('poison', { priority: 5 });
      await submit('good');
      for (let attempt = 1; attempt <= 3; attempt++) {
        const next = await claimed();
        expect(next.job).toMatchObject({ id: 'poison', attempts: attempt });
        await takeAway(next.lease);
      }
      expect(await store.get('poison')).toMatchObject({ state: 'failed', attempts: 3, error: ERROR, endedAtMs: 3000 });
      expect((await claimed()).job.id).toBe('good');
    });

    test('a job handed back has lost no attempt', async () => {
      const lease = await running('a');
      await store.release(lease, 1);
      expect(await store.get('a')).toMatchObject({ state: 'queued', attempts: 0, token: 1, owner: undefined });
      expect((await claimed()).job).toMatchObject({ attempts: 1, token: 2 });
    });

    test('cancels a queued job at once and tells the owner of a running one', async () => {
      await submit('a');
      expect(await store.requestCancel('a', 8000)).toMatchObject({ state: 'cancelled', endedAtMs: 8000 });
      expect(await claim()).toBeUndefined();
      const lease = await running('b');
      expect(await store.look([lease])).toEqual(['held']);
      expect(await store.requestCancel('b', 1)).toMatchObject({ state: 'running', cancelRequested: true });
      expect(await store.look([lease])).toEqual(['cancel']);
      expect(await store.renew(lease, BEAT)).toEqual({ cancelRequested: true });
      await store.cancel(lease, 9000);
      expect(await store.get('b')).toMatchObject({ state: 'cancelled', endedAtMs: 9000 });
      await expectError(store.requestCancel('b', 1), 'JOB_STATE');
      await expectError(store.requestCancel('none', 1), 'JOB_NOT_FOUND');
    });

    test('a job that ended before it heard of the cancel is done', async () => {
      const lease = await running('a');
      await store.requestCancel('a', 1);
      await store.complete(lease, 1, 1);
      expect(await stateOf('a')).toBe('done');
    });

    test('a job somebody wants to cancel does not go back to the queue', async () => {
      for (const [id, leave] of Object.entries({
        expired: (lease: Lease) => takeAway(lease),
        released: (lease: Lease) => store.release(lease, 1),
        failed: (lease: Lease) => store.fail(lease, { error: ERROR, retry: true }, 1),
        cut: (lease: Lease) => store.split(lease, [1, 2], 1),
      })) {
        const lease = await running(id);
        await store.requestCancel(id, 1);
        await leave(lease);
        expect(await stateOf(id), id).toBe('cancelled');
      }
      await store.tidy({ endedMax: 10 }, 1);
      expect(await claim()).toBeUndefined();
    });

    test('a failed or cancelled job can be queued anew; its token goes on rising', async () => {
      const lease = await running('a', { attemptsMax: 1 });
      await takeAway(lease);
      expect(await stateOf('a')).toBe('failed');
      expect(await store.retry('a')).toMatchObject({
        state: 'queued',
        attempts: 0,
        cancelRequested: false,
        endedAtMs: undefined,
      });
      const next = await claimed();
      expect(next.lease.token).toBe(2);
      await expectError(store.retry('a'), 'JOB_STATE');
      await store.complete(next.lease, 1, 1);
      await expectError(store.retry('a'), 'JOB_STATE');
      await expectError(store.retry('none'), 'JOB_NOT_FOUND');
    });

    test('a job cut into shards waits for them and is then claimed to merge them', async () => {
      const lease = await running('a', { priority: 2, deadlineMs: 99, budget: { threadsMax: 1 } });
      await store.split(lease, ['x', 'y', 'z'], 1500);
      expect(await store.get('a')).toMatchObject({ state: 'queued', attempts: 0, shardCount: 3 });
      const { jobs } = await store.list({ parentId: 'a' });
      expect(jobs.map(({ id, request, shardIndex }) => [id, request, shardIndex]).reverse()).toEqual([
        ['a/0', 'x', 0],
        ['a/1', 'y', 1],
        ['a/2', 'z', 2],
      ]);
      expect(jobs[0]).toMatchObject({
        kind: 'sweep',
        priority: 2,
        deadlineMs: 99,
        budget: { threadsMax: 1 },
        createdAtMs: 1500,
      });
      expect((await store.list({})).jobs.map(({ id }) => id)).toEqual(['a']);
      const shards = [await claimed(), await claimed(), await claimed()];
      expect(await claim()).toBeUndefined();
      // In another order than theirs.
      for (const { job, lease: shard } of [shards[2]!, shards[0]!, shards[1]!]) {
        expect(await claim()).toBeUndefined();
        await store.complete(shard, `${job.request}!`, 1);
      }
      const merge = await claimed();
      expect(merge.job).toMatchObject({ id: 'a', shardCount: 3, attempts: 1 });
      expect(await store.shards('a')).toEqual({ open: [], results: ['x!', 'y!', 'z!'] });
      await expectError(store.split(merge.lease, ['again'], 1), 'JOB_STATE');
      await expectError(store.split(shards[0]!.lease, ['deeper'], 1), 'LEASE_LOST');
      await store.complete(merge.lease, 'merged', 1);
      expect(await store.result('a')).toMatchObject({ value: 'merged' });
    });

    test('shards of a job that cannot be merged any more are ended', async () => {
      await store.split(await running('a'), [1, 2, 3], 1);
      const [first, second] = [await claimed(), await claimed()];
      await store.fail(first.lease, { error: ERROR, retry: false }, 1);
      await store.tidy({ endedMax: 10 }, 4000);
      expect(await store.get('a/2')).toMatchObject({ state: 'cancelled', endedAtMs: 4000 });
      expect(await store.look([second.lease])).toEqual(['cancel']);
      await store.cancel(second.lease, 1);
      const { open } = await store.shards('a');
      expect(open.map(({ id, state }) => [id, state])).toEqual([
        ['a/0', 'failed'],
        ['a/1', 'cancelled'],
        ['a/2', 'cancelled'],
      ]);
      expect((await claimed()).job.id).toBe('a');
    });

    test('a cancelled job ends its shards, and queued anew keeps those that are done', async () => {
      await store.split(await running('a'), [1, 2], 1);
      const [done, open] = [await claimed(), await claimed()];
      await store.complete(done.lease, 'kept', 1);
      await store.requestCancel('a', 1);
      await store.tidy({ endedMax: 10 }, 1);
      expect(await store.look([open.lease])).toEqual(['cancel']);
      await expectError(store.retry('a/1'), 'JOB_STATE');
      await store.retry('a');
      expect(await store.look([open.lease])).toEqual(['lost']);
      const again = await claimed();
      expect(again.job).toMatchObject({ id: 'a/1', cancelRequested: false });
      await store.complete(again.lease, 'new', 1);
      expect((await store.shards('a')).results).toEqual(['kept', 'new']);
    });

    test('counts jobs by state, shards not among them, and says since when the oldest waits', async () => {
      const none = { queued: 0, running: 0, done: 0, failed: 0, cancelled: 0 };
      expect(await store.counts()).toEqual({ states: none, oldestQueuedMs: undefined });
      await store.complete(await running('ended'), { best: 1 }, 2500);
      await running('runs');
      await store.split(await running('cut'), [{ part: 1 }, { part: 2 }], 1500);
      await store.submit({ id: 'late', kind: 'sweep', request: {} }, 900);
      expect(await store.counts()).toEqual({
        states: { ...none, queued: 2, running: 1, done: 1 },
        oldestQueuedMs: 900,
      });
    });

    test('lists newest first, filtered, page by page', async () => {
      for (let i = 0; i < 7; i++) await submit(`j${i}`, { kind: i % 2 === 0 ? 'sweep' : 'other' });
      await store.requestCancel('j3', 1);
      const pages: string[][] = [];
      let before: number | undefined;
      do {
        const page = await store.list({ limit: 3, before });
        pages.push(page.jobs.map(({ id }) => id));
        before = page.next;
      } while (before !== undefined);
      expect(pages).toEqual([['j6', 'j5', 'j4'], ['j3', 'j2', 'j1'], ['j0']]);
      expect((await store.list({ state: 'cancelled' })).jobs.map(({ id }) => id)).toEqual(['j3']);
      expect((await store.list({ kind: 'other', state: 'queued' })).jobs.map(({ id }) => id)).toEqual(['j5', 'j1']);
      await expectError(store.list({ limit: LIMITS.jobPageMax + 1 }), 'LIMIT_EXCEEDED');
      await expectError(store.list({ limit: 0 }), 'LIMIT_EXCEEDED');
    });

    test('forgets the oldest ended jobs with their shards and texts, and no other', async () => {
      await store.complete(await running('old'), 1, 1);
      await store.split(await running('cut'), [1], 1);
      await store.requestCancel('cut', 1);
      await store.tidy({ endedMax: 10 }, 1);
      await submit('waiting');
      await store.complete((await claimed()).lease, 2, 1);
      const lease = await running('now');
      await store.tidy({ endedMax: 1 }, 1);
      expect((await store.list({})).jobs.map(({ id }) => id)).toEqual(['now', 'waiting']);
      expect([await store.get('cut/0'), await store.result('old')]).toEqual([undefined, undefined]);
      expect(await store.result('waiting')).toMatchObject({ value: 2 });
      await store.complete(lease, 3, 1);
    });

    test('what it answered is there for the next process', async () => {
      const other = await kind.reopen();
      if (other === undefined) return;
      const lease = await running('a');
      await store.checkpoint(lease, { sequence: 1, value: 'half' });
      expect(await other.get('a')).toEqual(await store.get('a'));
      expect(await other.look([lease])).toEqual(['held']);
      const [inUse] = await other.leases();
      expect(await other.expire(inUse!, ERROR, 1)).toBe(true);
      await expectError(store.complete(lease, 1, 1), 'LEASE_LOST');
      await other.close();
    });

    test('grants one lease per job to claims that come together', async () => {
      const other = await kind.reopen();
      for (let i = 0; i < 12; i++) await submit(`j${i}`);
      const stores = other === undefined ? [store] : [store, other];
      const grants = await Promise.all(
        Array.from({ length: 16 }, (_, i) =>
          stores[i % stores.length]!.claim({ owner: OWNER, claimId: `p${i}`, kinds: KINDS }, 1),
        ),
      );
      const ids = grants.flatMap((grant) => (grant === undefined ? [] : [grant.job.id]));
      expect(new Set(ids).size).toBe(ids.length);
      // A claim that met another one may have gone away empty; nothing is lost for the next.
      for (let next = await claim(); next !== undefined; next = await claim()) ids.push(next.job.id);
      expect(ids.length).toBe(12);
      await other?.close();
    });
  });
}

// What a runner does with jobs, stops, failures, a store that is away, and its own end.
import { afterEach, expect, test } from 'vitest';
import { type VirtualTime, virtualTime } from '../../test/fixtures/jobs/virtual-clock.ts';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { createPrng } from '../core/prng.ts';
import type { Job, Submission } from './job.ts';
import { Cut, type JobContext } from './job-context.ts';
import type { JobStore } from './job-store.ts';
import { keepLeases } from './lease-keeper.ts';
import { createMemoryStore } from './memory-store.ts';
import { NO_LIVENESS } from './process-identity.ts';
import { type Runner, type RunnerEvent, type RunnerOptions, startRunner } from './runner.ts';

const SETTINGS = { leaseMs: 20_000, heartbeatMs: 5_000, sweepMs: 5_000, watchMs: 500 };
const parts = (...requests: readonly Json[]) => new Cut(requests.map((request) => ({ request })));
const unreachable = (): AppError => new AppError('QUEUE_UNREACHABLE', { found: 'x', todo: 'y' });

/** The runner's way to the store. */
interface Link {
  /** While false every call fails. */
  up: boolean;
  calls: number;
}

interface World {
  readonly time: VirtualTime;
  readonly store: JobStore;
  readonly link: Link;
  readonly events: RunnerEvent[];
  readonly runner: Runner;
  submit(id: string, rest?: Partial<Submission>): Promise<unknown>;
  job(id: string): Promise<Job>;
}

const open: World[] = [];
afterEach(async () => {
  for (const { runner, time } of open.splice(0)) {
    const closed = runner.close();
    await time.advance(60_000);
    await closed;
  }
});

function start(
  run: (job: Job, context: JobContext, time: VirtualTime) => Promise<Json | Cut>,
  rest: Partial<RunnerOptions> = {},
): World {
  const time = virtualTime();
  const real = createMemoryStore();
  const events: RunnerEvent[] = [];
  const link: Link = { up: true, calls: 0 };
  const store = new Proxy(real, {
    get(target, name: keyof JobStore) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return async (...args: never[]) => {
        link.calls++;
        if (!link.up) throw unreachable();
        return (member as (...args: never[]) => Promise<unknown>)(...args);
      };
    },
  });
  const prng = createPrng(1);
  const keeper = keepLeases({ store, time, prng, settings: SETTINGS });
  const world: World = {
    time,
    store: real,
    link,
    events,
    submit: (id, more) => real.submit({ id, kind: 'k', request: 0, ...more }, 0),
    job: async (id) => (await real.get(id))!,
    runner: startRunner({
      store,
      time,
      prng,
      name: 'r',
      kinds: ['k'],
      concurrency: 2,
      settings: SETTINGS,
      keeper,
      liveness: NO_LIVENESS,
      run: (job, context) => run(job, context, time),
      onEvent: (event) => events.push(event),
      ...rest,
    }),
  };
  open.push(world);
  return world;
}

/** Works for `ms` in steps of 100, and stops when told. */
const workFor =
  (ms: number) =>
  async (_: Job, { stop, progress }: JobContext, time: VirtualTime): Promise<Json> => {
    for (let at = 0; at < ms; at += 100) {
      if (stop.reason() !== undefined) throw new AppError('CANCELLED', { found: 'x', todo: 'y' });
      progress({ done: at, total: ms });
      await time.sleep(100);
    }
    return 'whole';
  };

test('runs jobs to their results, as many at once as it may', async () => {
  let running = 0;
  let most = 0;
  const world = start(async (job, context, time) => {
    most = Math.max(most, ++running);
    await workFor(1_000)(job, context, time);
    running--;
    return job.id;
  });
  for (const id of ['a', 'b', 'c', 'd', 'e']) await world.submit(id);
  await world.time.advance(10_000);
  for (const id of ['a', 'b', 'c', 'd', 'e']) expect(await world.store.result(id)).toMatchObject({ value: id });
  expect(most).toBe(2);
});

test('starts a job at once when it is woken', async () => {
  const world = start(workFor(100));
  await world.time.advance(10);
  await world.submit('a');
  await world.time.advance(10);
  expect((await world.job('a')).state).toBe('queued');
  world.runner.wake();
  await world.time.advance(1);
  expect((await world.job('a')).state).toBe('running');
});

test('a job much longer than a lease keeps it', async () => {
  const world = start(workFor(200_000));
  await world.submit('a');
  await world.time.advance(210_000);
  expect(await world.job('a')).toMatchObject({ state: 'done', token: 1, attempts: 1 });
  expect((await world.job('a')).progress.done).toBeGreaterThan(190_000);
});

test('a cancelled job stops and is cancelled, a late one fails with its deadline', async () => {
  const world = start(workFor(100_000));
  await world.submit('a');
  await world.submit('b', { deadlineMs: 3_000 });
  await world.time.advance(2_000);
  await world.store.requestCancel('a', 0);
  await world.time.advance(1_000);
  expect((await world.job('a')).state).toBe('cancelled');
  await world.time.advance(2_000);
  expect(await world.job('b')).toMatchObject({ state: 'failed', error: { code: 'DEADLINE' } });
});

test('errors that may pass are tried again, others fail at once, and none shows a stack', async () => {
  const world = start(async (job) => {
    if (job.id === 'passing') throw new AppError('WORKER_DIED', { found: 'x', todo: 'y' });
    if (job.id === 'final') throw new AppError('GRID_INVALID', { found: 'x', todo: 'y' });
    if (job.id === 'unkept') return 'x'.repeat(LIMITS.jobResultBytesMax);
    if (job.id === 'unwritable') return Number.NaN;
    throw new Error('a bug\n    at /home/somebody/file.ts:1');
  });
  for (const id of ['passing', 'final', 'bug', 'unkept', 'unwritable']) await world.submit(id);
  await world.time.advance(60_000);
  expect(await world.job('passing')).toMatchObject({ state: 'failed', attempts: 3, error: { code: 'WORKER_DIED' } });
  expect(await world.job('final')).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'GRID_INVALID' } });
  expect(await world.job('bug')).toMatchObject({ attempts: 1, error: { code: 'JOB_FAILED', found: 'Error: a bug' } });
  expect(await world.job('unkept')).toMatchObject({ state: 'failed', error: { code: 'LIMIT_EXCEEDED' } });
  expect(await world.job('unwritable')).toMatchObject({ state: 'failed', error: { code: 'JOB_FAILED' } });
});

test('goes on from the checkpoint of the attempt before', async () => {
  const seen: Json[] = [];
  const world = start(async (job, { resumed, checkpoint }) => {
    seen.push(resumed ?? null);
    await checkpoint({ at: job.attempts });
    if (job.attempts < 3) throw new AppError('WORKER_DIED', { found: 'x', todo: 'y' });
    return 'end';
  });
  await world.submit('a');
  await world.time.advance(30_000);
  expect(seen).toEqual([null, { at: 1 }, { at: 2 }]);
  expect((await world.job('a')).state).toBe('done');
});

test('a result waits for a store that is away, and calls to it stay few', async () => {
  const world = start(workFor(2_000));
  await world.submit('a');
  await world.time.advance(1_500);
  world.link.up = false;
  world.link.calls = 0;
  await world.time.advance(15_000);
  // Two loops, the keeper and one result, each on a growing wait.
  expect(world.link.calls).toBeLessThan(60);
  expect(world.events.filter(({ kind }) => kind === 'store')).toHaveLength(2);
  world.link.up = true;
  await world.time.advance(12_000);
  expect(await world.job('a')).toMatchObject({ state: 'done', token: 1 });
});

test('gives up a job when the store stays away, and runs it again later', async () => {
  const world = start(workFor(60_000));
  await world.submit('a');
  await world.time.advance(1_000);
  world.link.up = false;
  await world.time.advance(22_000);
  expect(world.runner.running()).toEqual([]);
  expect(world.events).toContainEqual(expect.objectContaining({ kind: 'ended', end: 'lost' }));
  world.link.up = true;
  await world.time.advance(120_000);
  expect(await world.job('a')).toMatchObject({ state: 'done', token: 2, attempts: 2 });
});

test('an orderly end hands jobs back, also those that do not return, and claims nothing more', async () => {
  const world = start((job, context, time) =>
    job.id === 'deaf' ? new Promise(() => undefined) : workFor(100_000)(job, context, time),
  );
  await world.submit('a');
  await world.submit('deaf');
  await world.time.advance(1_000);
  await world.submit('later');
  const closed = world.runner.close();
  await world.time.advance(500);
  expect(await world.job('a')).toMatchObject({ state: 'queued', attempts: 0 });
  expect((await world.job('deaf')).state).toBe('running');
  await world.time.advance(10_000);
  await closed;
  expect(await world.job('deaf')).toMatchObject({ state: 'queued', attempts: 0 });
  expect((await world.job('later')).token).toBe(0);
});

test('an orderly end can wait for jobs that are nearly done', async () => {
  const world = start(workFor(3_000));
  await world.submit('a');
  await world.time.advance(1_000);
  const closed = world.runner.close({ finishMs: 5_000 });
  await world.time.advance(10_000);
  await closed;
  expect((await world.job('a')).state).toBe('done');
});

test('cuts a job into shards, runs them, and merges their results in order', async () => {
  const run = async (job: Job) => (job.request === 'cut' ? parts(1, 2, 3, 4, 5) : (job.request as number) * 10);
  const world = start(run, { merge: async (_, results) => results });
  await world.submit('a', { request: 'cut' });
  await world.submit('plain', { request: 7 });
  await world.time.advance(20_000);
  expect(await world.store.result('a')).toMatchObject({ value: [10, 20, 30, 40, 50] });
  expect(await world.store.result('plain')).toMatchObject({ value: 70 });
});

test('a merge may call for more shards, and gets the results of all of them', async () => {
  const run = async (job: Job) => (job.parentId === undefined ? parts(1, 2) : (job.request as number) * 10);
  const merge = async (_: Job, results: readonly Json[]) => (results.length < 5 ? parts(7, 8, 9) : results);
  const world = start(run, { merge });
  await world.submit('a');
  await world.time.advance(20_000);
  expect(await world.store.result('a')).toMatchObject({ value: [10, 20, 70, 80, 90] });
  expect(await world.job('a')).toMatchObject({ state: 'done', attempts: 1, shardCount: 5 });
});

test('a job whose shard fails fails with its error', async () => {
  const world = start(
    async (job) => {
      if (job.parentId === undefined) return parts(1, 2, 3);
      if (job.request === 2) throw new AppError('GRID_INVALID', { found: 'shard 2', todo: 'y' });
      return 1;
    },
    { merge: async () => 'never' },
  );
  await world.submit('a');
  await world.time.advance(30_000);
  expect(await world.job('a')).toMatchObject({ state: 'failed', error: { code: 'GRID_INVALID', found: 'shard 2' } });
});

test('a job whose shards were ended because one failed tells the error of that one', async () => {
  const run = async (job: Job) => {
    if (job.parentId === undefined) return parts(1, 2, 3);
    if (job.request !== 3) return new Promise<number>(() => undefined);
    throw new AppError('GRID_INVALID', { found: 'shard 3', todo: 'y' });
  };
  const world = start(run, { concurrency: 3, merge: async () => 'never' });
  await world.submit('a');
  await world.time.advance(2_000);
  await world.store.tidy({ endedMax: 10 }, 0);
  for (const id of ['a/0', 'a/1']) await world.store.cancel({ jobId: id, token: (await world.job(id)).token }, 0);
  await world.time.advance(30_000);
  expect(await world.job('a')).toMatchObject({ state: 'failed', error: { found: 'shard 3' } });
});

test('refuses lease times that cannot work', () => {
  const wrong = [
    { ...SETTINGS, heartbeatMs: 10_001 },
    { ...SETTINGS, sweepMs: 20_001 },
    { ...SETTINGS, watchMs: 5_001 },
    { ...SETTINGS, leaseMs: Number.NaN },
    { ...SETTINGS, watchMs: 0 },
  ];
  for (const settings of wrong) expect(() => start(workFor(1), { settings })).toThrow(/lease|watch|sweep/i);
});

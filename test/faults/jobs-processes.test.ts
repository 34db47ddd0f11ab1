// Real runner processes on a real database that are stopped, blocked and killed at every step of a job.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../src/core/errors.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { createLiveness } from '../../src/jobs/process-identity.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { createSweeper } from '../../src/jobs/sweeper.ts';
import { createTime } from '../../src/jobs/time.ts';
import type { Order } from '../fixtures/jobs/runner-process.ts';
import {
  buildRunner,
  endProcesses,
  QUICK,
  type RunnerFiles,
  type RunningProcess,
  type Said,
  startProcess,
} from '../fixtures/jobs/start-runner.ts';
import { SQLITE_MISSING } from '../fixtures/jobs/stores.ts';

const time = createTime({ monotonicMs: () => performance.now(), wallMs: () => Date.now() });

interface World {
  readonly folder: string;
  readonly store: JobStore;
  start(name: string, rest?: Partial<Order>): RunningProcess;
  submit(id: string): Promise<unknown>;
  /** Resolves when the job has ended. */
  ended(id: string): Promise<void>;
}

async function openWorld(files: RunnerFiles): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'gridmill-jobs-'));
  const store = await openSqliteStore(folder, { newId: () => 'queue' });
  return {
    folder,
    store,
    start: (name, rest = {}) => startProcess(files, { folder, name, batches: 3, batchMs: 20, manner: 'wait', ...rest }),
    submit: (id) => store.submit({ id, kind: 'work', request: id }, 0),
    async ended(id) {
      for (let tries = 0; tries < 800; tries++) {
        const job = await store.get(id);
        if (job !== undefined && job.state !== 'queued' && job.state !== 'running') return;
        await time.sleep(25);
      }
      expect.fail(`job ${id} did not end: ${JSON.stringify(await store.get(id))}`);
    },
  };
}

/** Watches leases as a runner does, until none is held or `leases` times the length of a lease is over. */
async function watch(store: JobStore, leases: number): Promise<void> {
  const sweeper = createSweeper({
    store,
    time,
    settings: QUICK,
    liveness: createLiveness(),
    retention: { endedMax: 9 },
  });
  const endMs = time.monotonicMs() + leases * QUICK.leaseMs;
  while (time.monotonicMs() < endMs && (await store.leases()).length > 0) await time.sleep(await sweeper.sweep());
}

/** After it everything that was said is known. */
async function quit({ child, ended }: RunningProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

const isToken =
  (token: number) =>
  ({ lease }: Said): boolean =>
    (lease as { token: number }).token === token;

/** A process that is stopped inside a write holds the whole database until it goes on: that is SQLite's, not the lease's. */
async function stopBetweenWrites({ child }: RunningProcess, store: JobStore): Promise<void> {
  for (;;) {
    child.kill('SIGSTOP');
    try {
      await store.tidy({ endedMax: 1_000 }, 0);
      return;
    } catch (error) {
      if (!isAppError(error, 'QUEUE_UNREACHABLE')) throw error;
      child.kill('SIGCONT');
      await time.sleep(7);
    }
  }
}

describe.skipIf(SQLITE_MISSING !== undefined).concurrent('runner processes', () => {
  let files: RunnerFiles;
  const worlds: World[] = [];
  beforeAll(async () => {
    files = await buildRunner();
  });
  afterAll(async () => {
    endProcesses();
    for (const { store, folder } of worlds) {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
    files.remove();
  });
  const open = async (): Promise<World> => {
    const world = await openWorld(files);
    worlds.push(world);
    return world;
  };

  /** SIGSTOP holds A for longer than its lease; B takes over; SIGCONT wakes A while B is at work. */
  const zombie = async (rest: Partial<Order>) => {
    const { store, submit, start } = await open();
    await submit('a');
    // Longer than elsewhere: on a busy machine B's first renewal may be late.
    const settings = { ...QUICK, leaseMs: 4_000 };
    const a = start('A', { batches: 1_000, insist: true, settings, ...rest });
    await a.heard('batch');
    await stopBetweenWrites(a, store);
    const b = start('B', { batches: 1_000, settings });
    await b.heard('batch', ({ token }) => token === 2);
    const wokenMs = Date.now();
    a.child.kill('SIGCONT');
    const end = await a.heard('ended', isToken(1));
    const { answers } = (await a.heard('insisted')) as unknown as { answers: Record<string, string> };
    const lastBatchMs = Math.max(...a.said.filter(({ event }) => event === 'batch').map(({ atMs }) => atMs));
    return { store, b, end, answers, computedMs: lastBatchMs - wokenMs };
  };

  test('a runner that slept through its lease stops within a second, and nothing it writes counts', async () => {
    const { store, b, end, answers, computedMs } = await zombie({});
    expect(end).toMatchObject({ end: 'lost' });
    expect(computedMs).toBeLessThan(1_000);
    expect(new Set(Object.values(answers))).toEqual(new Set(['LEASE_LOST']));
    expect(Object.keys(answers)).toHaveLength(7);
    // B goes on unharmed.
    const { at } = (await b.heard('batch')) as unknown as { at: number };
    await b.heard('batch', (said) => (said['at'] as number) > at + 5);
    expect(await store.get('a')).toMatchObject({ state: 'running', token: 2, shardCount: 0 });
  });

  test('without the token the same late writes would be taken', async () => {
    const { answers } = await zombie({ guardByState: true });
    expect(answers['checkpoint']).toBe('taken');
    expect(answers['complete']).toBe('taken');
  });

  test('a computation that blocks its thread keeps its lease while it moves', async () => {
    const { store, submit, start } = await open();
    await submit('a');
    const a = start('A', { manner: 'compute', batches: 1, batchMs: 2.5 * QUICK.leaseMs });
    await a.heard('claimed');
    await watch(store, 2);
    await a.heard('ended');
    expect(await store.get('a')).toMatchObject({ state: 'done', token: 1 });
  });

  test('renewals from the thread that computes would be too late', async () => {
    const { store, submit, start } = await open();
    await submit('a');
    const a = start('A', { manner: 'compute', batches: 1, batchMs: 60_000, localKeeper: true });
    await a.heard('claimed');
    await watch(store, 10);
    expect((await store.get('a'))!.state).toBe('queued');
    await quit(a);
  });

  test('a computation that hangs loses its lease although its process lives', async () => {
    const { store, start, submit } = await open();
    await submit('a');
    const a = start('A', { manner: 'hang', batches: 1, batchMs: 60_000 });
    await a.heard('claimed');
    const b = start('B');
    await b.heard('ended', isToken(2));
    expect(await store.get('a')).toMatchObject({ state: 'done', token: 2 });
    expect(a.child.exitCode).toBeNull();
    await quit(a);
  });

  test('the job of a killed process is taken over at once, not after the lease', async () => {
    const { store, start, submit } = await open();
    const long = { leaseMs: 600_000, heartbeatMs: 5_000, sweepMs: 200, watchMs: 100 };
    await submit('a');
    const a = start('A', { batches: 1_000, settings: long });
    await a.heard('batch');
    const b = start('B', { settings: long, batches: 5 });
    await b.heard('ready');
    a.child.kill('SIGKILL');
    const killedMs = Date.now();
    expect((await b.heard('claimed', isToken(2))).atMs - killedMs).toBeLessThan(3_000);
    await b.heard('ended');
    expect(await store.get('a')).toMatchObject({ state: 'done', token: 2 });
  });

  test('without looking at the process it would wait for the lease', async () => {
    const { store, start, submit } = await open();
    const long = { leaseMs: 600_000, heartbeatMs: 5_000, sweepMs: 100, watchMs: 100 };
    await submit('a');
    const a = start('A', { batches: 1_000, settings: long });
    await a.heard('batch');
    a.child.kill('SIGKILL');
    await a.ended;
    const b = start('B', { settings: long, noLiveness: true });
    await b.heard('ready');
    await time.sleep(1_000);
    expect(await store.get('a')).toMatchObject({ state: 'running', token: 1 });
  });

  test('a clean end hands jobs back at once and without counting the attempt', async () => {
    const { store, start, submit } = await open();
    await submit('a');
    const a = start('A', { batches: 1_000 });
    await a.heard('batch');
    a.child.kill('SIGTERM');
    expect(await a.ended).toBe(0);
    expect(a.said.at(-1)).toMatchObject({ event: 'ended', end: 'released' });
    expect(await store.get('a')).toMatchObject({ state: 'queued', attempts: 0 });
    const b = start('B', { batches: 1 });
    await b.heard('ended');
    expect(await store.get('a')).toMatchObject({ state: 'done', token: 2 });
  });

  test('two processes on one store run every job once', async () => {
    const { store, start, submit, ended } = await open();
    for (let i = 0; i < 30; i++) await submit(`j${i}`);
    const both = ['A', 'B'].map((name) => start(name, { batches: 1, batchMs: 5, concurrency: 3 }));
    for (let i = 0; i < 30; i++) await ended(`j${i}`);
    await Promise.all(both.map(quit));
    const batches = both.map(({ said }) => said.filter(({ event }) => event === 'batch').length);
    expect(batches[0]! + batches[1]!).toBe(30);
    const { jobs } = await store.list({ state: 'done' });
    expect(jobs.filter(({ token }) => token === 1)).toHaveLength(30);
  });

  describe('killed', () => {
    /** Statements of a job's life, as they begin; GRIDMILL_KILLS=all takes every one. `hit` counts from the start of the process. */
    const POINTS = [
      ['before', 'INSERT INTO gridmill_jobs', 1],
      ['after', `UPDATE gridmill_jobs SET state = 'running'`, 1],
      ['after', 'UPDATE gridmill_jobs SET checkpoint_sequence', 2],
      ['before', 'COMMIT', 3],
      ['after', 'COMMIT', 3],
      ['after', `UPDATE gridmill_jobs SET state = 'done'`, 1],
    ] as const;
    const BATCHES = 3;

    /** Kills a process at a statement, lets another finish, and checks that nothing accepted is lost or done twice. */
    const killAndRecover = async (kill: Order['kill']): Promise<boolean> => {
      const { store, start, submit, ended } = await open();
      const id = 'a';
      const a = start('A', { submit: id, kill, batches: BATCHES });
      const outcome = await Promise.race([a.ended, a.heard('ended').catch(() => a.ended)]);
      const wasKilled = outcome === 'SIGKILL';
      await quit(a);
      const accepted = a.said.some(({ event }) => event === 'accepted');
      const job = await store.get(id);
      if (accepted) expect(job, 'an accepted job is there').toBeDefined();
      if (job === undefined) await submit(id);
      const b = start('B', { batches: BATCHES });
      await ended(id);
      expect(await store.result(id)).toMatchObject({ value: { job: id, batches: BATCHES } });
      await quit(b);
      const batches = [...a.said, ...b.said].filter(({ event }) => event === 'batch');
      expect(batches.length, 'batches, of which one may be repeated').toBeLessThanOrEqual(BATCHES + 1);
      expect(new Set(batches.map(({ at }) => at)).size).toBe(BATCHES);
      return wasKilled;
    };

    test.each(POINTS)('%s %s, hit %i: it recovers', async (when, call, hit) => {
      expect(await killAndRecover({ when, call, hit })).toBe(true);
    });

    test.runIf(process.env['GRIDMILL_KILLS'] === 'all')(
      'at every statement: it recovers',
      { timeout: 3_600_000 },
      async () => {
        let kills = 0;
        for (const when of ['before', 'after'] as const) {
          for (let hit = 1; await killAndRecover({ when, call: '', hit }); hit++) kills++;
        }
        process.stdout.write(`killed ${kills} times\n`);
        expect(kills).toBeGreaterThan(50);
      },
    );
  });

  test('a job that kills every runner is parked after three, and the next one runs', async () => {
    const { store, start, submit, ended } = await open();
    await submit('poison');
    const kill = { when: 'before', call: 'UPDATE gridmill_jobs SET checkpoint_sequence', hit: 1 } as const;
    for (const name of ['A', 'B', 'C']) expect(await start(name, { kill }).ended).toBe('SIGKILL');
    await submit('good');
    const d = start('D', { batches: 1 });
    await ended('good');
    await ended('poison');
    expect(await store.get('poison')).toMatchObject({ state: 'failed', attempts: 3, error: { code: 'JOB_PARKED' } });
    await quit(d);
    expect(d.said.filter(({ event }) => event === 'batch')).toHaveLength(1);
  });
});

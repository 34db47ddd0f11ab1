// Does the queue of real processes hold when they are stopped, hang, see wild clocks and slow disks, or are asked for the same a hundred times?
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Workplace } from './cli-harness.ts';
import { createFaultOrders, type FaultOrders } from './fault-orders.ts';
import { createServicePlace, type JobJson, type RunningService, startService, startWorker } from './service-harness.ts';
import { assertHealthy, footprint, isEnded, type Promised, promiseOf, SMALL, SWEEP, submit } from './service-health.ts';

const SUBMITTERS = Number(process.env['GRIDMILL_SUBMITTERS'] ?? 100);
const isScoring = ({ state, progress }: JobJson): boolean => state === 'running' && progress.scored > 0;

let place: Workplace;
let faults: FaultOrders;
let service: RunningService;
let promised: Promised;

const start = (args: readonly string[] = [], environment: Record<string, string> = {}): Promise<RunningService> =>
  startService(place, args, { GRIDMILL_JOBS_LEASE_SECONDS: '2', ...faults.environment, ...environment });

beforeAll(async () => {
  place = await createServicePlace(20_000);
  faults = createFaultOrders(place);
  service = await start();
  promised = await promiseOf(service, place);
  // What is loaded with the first job is loaded.
  await assertHealthy(service, promised);
});

afterAll(async () => {
  await service?.stop('SIGKILL');
  place?.remove();
});

async function accept(body: object, headers: Record<string, string> = {}): Promise<string> {
  const { id } = await submit(service, body, headers);
  promised.accepted.add(id);
  return id;
}

/** A process that is stopped inside a write holds the whole database until it goes on: that is SQLite's, not the lease's. */
async function stopBetweenWrites(child: ChildProcess): Promise<void> {
  for (;;) {
    child.kill('SIGSTOP');
    const { status, body } = await service.post<JobJson>('/api/jobs', SMALL);
    if (status === 202) {
      promised.accepted.add(body.id);
      return;
    }
    child.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 7));
  }
}

describe('submissions', () => {
  test(`${SUBMITTERS} at once with one key are one job; without a key each is a job of its own`, async () => {
    const before = footprint(service);
    const same = await Promise.all(
      Array.from({ length: SUBMITTERS }, () => accept(SMALL, { 'idempotency-key': 'a-hundred' })),
    );
    expect(new Set(same).size).toBe(1);
    await service.until(same[0]!, isEnded);
    const { body } = await service.get<{ jobs: JobJson[] }>('/api/jobs?limit=100');
    expect(body.jobs.filter(({ id }) => id === same[0])).toHaveLength(1);
    expect(body.jobs[0]).toMatchObject({ state: 'done', attempts: 1 });
    const own = await Promise.all(Array.from({ length: 3 }, () => accept(SMALL)));
    expect(new Set(own).size).toBe(3);
    for (const id of own) await service.until(id, isEnded);
    await assertHealthy(service, promised, before);
  });
});

describe('time', () => {
  test('a wall clock that leaps by hours costs no lease, and a disk that takes 150 ms a write costs no deadline', async () => {
    const before = footprint(service);
    faults.give('slow', '150');
    const id = await accept({ ...SWEEP, deadlineSeconds: 60 });
    await service.until(id, isScoring);
    let hours = 0;
    const leaps = setInterval(() => faults.give('clock', String((hours = hours > 0 ? -1 : 1) * 3_600_000)), 100);
    // Several leases long.
    const job = await service.until(id, isEnded);
    clearInterval(leaps);
    faults.withdraw('slow', 'clock');
    expect(job).toMatchObject({ state: 'done', attempts: 1, error: null });
    await assertHealthy(service, promised, before);
  });
});

describe('a main thread that hangs', () => {
  test('is ended by the watchdog, and its job goes on in the next process', async () => {
    await service.stop();
    service = await start([], { GRIDMILL_SERVER_SILENCE_SECONDS: '1' });
    const id = await accept(SWEEP);
    await service.until(id, isScoring);
    const dead = new Promise((resolve) => service.child.once('exit', (_, signal) => resolve(signal)));
    const atMs = performance.now();
    service.child.kill('SIGUSR2');
    expect(await dead).toBe('SIGKILL');
    expect(performance.now() - atMs).toBeLessThan(6_000);
    service = await start();
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', attempts: 2 });
    await assertHealthy(service, promised);
  });

  test('without the watchdog stays, but not with its job: the lease runs out and a worker ends it', async () => {
    await service.stop();
    const hung = await start([], { GRIDMILL_SERVER_SILENCE_SECONDS: '0' });
    service = hung;
    const id = await accept(SWEEP);
    await hung.until(id, isScoring);
    hung.child.kill('SIGUSR2');
    service = await start();
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', attempts: 2 });
    expect(hung.child.exitCode).toBeNull();
    await hung.stop('SIGKILL');
    await assertHealthy(service, promised);
  });
});

describe('a worker that is stopped', () => {
  test('for longer than its lease finds its job done by another when it wakes up; one that hangs is ended', async () => {
    await service.stop();
    service = await start(['--jobs', '0']);
    const environment = { GRIDMILL_JOBS_LEASE_SECONDS: '2', ...faults.environment };
    const first = await startWorker(place, environment);
    const id = await accept(SWEEP);
    await service.until(id, isScoring);
    await stopBetweenWrites(first.child);
    const second = await startWorker(place, environment);
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', attempts: 2 });
    const rested = footprint(first).threads;
    const result = await service.get(`/api/jobs/${id}/result`);
    await second.stop();
    first.child.kill('SIGCONT');
    // Its computation ends, and then it takes jobs like any other.
    await expect.poll(() => footprint(first).threads, { timeout: 5_000 }).toBeLessThan(rested);
    expect(await service.get(`/api/jobs/${id}/result`)).toEqual(result);
    expect((await service.get<JobJson>(`/api/jobs/${id}`)).body).toMatchObject({ state: 'done', attempts: 2 });
    await assertHealthy(service, promised);
    // A worker whose main thread hangs is ended like a service.
    const third = await startWorker(place, { ...environment, GRIDMILL_SERVER_SILENCE_SECONDS: '1' });
    const dead = new Promise((resolve) => third.child.once('exit', (_, signal) => resolve(signal)));
    third.child.kill('SIGUSR2');
    expect(await dead).toBe('SIGKILL');
    await first.stop();
  });
});

// Is anything that was accepted lost, doubled or changed when a service is killed at any durable step of a job, or at any time?
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import type { Workplace } from './cli-harness.ts';
import { createFaultOrders, type FaultOrders } from './fault-orders.ts';
import {
  checkpointed,
  createServicePlace,
  type JobJson,
  type RunningService,
  type SweepJson,
  startService,
} from './service-harness.ts';
import { assertHealthy, isEnded, type Promised, submit } from './service-health.ts';

/** Some tenths of a second of work: a checkpoint or two. */
const SWEEP = {
  strategy: 'sma-cross',
  data: 'lab/MADE/1m',
  parameters: { fast: '2..40:1', slow: '41..120:1' },
  risk: { stopLoss: [0.01, 0.02, 0.03] },
  preselect: 0,
};
const SMALL = { ...SWEEP, parameters: { fast: [5, 8], slow: [20, 30] } };

const SEED = Number(process.env['GRIDMILL_SEED'] ?? 5);
/** Jobs that are killed at random times; each one to three times. */
const RANDOM_JOBS = Number(process.env['GRIDMILL_RANDOM_KILLS'] ?? 1);
/** GRIDMILL_KILLS=all: every point of a job, however often it comes. */
const ALL = process.env['GRIDMILL_KILLS'] === 'all';

/** Calls of a job's life in the order they come; the first hit after the job is submitted kills. */
const POINTS = [
  ['it is accepted and the answer is not out', 'after sql INSERT INTO gridmill_jobs'],
  ['a checkpoint is renamed into place', 'after rename checkpoint'],
  ['a result is written and not synced', 'after write result'],
  ['the end is written and not committed', 'before sql COMMIT'],
] as const;
const MORE_POINTS = [
  ['it is accepted', 'before sql INSERT INTO gridmill_jobs'],
  ['it is claimed', `after sql UPDATE gridmill_jobs SET state = 'running'`],
  ['it is planned', 'before open candles'],
  ['the temporary file of a checkpoint is there', 'after create checkpoint'],
  ['a lease is renewed', 'after sql UPDATE gridmill_jobs SET beat'],
  ['a result is synced and not in place', 'after sync result'],
  ['a result is in place and its folder not synced', 'after rename result'],
  ['the end is committed', 'after sql COMMIT'],
  ['its progress is being removed', 'after remove checkpoint'],
] as const;

let place: Workplace;
let faults: FaultOrders;
let service: RunningService;
let promised: Promised;

const start = (): Promise<RunningService> => startService(place, [], faults.environment);
const died = (): Promise<unknown> => new Promise((resolve) => service.child.once('exit', resolve));

beforeAll(async () => {
  place = await createServicePlace(20_000);
  faults = createFaultOrders(place);
  service = await start();
  const hash = async (body: object): Promise<string> =>
    (await service.post<SweepJson>('/api/backtests', body)).body.record.resultHash;
  const [sweep, small] = [await hash(SWEEP), await hash(SMALL)];
  promised = {
    place,
    accepted: new Set(),
    verified: new Set(),
    probe: { body: SMALL, hash: small },
    hashOf: hashOfRequest,
  };
  function hashOfRequest(job: JobJson): string {
    return JSON.stringify((job as { request?: unknown }).request).includes('"2..40:1"') ? sweep : small;
  }
});

afterAll(async () => {
  await service?.stop('SIGKILL');
  place?.remove();
});

/** Submits, and answers the job's id unless the service died before it could accept. */
async function trySubmit(): Promise<string | undefined> {
  try {
    const { id } = await submit(service, SWEEP);
    promised.accepted.add(id);
    return id;
  } catch (error) {
    // Undici tells a connection that broke as a TypeError.
    if (!(error instanceof TypeError)) throw error;
    return undefined;
  }
}

/** Kills the service at a point of the next job's life, starts it again, and has it looked at; answers whether the point came. */
async function killAt(at: string, hit: number): Promise<boolean> {
  faults.withdraw('killed');
  faults.give('kill', JSON.stringify({ at, hit, nonce: Math.random() }));
  // A lease is renewed in jobs only that take their time.
  if (at.includes('SET beat')) faults.give('slow', '400');
  const dead = died();
  const id = await trySubmit();
  // A point may never come; then the job simply ends.
  const outlived = id === undefined ? dead : service.until(id, isEnded).catch(() => dead);
  await Promise.race([dead, outlived]);
  if (faults.trace('killed').length === 0)
    await Promise.race([dead, new Promise((resolve) => setTimeout(resolve, 300))]);
  const isKilled = faults.trace('killed').length > 0;
  let kept = 0;
  faults.withdraw('kill', 'slow');
  if (isKilled) {
    await dead;
    faults.withdraw('saves');
    kept = id === undefined ? 0 : checkpointed(place, id);
    service = await start();
  }
  if (id !== undefined) expect((await service.until(id, isEnded)).state).toBe('done');
  for (const scored of faults.trace('saves'))
    expect(Number(scored), 'what was kept is not done again').toBeGreaterThanOrEqual(kept);
  // A job that was kept although its answer was lost runs too.
  const { body } = await service.get<{ jobs: JobJson[] }>('/api/jobs?limit=3');
  for (const job of body.jobs) await service.until(job.id, isEnded);
  await assertHealthy(service, promised);
  return isKilled;
}

describe('killed', () => {
  test.each(ALL ? [...POINTS, ...MORE_POINTS] : POINTS)('when %s (%s): every promise is kept', async (_, at) => {
    expect(await killAt(at, 1)).toBe(true);
  });

  test.runIf(ALL)('at every point of a job, as often as it comes', { timeout: 3_600_000 }, async () => {
    faults.give('record');
    const { id } = await submit(service, SWEEP);
    promised.accepted.add(id);
    await service.until(id, isEnded);
    await new Promise((resolve) => setTimeout(resolve, 300));
    faults.withdraw('record');
    const calls = new Set(faults.trace('calls'));
    let kills = 0;
    for (const at of calls) for (let hit = 1; await killAt(at, hit); hit++) kills++;
    process.stdout.write(`killed ${kills} times at ${calls.size} points\n`);
    expect(kills).toBeGreaterThan(calls.size / 2);
  });

  test(`at random times, one to three times a job, also while it recovers (${RANDOM_JOBS} jobs, seed ${SEED})`, {
    timeout: 60_000 + RANDOM_JOBS * 30_000,
  }, async () => {
    const prng = createPrng(SEED);
    let parked = 0;
    for (let i = 0; i < RANDOM_JOBS; i++) {
      const { id } = await submit(service, SWEEP);
      promised.accepted.add(id);
      const kills = 1 + prng.nextBelow(3);
      for (let kill = 0; kill < kills; kill++) {
        await new Promise((resolve) => setTimeout(resolve, prng.nextBelow(900)));
        const dead = died();
        service.child.kill('SIGKILL');
        await dead;
        service = await start();
      }
      const job = await service.until(id, isEnded);
      if (job.state !== 'done') {
        // Three attempts in a row were killed: it is put aside, and goes on when somebody asks for it.
        expect(job, `seed ${SEED}, job ${i}`).toMatchObject({
          state: 'failed',
          error: { code: 'JOB_PARKED' },
          attempts: 3,
        });
        expect(kills).toBe(3);
        parked++;
        expect((await service.post(`/api/jobs/${id}/retry`)).status).toBe(200);
        expect((await service.until(id, isEnded)).state).toBe('done');
      }
      await assertHealthy(service, promised);
    }
    process.stdout.write(`${RANDOM_JOBS} jobs killed at random times, ${parked} of them parked and tried again\n`);
  });

  test('a checkpoint written in place instead is torn by the same kill, and its job cannot go on', async () => {
    faults.give('in-place');
    faults.give('kill', JSON.stringify({ at: 'after create checkpoint', hit: 2 }));
    const dead = died();
    const { id } = await submit(service, SWEEP);
    await dead;
    faults.withdraw('kill', 'in-place');
    service = await start();
    const job = await service.until(id, isEnded);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'RESULT_CORRUPT' } });
    promised.accepted.add(id);
    await assertHealthy(service, promised);
  });
});

// What does a service do on a full disk, and with a queue, results and checkpoints that were damaged? It says so, and goes on with the rest.
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';
import { createFaultOrders, type FaultOrders } from './fault-orders.ts';
import { checkpointed, type JobJson, type RunningService, type SweepJson, startService } from './service-harness.ts';
import { assertHealthy, footprint, isEnded, type Promised, promiseOf, SMALL, SWEEP, submit } from './service-health.ts';

const SEED = Number(process.env['GRIDMILL_SEED'] ?? 9);
const DAMAGES = Number(process.env['GRIDMILL_DAMAGES'] ?? 10);
const FILLS = process.env['GRIDMILL_FILLS'] === 'all' ? [0, 4_096, 8_192, 16_384, 40_000, 100_000, 300_000] : [8_192];
const STORE_BYTES = 16 * 2 ** 20;

let place: Workplace;
let faults: FaultOrders;
let service: RunningService;
let promised: Promised;
/** Why the store lies on the disk of everything else, or undefined. */
let noOwnDisk: string | undefined;

const start = (): Promise<RunningService> => startService(place, [], faults.environment);

beforeAll(async () => {
  place = createWorkplace();
  mkdirSync(place.home);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${STORE_BYTES}`, 'tmpfs', place.home], {
    encoding: 'utf8',
  });
  noOwnDisk = mounted.status === 0 ? undefined : `no disk of its own for the store: ${mounted.stderr ?? mounted.error}`;
  if (noOwnDisk !== undefined) process.stderr.write(`The full disk is not tested: ${noOwnDisk}\n`);
  faults = createFaultOrders(place);
  const file = place.write('candles.csv', csvOf(minuteCandles(20_000)));
  place.write('gridmill.yaml', 'jobs:\n  sweep_seconds: 0.2\n  lease_seconds: 5\n');
  const { exitCode, stderr } = await place.run('import', file, '--exchange', 'lab', '--symbol', 'MADE');
  expect(exitCode, stderr).toBe(0);
  service = await start();
  promised = await promiseOf(service, place);
  // What is loaded with the first job is loaded.
  await assertHealthy(service, promised);
});

afterAll(async () => {
  await service?.stop('SIGKILL');
  if (noOwnDisk === undefined) spawnSync('umount', ['-l', place.home]);
  place?.remove();
});

async function accept(body: object): Promise<string> {
  const { id } = await submit(service, body);
  promised.accepted.add(id);
  return id;
}
const isScoring = ({ state, progress }: JobJson): boolean => state === 'running' && progress.scored > 0;

describe('a disk', () => {
  const ballast = (): string => join(place.home, 'ballast');
  /** Leaves so many bytes. */
  const fill = (left: number): void => {
    const { bavail, bsize } = statfsSync(place.home);
    appendFileSync(ballast(), new Uint8Array(Math.max(0, bavail * bsize - left)));
  };
  const remount = (files: number): void => {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,nr_inodes=${files}`, place.home], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
  };
  /** What needs no room goes on. */
  const othersGoOn = async (): Promise<void> => {
    const waited = await service.post<SweepJson>('/api/backtests', { ...SMALL, save: false });
    expect([waited.status, waited.body.record?.resultHash]).toEqual([200, promised.probe.hash]);
    expect((await service.get('/api/jobs')).status).toBe(200);
    expect((await service.get('/healthz')).status).toBe(200);
  };

  test.for(FILLS)(
    'with %i bytes left takes no job, answers all others, and goes on when there is room',
    async (left, { skip }) => {
      skip(noOwnDisk !== undefined);
      const before = footprint(service);
      const running = await accept(SWEEP);
      await service.until(running, isScoring);
      fill(left);
      const refusals: unknown[] = [];
      for (let i = 0; i < 40 && refusals.length === 0; i++) {
        const { status, body } = await service.post<{ id: string; error?: { code: string } }>('/api/jobs', SMALL);
        if (status === 202) promised.accepted.add(body.id);
        else refusals.push([status, body.error?.code]);
      }
      expect(refusals).toEqual([[507, 'STORE_FULL']]);
      await othersGoOn();
      rmSync(ballast());
      for (const id of promised.accepted) expect((await service.until(id, isEnded)).state).toBe('done');
      await assertHealthy(service, promised, before);
    },
  );

  test('without room for another file fails the job with STORE_FULL, and a retry goes on when there is room', async ({
    skip,
  }) => {
    skip(noOwnDisk !== undefined);
    const before = footprint(service);
    const { files, ffree } = statfsSync(place.home);
    remount(files - ffree);
    const id = await accept(SWEEP);
    const failed = await service.until(id, isEnded);
    await othersGoOn();
    remount(0);
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'STORE_FULL' } });
    expect((await service.post(`/api/jobs/${id}/retry`)).status).toBe(200);
    expect((await service.until(id, isEnded)).state).toBe('done');
    await assertHealthy(service, promised, before);
  });
});

describe('damage', () => {
  const prng = createPrng(SEED);
  /** Cut somewhere, or a bit flipped somewhere. */
  const damaged = (whole: Uint8Array): Uint8Array => {
    if (prng.next() < 0.3) return whole.slice(0, prng.nextBelow(whole.length));
    const bytes = Uint8Array.from(whole);
    bytes[prng.nextBelow(bytes.length)]! ^= 1 << prng.nextBelow(8);
    return bytes;
  };

  test('of a checkpoint fails its job, and a retry begins anew', async () => {
    const id = await accept(SWEEP);
    await service.until(id, () => checkpointed(place, id) > 0);
    await service.stop('SIGKILL');
    const path = join(place.home, 'jobs', 'progress', id, 'sweep.checkpoint');
    writeFileSync(path, damaged(readFileSync(path)));
    service = await start();
    const job = await service.until(id, isEnded);
    expect(job, `seed ${SEED}`).toMatchObject({ state: 'failed', error: { code: 'RESULT_CORRUPT' } });
    expect((await service.post(`/api/jobs/${id}/retry`)).status).toBe(200);
    expect((await service.until(id, isEnded)).state).toBe('done');
    await assertHealthy(service, promised);
  });

  test('of a stored result is said where it is listed and asked for, and others are as they were', async () => {
    const folder = join(place.home, 'results');
    const saved = async (parameters: object): Promise<string> =>
      (await service.post<SweepJson>('/api/backtests', { ...SMALL, parameters, save: true })).body.resultId;
    const [sound, broken] = [await saved({ fast: [3], slow: [30] }), await saved({ fast: [4], slow: [30] })];
    const path = join(folder, `${broken}.json`);
    const whole = readFileSync(path);
    for (let i = 0; i < DAMAGES; i++) {
      writeFileSync(path, damaged(whole));
      const { status, body } = await service.get<{ error: { code: string } }>(`/api/results/${broken}`);
      expect([status, body.error?.code], `seed ${SEED}, damage ${i}`).toEqual([422, 'RESULT_CORRUPT']);
    }
    writeFileSync(path, 'no result');
    expect((await service.get(`/api/results/${sound}`)).status).toBe(200);
    const { body } = await service.get<{ results: { id: string; damage?: string }[] }>('/api/results');
    expect(body.results.filter(({ damage }) => damage !== undefined).map(({ id }) => id)).toEqual([broken]);
    expect(JSON.stringify(body)).not.toContain(place.folder);
    rmSync(path);
    await assertHealthy(service, promised);
  });

  test('of the queue keeps the service from starting, with the reason; the whole one has every job', async () => {
    await service.stop();
    const path = join(place.home, 'jobs', 'queue.db');
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    const { exitCode, stderr } = await place.run('serve', '--port', '0');
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('QUEUE_CORRUPT');
    writeFileSync(path, whole);
    service = await start();
    await assertHealthy(service, promised);
  });
});

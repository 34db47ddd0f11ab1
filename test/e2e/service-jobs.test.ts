// Does a job submitted over HTTP end, once, with the result of the same sweep anywhere else, whatever is killed meanwhile?
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobBody } from '../../src/client/client.ts';
import { POSTGRES_PROGRAMS, startPostgres } from '../fixtures/jobs/postgres-server.ts';
import { json, type Workplace } from './cli-harness.ts';
import {
  checkpointed,
  createServicePlace,
  follow,
  type JobJson,
  type RunningService,
  type SweepJson,
  startService,
  startWorker,
} from './service-harness.ts';

const SWEEP = {
  strategy: 'sma-cross',
  data: 'lab/MADE/1m',
  parameters: { fast: '2..40:1', slow: '41..500:1' },
  risk: { stopLoss: [0.01, 0.02, 0.03] },
  preselect: 0,
};
/** Minutes of work. */
const HUGE = { ...SWEEP, parameters: { fast: '2..300:1', slow: '301..3000:1' } };
const SMALL = { ...SWEEP, parameters: { fast: [5, 8], slow: [20, 30] } };

let place: Workplace;
let service: RunningService;
let expected: string;

const submit = (to: RunningService, body: JobBody): Promise<JobJson> => to.client.jobs.submit(body);
const hashOf = async (from: RunningService, id: string): Promise<string> => {
  const result = await from.client.jobs.result(id);
  return result.kind === 'sweep' ? result.record.resultHash : expect.fail('a run');
};
const isEnded = ({ state }: JobJson): boolean => state !== 'queued' && state !== 'running';
const hasScored = ({ state, progress }: JobJson): boolean => state === 'running' && progress.scored > 0;

beforeAll(async () => {
  place = await createServicePlace(20_000);
  const grid = ['--set', 'fast=2..40:1', '--set', 'slow=41..500:1', '--stop-loss', '0.01,0.02,0.03'];
  const told = await place.run('sweep', 'sma-cross', '--data', SWEEP.data, ...grid, '--preselect', '0', '--json');
  expect(told.exitCode, told.stderr).toBe(0);
  expected = json<{ resultHash: string }>(told).resultHash;
  service = await startService(place);
});

afterAll(async () => {
  await service?.stop();
  place?.remove();
});

describe('one service', () => {
  test('a script submits, follows, comes back and fetches: the hash is that of the command line and of waiting', async () => {
    const headers = { 'idempotency-key': 'once' };
    const { body: job } = await service.post<JobJson>('/api/jobs', SWEEP, headers);
    const [first] = await follow(service, job.id, { enough: (events) => events.some(({ data }) => data.scored > 0) });
    const again = await service.post<JobJson>('/api/jobs', SWEEP, headers);
    expect(again.body.id).toBe(job.id);
    const other = await service.post<{ error: { code: string } }>('/api/jobs', SMALL, headers);
    expect([other.status, other.body.error.code]).toEqual([409, 'JOB_KEY_REUSED']);

    const events = await follow(service, job.id, { lastId: first!.id });
    expect(events.map(({ id }) => id)).not.toContain(first!.id);
    const numbers = events.map(({ id }) => Number(id.split('.')[1]));
    expect(numbers).toEqual(numbers.map((_, i) => Number(first!.id.split('.')[1]) + 1 + i));
    const last = events.at(-1)!;
    expect([last.name, last.data.state]).toEqual(['state', 'done']);
    expect(await follow(service, job.id, { lastId: last.id })).toEqual([]);

    expect(await hashOf(service, job.id)).toBe(expected);
    const waited = await service.client.sweep(SWEEP);
    expect(waited.record.resultHash).toBe(expected);
    const list = await service.client.jobs.list({ state: 'done', limit: 1 });
    expect(list.jobs.map(({ id }) => id)).toEqual([job.id]);
  });

  test('a job makes room for a request that waits, and a cancelled one stops soon', async () => {
    const { id } = await submit(service, HUGE);
    await service.until(id, hasScored);
    const light = await service.post<SweepJson>('/api/backtests', SMALL);
    expect(light.status).toBe(200);
    const { progress } = await service.until(id, hasScored);
    const atMs = performance.now();
    await service.client.jobs.cancel(id);
    await service.until(id, isEnded);
    expect(performance.now() - atMs).toBeLessThan(5_000);
    const job = await service.client.jobs.get(id);
    expect(job).toMatchObject({ state: 'cancelled', attempts: 1 });
    expect(job.progress.scored).toBeGreaterThanOrEqual(progress.scored);
    expect((await service.client.ready()).running).toBe(0);
    const result = await service.get<{ error: { code: string } }>(`/api/jobs/${id}/result`);
    expect([result.status, result.body.error.code]).toEqual([409, 'JOB_STATE']);
  });

  test('a request that becomes a job at its deadline keeps what it has scored, and ends in the same hash', async () => {
    // How much is scored by then is the machine's affair: it gets longer until something is.
    const handOver = async (deadlineSeconds: number): Promise<{ job: JobJson; partial: SweepJson }> => {
      const { status, body } = await service.post<{ job: JobJson; partial: SweepJson | null }>(
        '/api/backtests?handover=job',
        { ...SWEEP, deadlineSeconds },
      );
      expect(status).toBe(202);
      if ((body.partial?.record.scored ?? 0) > 0) return { job: body.job, partial: body.partial! };
      await service.client.jobs.cancel(body.job.id);
      return handOver(deadlineSeconds * 2);
    };
    const body = await handOver(0.6);
    expect(body.partial.record.partial).toBe('deadline');
    expect(body.job.partialResultId).toBe(body.partial.resultId);
    const [first] = await follow(service, body.job.id, {
      enough: (events) => events.some(({ data }) => data.scored > 0),
    }).then((events) => events.filter(({ data }) => data.scored > 0));
    // Rows beyond a gap are in the partial result, and not in the checkpoint.
    expect(first!.data.scored).toBeGreaterThan(body.partial.record.scored / 2);
    await service.until(body.job.id, isEnded);
    expect(await hashOf(service, body.job.id)).toBe(expected);
  });

  test('a job beyond its deadline has failed with that, and a retry goes on from its checkpoint', async () => {
    const failAfter = async (deadlineSeconds: number): Promise<JobJson> => {
      const { id } = await submit(service, { ...HUGE, deadlineSeconds });
      const job = await service.until(id, isEnded);
      expect([job.state, job.error!.code]).toEqual(['failed', 'DEADLINE']);
      return checkpointed(place, id) > 0 ? job : failAfter(deadlineSeconds * 2);
    };
    const failed = await failAfter(1);
    const { id } = failed;
    const kept = checkpointed(place, id);
    await service.client.jobs.retry(id);
    await service.until(id, isEnded);
    expect(checkpointed(place, id)).toBeGreaterThanOrEqual(kept);
  });

  test('a budget below what the job asks for fails it with the numbers', async () => {
    const { id } = await submit(service, { ...SWEEP, budget: { variantsMax: 100 } });
    const { error } = await service.until(id, isEnded);
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', found: '53,820 variants.' });
  });

  test('what cannot be a job is refused when it is submitted', async () => {
    const wrong = await service.post<{ error: { code: string } }>('/api/jobs', { ...SWEEP, rank: 'luck' });
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'REQUEST_INVALID']);
    const none = await service.get<{ error: { code: string } }>('/api/jobs/nobody');
    expect([none.status, none.body.error.code]).toEqual([404, 'JOB_NOT_FOUND']);
  });
});

describe('kill -9', () => {
  test('of the server: the job goes on from its checkpoint and ends in the same hash', async () => {
    const { id } = await submit(service, SWEEP);
    await service.until(id, hasScored);
    await service.stop('SIGKILL');
    const kept = checkpointed(place, id);
    expect(kept).toBeGreaterThan(0);
    service = await startService(place);
    // What is shown at first may be what the first attempt had said last.
    const { scored } = (await service.client.jobs.get(id)).progress;
    const resumed = await service.until(
      id,
      ({ attempts, state, progress }) => attempts === 2 && (state === 'done' || progress.scored !== scored),
    );
    expect(resumed.progress.scored).toBeGreaterThanOrEqual(kept);
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', attempts: 2 });
    expect(await hashOf(service, id)).toBe(expected);
  });

  test('of a worker: another one has the job at once; one that takes three down is parked', async () => {
    await service.stop();
    service = await startService(place, ['--jobs', '0']);
    const { id } = await submit(service, SWEEP);
    const first = await startWorker(place);
    await service.until(id, hasScored);
    const second = await startWorker(place);
    await first.stop('SIGKILL');
    expect(await service.until(id, isEnded)).toMatchObject({ state: 'done', attempts: 2 });
    expect(await hashOf(service, id)).toBe(expected);
    await second.stop();

    const poison = await submit(service, HUGE);
    for (let attempt = 1; attempt <= 3; attempt++) {
      const worker = await startWorker(place);
      await service.until(poison.id, ({ state, attempts }) => state === 'running' && attempts === attempt);
      await worker.stop('SIGKILL');
    }
    const tidy = await startWorker(place);
    const parked = await service.until(poison.id, isEnded);
    expect([parked.state, parked.attempts, parked.error!.code]).toEqual(['failed', 3, 'JOB_PARKED']);
    await tidy.stop();
  });
});

describe.skipIf(POSTGRES_PROGRAMS === undefined)('with the queue in PostgreSQL', () => {
  test('a worker runs what the service took, and nothing of it lies on the disk of the store', async () => {
    const server = await startPostgres();
    const environment = { USE_SQLITE: 'false', DATABASE_URL: server.url };
    const front = await startService(place, ['--jobs', '0'], environment);
    const worker = await startWorker(place, environment);
    try {
      const { id } = await submit(front, SMALL);
      expect((await front.until(id, isEnded)).state).toBe('done');
      const waited = await front.post<SweepJson>('/api/backtests', SMALL);
      expect(await hashOf(front, id)).toBe(waited.body.record.resultHash);
      expect((await service.get(`/api/jobs/${id}`)).status).toBe(404);
    } finally {
      await Promise.all([front.stop(), worker.stop()]);
      await server.remove();
    }
  });
});

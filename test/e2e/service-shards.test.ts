// Is one large sweep cut into shards, run by several processes, and put together again, whatever is killed meanwhile?
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { json, type Workplace } from './cli-harness.ts';
import {
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
  parameters: { fast: '2..40:1', slow: '41..400:1' },
  risk: { stopLoss: [0.01, 0.02, 0.03] },
  maxThreads: 1,
};
/** Long enough for a worker to be killed in the middle of it. */
const LONG = { ...SWEEP, parameters: { fast: '2..40:1', slow: '41..1000:1' }, preselect: 200 };
const LONG_BASES = 39 * 960;
const SHARDS = 4;

interface ShardJson {
  readonly shard: number;
  readonly state: string;
  readonly stage: string;
  readonly attempts: number;
  readonly scored: number;
  readonly variants: number;
}
interface Record extends SweepJson {
  readonly record: SweepJson['record'] & { readonly top: readonly object[]; readonly variants: number };
}

let place: Workplace;
let service: RunningService;

const plain = async ({ parameters, preselect }: { parameters: typeof SWEEP.parameters; preselect: number }) => {
  const axes = [
    '--set',
    `fast=${parameters.fast}`,
    '--set',
    `slow=${parameters.slow}`,
    '--stop-loss',
    '0.01,0.02,0.03',
  ];
  const told = await place.run(
    'sweep',
    SWEEP.strategy,
    '--data',
    SWEEP.data,
    ...axes,
    '--preselect',
    `${preselect}`,
    '--json',
  );
  expect(told.exitCode, told.stderr).toBe(0);
  return json<Record['record']>(told);
};
/** Workers that a test which failed has left. */
const workers: Awaited<ReturnType<typeof startWorker>>[] = [];
const started = async (...args: Parameters<typeof startWorker>) => {
  const worker = await startWorker(...args);
  workers.push(worker);
  return worker;
};
const submit = async (body: object): Promise<JobJson> => (await service.post<JobJson>('/api/jobs', body)).body;
const shardsOf = async (id: string): Promise<readonly ShardJson[]> =>
  (await service.get<{ shards: readonly ShardJson[] }>(`/api/jobs/${id}/shards`)).body.shards.toReversed();
const resultOf = async (id: string): Promise<Record['record']> =>
  (await service.get<Record>(`/api/jobs/${id}/result`)).body.record;
const isEnded = ({ state }: JobJson): boolean => ['done', 'failed', 'cancelled'].includes(state);
const workAtOnce = (job: JobJson): boolean => (job.shards?.running ?? 0) === 2;

beforeAll(async () => {
  place = await createServicePlace(20_000);
  service = await startService(place, ['--jobs', '0']);
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop();
});

afterAll(async () => {
  await service?.stop();
  place?.remove();
});

test('two workers share a sweep of two stages; one is killed; the record is that of the command line', async () => {
  const expected = await plain(LONG);
  const job = await submit({ ...LONG, shards: SHARDS });
  const [first, second] = [await started(place), await started(place)];
  const events = follow(service, job.id);
  const cut = await service.until(job.id, workAtOnce);
  expect(cut).toMatchObject({ state: 'running', shards: { count: SHARDS }, progress: { total: LONG_BASES } });
  await service.until(job.id, (seen) => seen.progress.scored > 0 && workAtOnce(seen));
  await first.stop('SIGKILL');
  // Stage A, then the risk grid of the 200 best, then the merge.
  await service.until(job.id, (seen) => seen.shards!.count > SHARDS);
  await service.until(job.id, (seen) => seen.shards!.done === 2 * SHARDS);
  const done = await service.until(job.id, isEnded);
  expect(done).toMatchObject({ state: 'done', attempts: 1, shards: { count: 2 * SHARDS, done: 2 * SHARDS } });
  expect(done.progress).toMatchObject({ scored: 600, total: 600 });
  const record = await resultOf(job.id);
  expect(record.resultHash).toBe(expected.resultHash);
  expect([record.top, record.scored, record.variants]).toEqual([expected.top, expected.scored, expected.variants]);

  const shards = await shardsOf(job.id);
  expect(shards.map(({ shard }) => shard)).toEqual(Array.from({ length: 2 * SHARDS }, (_, i) => i));
  expect(shards.slice(0, SHARDS).reduce((sum, { variants }) => sum + variants, 0)).toBe(LONG_BASES);
  // The killed worker lost one attempt at one shard at most, and nothing else.
  const attempts = shards.map((shard) => shard.attempts).sort();
  expect(attempts.slice(0, -1)).toEqual(Array(2 * SHARDS - 1).fill(1));
  expect(attempts.at(-1)).toBeLessThanOrEqual(2);
  const seen = await events;
  expect(seen.at(-1)!.data.state).toBe('done');
  const scored = seen.filter(({ data }) => data.total === LONG_BASES).map((event) => event.data.scored);
  expect(new Set(scored).size).toBeGreaterThan(2);
  // Jobs are listed without their shards.
  const { body } = await service.get<{ jobs: JobJson[] }>('/api/jobs');
  expect(body.jobs.map(({ id }) => id)).toEqual([job.id]);
  expect(readdirSync(join(place.home, 'jobs', 'progress'))).toEqual([]);
  await second.stop();
});

test('a cancel ends all shards, and a retry scores those that were not done', async () => {
  const expected = await plain({ ...SWEEP, preselect: 0 });
  const worker = await started(place);
  const job = await submit({ ...SWEEP, preselect: 0, shards: SHARDS, priority: 3 });
  await service.until(job.id, (seen) => (seen.shards?.done ?? 0) >= 2);
  const cancelled = await service.post<JobJson>(`/api/jobs/${job.id}/cancel`);
  expect(cancelled.body.state).toBe('cancelled');
  await service.until(job.id, (seen) => seen.shards!.running === 0);
  const before = await shardsOf(job.id);
  expect(before.some(({ state }) => state === 'done')).toBe(true);
  expect(before.every(({ state }) => state === 'done' || state === 'cancelled')).toBe(true);
  await service.post(`/api/jobs/${job.id}/retry`);
  await service.until(job.id, (seen) => seen.shards!.done === SHARDS);
  expect(await service.until(job.id, isEnded)).toMatchObject({ state: 'done', shards: { done: SHARDS } });
  const record = await resultOf(job.id);
  expect(record.resultHash).toBe(expected.resultHash);
  expect(record.top).toEqual(expected.top);
  await worker.stop();
});

test('small jobs stay whole, large ones are cut by what they are predicted to take, and runs never', async () => {
  const worker = await started(place, { GRIDMILL_JOBS_SHARD_SECONDS: '0.25' });
  const small = await submit({ ...SWEEP, parameters: { fast: [5, 8], slow: [50, 60] } });
  expect(await service.until(small.id, isEnded)).toMatchObject({ state: 'done', shards: null });
  // 42,120 variants times 20,000 bars are 0.84 predicted seconds.
  const large = await submit({ ...SWEEP, preselect: 0 });
  expect(await service.until(large.id, isEnded)).toMatchObject({ state: 'done', shards: { count: 4 } });
  const run = { kind: 'run', strategy: 'sma-cross', data: SWEEP.data, shards: 3 };
  const refused = await service.post<{ error: { code: string } }>('/api/jobs', run);
  expect([refused.status, refused.body.error.code]).toEqual([400, 'REQUEST_INVALID']);
  await worker.stop();
});

test('shards that take longer than the deadline together fail the job', async () => {
  const worker = await started(place);
  const huge = { ...SWEEP, parameters: { fast: '2..300:1', slow: '301..3000:1' }, preselect: 0 };
  const job = await submit({ ...huge, shards: 200, deadlineSeconds: 4 });
  const failed = await service.until(job.id, isEnded);
  expect([failed.state, failed.error?.code]).toEqual(['failed', 'DEADLINE']);
  expect(failed.shards!.done).toBeLessThan(200);
  await worker.stop();
});

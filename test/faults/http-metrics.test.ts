// What a monitor reads: every line as the format wants it, jobs by state, and what is missing leaves the rest.
import { expect, test } from 'vitest';
import type { JobDesk } from '../../src/compute/job-desk.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { createMemoryStore } from '../../src/jobs/memory-store.ts';
import { openDoor } from '../fuzz/door.ts';
import { type ReadFamily, readPrometheus } from '../prometheus-text.ts';

const deskOf = (store: JobStore): JobDesk => ({
  store,
  newId: () => 'id',
  newHandoverId: () => 'h-id',
  progressFolder: (id) => id,
  dropProgress: () => undefined,
  wake: () => undefined,
  close: async () => undefined,
});

const measured = async (store?: JobStore): Promise<ReadonlyMap<string, ReadFamily>> => {
  const door = await openDoor(store === undefined ? {} : { openDesk: async () => deskOf(store) });
  try {
    for (const url of ['/healthz', '/api/strategies', '/api/nothing"\\here', '/api/results/zzzz']) {
      await door.server.inject({ url, headers: { host: 'localhost' } });
    }
    const answer = await door.server.inject({ url: '/metrics', headers: { host: 'localhost' } });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    return readPrometheus(answer.body);
  } finally {
    await door.close();
  }
};
const value = (families: ReadonlyMap<string, ReadFamily>, name: string, labels: object = {}): number | undefined =>
  families
    .get(name)
    ?.samples.find((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))?.value;

test('requests by route, budgets, lag, memory and rates are there, in a form that a strict reader takes', async () => {
  const families = await measured();
  const requests = families.get('gridmill_http_request_seconds')!;
  const routes = requests.samples.map(({ labels }) => `${labels['route']} ${labels['status']}`);
  expect(new Set(routes)).toEqual(new Set(['/healthz 200', '/api/strategies 200', 'none 404', '/api/results/:id 400']));
  expect(value(families, 'gridmill_budget_bytes')).toBe(2 ** 33);
  expect(value(families, 'gridmill_granted_bytes')).toBe(0);
  for (const quantile of ['0.5', '0.9', '0.99', '1']) {
    expect(value(families, 'gridmill_event_loop_lag_seconds', { quantile })).toBeGreaterThanOrEqual(0);
  }
  expect(value(families, 'gridmill_resident_bytes')).toBeGreaterThan(2 ** 20);
  // Nothing was looked for yet: a rate would be made up.
  expect(families.get('gridmill_cache_hit_share')!.samples).toEqual([]);
  expect(families.has('gridmill_jobs')).toBe(false);
});

test('jobs are counted by state, with the wait of the oldest', async () => {
  const store = createMemoryStore();
  for (const id of ['a', 'b', 'c']) await store.submit({ id, kind: 'sweep', request: {} }, Date.now() - 5_000);
  await store.claim({ owner: { runner: 'r' }, claimId: 'c1', kinds: ['sweep'] }, Date.now());
  await store.requestCancel('c', Date.now());
  const families = await measured(store);
  const counts = families.get('gridmill_jobs')!.samples.map(({ labels, value }) => [labels['state'], value]);
  expect(Object.fromEntries(counts)).toEqual({ queued: 1, running: 1, done: 0, failed: 0, cancelled: 1 });
  expect(value(families, 'gridmill_queue_reachable')).toBe(1);
  const waits = value(families, 'gridmill_jobs_oldest_wait_seconds')!;
  expect([waits >= 5, waits < 60]).toEqual([true, true]);
});

test.each<[string, () => Promise<never>]>([
  ['fails', () => Promise.reject(new Error('away'))],
  ['hangs', () => new Promise(() => undefined)],
])('a queue that %s is said to be so, and the other measures come in time', async (_, counts) => {
  const begin = performance.now();
  const families = await measured({ ...createMemoryStore(), counts });
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(value(families, 'gridmill_queue_reachable')).toBe(0);
  expect(families.get('gridmill_jobs')!.samples).toEqual([]);
  expect(value(families, 'gridmill_resident_bytes')).toBeGreaterThan(0);
});

test('the strict reader refuses what a scraper refuses', () => {
  const head = '# HELP a_total A.\n# TYPE a_total counter\n';
  for (const text of [
    `${head}a_total 1`,
    `${head}b_total 1\n`,
    `${head}a_total 1\na_total 2\n`,
    `${head}a_total{x="1"y="2"} 1\n`,
    `${head}a_total{x="a\\q"} 1\n`,
    `${head}a_total Infinity\n`,
    `${head}a_total -1\n`,
    `${head}${head}`,
    'a 1\n',
    '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
  ]) {
    expect(() => readPrometheus(text), text).toThrow();
  }
  expect(readPrometheus(`${head}a_total{x="q\\"\\\\\\n"} 1e3\n`).get('a_total')!.samples[0]).toEqual({
    name: 'a_total',
    labels: { x: 'q"\\\n' },
    value: 1000,
  });
});

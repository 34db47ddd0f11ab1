// The memory of the running service: a budget that holds while sweeps run at once, and what is given back when nobody asks.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Workplace } from './cli-harness.ts';
import { createServicePlace, type JobJson, type RunningService, startService } from './service-harness.ts';

const KEY = 'lab/MADE/1m';
/** Far more variants than can be scored while a test waits. */
const LONG = { strategy: 'sma-cross', data: KEY, parameters: { fast: '2..900:1', slow: '10..3000:1' } } as const;
const MB = 2 ** 20;
const isLinux = existsSync('/proc/self/task');

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const statusMb = ({ child }: RunningService, name: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;
const threads = ({ child }: RunningService): number => readdirSync(`/proc/${child.pid}/task`).length;

/** What the scheduler goes by, of each thread: higher means later. */
function priorities({ child }: RunningService): Map<number, number> {
  const found = new Map<number, number>();
  for (const thread of readdirSync(`/proc/${child.pid}/task`)) {
    try {
      const [, fields] = readFileSync(`/proc/${child.pid}/task/${thread}/stat`, 'utf8').split(') ');
      found.set(Number(thread), Number(fields!.split(' ')[16]));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

async function until(isSo: () => Promise<boolean> | boolean, what: string | (() => Promise<unknown>)): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > endMs)
      expect.fail(`not within 20 s: ${typeof what === 'string' ? what : JSON.stringify(await what())}`);
    await sleep(150);
  }
}

const running = async (service: RunningService): Promise<number> =>
  (await service.get<{ readonly running: number }>('/readyz')).body.running;

let place: Workplace;
beforeAll(async () => {
  place = await createServicePlace(60_000);
});
afterAll(() => place.remove());

describe.runIf(isLinux)('the memory of the service', () => {
  test('stays within --memory while a waiting client and a job each sweep under half of it', async () => {
    const service = await startService(place, ['--memory', `${512 * MB}`]);
    try {
      const half = { bytesMax: 256 * MB, threadsMax: 1 };
      const { body: job } = await service.post<JobJson>('/api/jobs', { ...LONG, budget: half, shards: 1 });
      await service.until(job.id, ({ progress }) => progress.scored > 0);
      const share = { maxThreads: 1, memoryBytes: 256 * MB, deadlineSeconds: 4, save: false };
      const waited = service.post<{ readonly error: object }>('/api/backtests', { ...LONG, ...share });
      await until(async () => (await running(service)) === 2, 'both compute');
      const { status, body } = await waited;
      expect(status, JSON.stringify(body.error)).toBe(504);
      expect(statusMb(service, 'VmHWM')).toBeLessThan(512);
      const { body: now } = await service.get<JobJson>(`/api/jobs/${job.id}`);
      expect(now).toMatchObject({ state: 'running', attempts: 1 });
      // The services of the tests below share the queue.
      await service.post(`/api/jobs/${job.id}/cancel`);
      await service.until(job.id, ({ state }) => state === 'cancelled');
    } finally {
      await service.stop('SIGKILL');
    }
  });

  test('is shared by requests that name no budget: each may take half of it', async () => {
    const service = await startService(place, ['--memory', `${512 * MB}`]);
    try {
      const small = { ...LONG, parameters: { fast: '2..20:1', slow: '30..60:10' }, save: false };
      const { status, body } = await service.post<{ readonly error?: object }>('/api/backtests', small);
      expect(status, JSON.stringify(body.error)).toBe(200);
    } finally {
      await service.stop('SIGKILL');
    }
  });

  test('is given back by itself: computing threads, warm workers and the thread of leases end when nobody asks', async () => {
    const service = await startService(place, [], { GRIDMILL_SERVER_IDLE_SECONDS: '1' });
    try {
      const configurations = [{ parameters: { fast: 5, slow: 20 } }, { parameters: { fast: 6, slow: 20 } }];
      const list = { strategy: 'sma-cross', data: KEY, configurations };
      const pool = async () =>
        (await service.get<{ readonly online: number; readonly runs: number }>('/backtesting/pool/status')).body;
      const work = async (): Promise<void> => {
        expect((await service.post<{ readonly done: number }>('/backtesting/batch-run-turbo', list)).body.done).toBe(2);
        const { status } = await service.post('/api/backtests', { ...LONG, deadlineSeconds: 1, save: false });
        expect(status).toBe(504);
      };
      await work();
      await until(async () => (await pool()).online === 0, pool);
      await sleep(500);
      // Those of V8 and of the event loop, which the first work may have started, stay.
      const atRest = threads(service);
      await work();
      expect(threads(service)).toBeGreaterThan(atRest);
      await until(() => threads(service) <= atRest, `as few threads as after the first work: ${atRest}`);
      expect(await pool()).toMatchObject({ online: 0, runs: 4, restarts: 0, setupsOpen: 0 });
      // The next who come find everything as it was.
      expect((await service.post<{ readonly done: number }>('/backtesting/batch-run-turbo', list)).body.done).toBe(2);
    } finally {
      await service.stop('SIGKILL');
    }
  });

  test('leaves the processor to the thread that answers: whatever computes has a lower priority', async () => {
    const service = await startService(place);
    try {
      const before = priorities(service);
      // The main thread, those of V8 and of the event loop, the watchdog.
      expect([...before.values()].every((nice) => nice === before.get(service.child.pid!))).toBe(true);
      const own = before.get(service.child.pid!)!;
      const lower = (): number[] => [...priorities(service).values()].filter((nice) => nice > own);
      const list = { strategy: 'sma-cross', data: KEY, configurations: [{ parameters: { fast: 5, slow: 20 } }] };
      await service.post('/backtesting/batch-run-turbo', list);
      const workers = lower().length;
      expect(workers).toBeGreaterThanOrEqual(1);
      const endless = { ...LONG, maxThreads: 2, deadlineSeconds: 30, save: false };
      const waited = service.post('/api/backtests', endless).catch(() => undefined);
      // The thread that computes, and those it starts to score.
      await until(() => lower().length >= workers + 2, 'a computing and a scoring thread of lower priority');
      expect(priorities(service).get(service.child.pid!)).toBe(own);
      await service.stop('SIGKILL');
      await waited;
    } finally {
      await service.stop('SIGKILL');
    }
  });
});

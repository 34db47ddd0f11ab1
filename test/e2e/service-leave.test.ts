// Does the machine stop computing for clients that have gone, and answer those that are late, in whatever phase it is?
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { createWorkplace, csvOf, minuteCandles, type Workplace } from './cli-harness.ts';
import {
  cpuMsOf,
  type HeavyRequest,
  heavyRequests,
  leave,
  quantile,
  STRATEGY_FILES,
  stays,
  threadsOf,
} from './heavy-requests.ts';
import { type RunningService, startService } from './service-child.ts';

const COUNT = Number(process.env['GRIDMILL_DISCONNECTS'] ?? 33);
const SEED = Number(process.env['GRIDMILL_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
/** Beside this thread: connections that rest while it is held up would be closed unnoticed. */
const packed = promisify(gzip);
const DATA = 'lab/MADE/1m';
const REQUESTS = heavyRequests(DATA);
const SMALL = { parameters: { fast: 5, slow: 20 } };
const WAITING_MAX = 4;
const SYNC_DEADLINE_S = 3;

let place: Workplace;
let service: RunningService;
let idleThreads: number;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const at = () => ({ pid: service.child.pid!, port: Number(new URL(service.url).port), idleThreads });
const one = (phase: string): HeavyRequest => REQUESTS.find((request) => request.phase === phase)!;
const ask = (path: string, body: object): Promise<Response> =>
  fetch(service.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

/** Files that a thread which was ended in a write has left, in the store and among uploads. */
const leftovers = (): string[] =>
  (readdirSync(place.home, { recursive: true }) as string[]).filter((name) =>
    /\.tmp$|^uploads\/.|^jobs\/progress\/./.test(name),
  );

/** Waits until no thread computes any more. */
async function untilIdle(): Promise<void> {
  for (const endMs = performance.now() + 5_000; threadsOf(at().pid) > idleThreads; await pause(20)) {
    expect(performance.now(), 'threads are left').toBeLessThan(endMs);
  }
}

beforeAll(async () => {
  place = createWorkplace();
  mkdirSync(join(place.folder, 'strategies'));
  for (const [name, text] of Object.entries(STRATEGY_FILES)) place.write(join('strategies', name), text);
  const file = place.write('candles.csv', csvOf(minuteCandles(100_000)));
  expect((await place.run('import', file, '--exchange', 'lab', '--symbol', 'MADE')).exitCode).toBe(0);
  service = await startService(place, '--waiting', String(WAITING_MAX), '--sync-deadline', `${SYNC_DEADLINE_S}s`);
  // What is loaded once is loaded now, and the threads that the process keeps are there.
  await service.client.run({ strategy: 'bars.ts', data: DATA, parameters: { length: 9 } });
  await ask('/backtesting/batch-run-turbo', { strategy: 'sma-cross', data: DATA, configurations: [SMALL] });
  idleThreads = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 20; look++) {
    idleThreads = Math.min(idleThreads, threadsOf(service.child.pid!));
    await pause(50);
  }
});
afterAll(async () => {
  await service?.stop();
  place?.remove();
});

describe('clients who leave', () => {
  test(`${COUNT} at random moments, from seed ${SEED}: no thread computes 200 ms later, and nothing is stored`, {
    timeout: 3_600_000,
  }, async () => {
    const { nextBelow } = createPrng(SEED);
    const before = (await service.client.results.list()).total;
    const tookMs: number[] = [];
    for (let n = 0; n < COUNT; n++) {
      // The first milliseconds are those in which threads start, candles are read and grids are counted.
      const left = await leave(at(), REQUESTS[n % REQUESTS.length]!, nextBelow(n % 2 === 0 ? 80 : 500));
      if (left.wasComputing) tookMs.push(left.ms);
    }
    console.log(
      `${tookMs.length} of ${COUNT} were computed for: gone after ${quantile(tookMs, 0.5).toFixed(0)} ms (median), ${Math.max(...tookMs).toFixed(0)} ms (all)`,
    );
    expect(tookMs.length).toBeGreaterThan(COUNT / 2);
    expect(quantile(tookMs, 0.5)).toBeLessThan(200);
    expect(Math.max(...tookMs)).toBeLessThan(1_000);
    expect((await service.client.results.list()).total).toBe(before);
    expect(leftovers()).toEqual([]);
    expect(await (await fetch(`${service.url}/readyz`)).json()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('with many requests queued on one connection leave none behind', async () => {
    const { ms } = await leave(at(), one('stage A'), 400, 4);
    expect(ms).toBeLessThan(1_000);
    expect(await (await fetch(`${service.url}/readyz`)).json()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('of a list in the workers that are kept: their threads stay, and soon use no CPU', async () => {
    const list = { strategy: 'endless.ts', data: DATA, configurations: [{ parameters: { length: 1 } }] };
    const { pid, port } = at();
    const request = { phase: 'a list', path: '/backtesting/batch-run-turbo', body: list };
    await leave({ pid, port, idleThreads: 1_000 }, request, 1_500);
    // The worker that did not come back is ended, and another one takes its place.
    await pause(600);
    const fromMs = cpuMsOf(pid);
    await pause(400);
    expect(cpuMsOf(pid) - fromMs).toBeLessThan(250);
    await untilIdle();
  });

  test('are told from those who stay: for these the same measure finds threads at work', async () => {
    expect(await stays(at(), one('stage A'), 1_000)).toBe(true);
    await untilIdle();
  });
});

describe('deadlines', () => {
  const DEADLINE_S = 0.4;
  test.each(REQUESTS.map(({ phase }) => phase))(
    '%s: a typed answer within two seconds of it, then no thread is left',
    async (phase) => {
      const { path, body } = one(phase);
      // The estimate takes no deadline of its own: it has that of the service.
      const seconds = path.endsWith('/estimate') ? SYNC_DEADLINE_S : DEADLINE_S;
      const asked = path.endsWith('/estimate') ? body : { ...body, deadlineSeconds: DEADLINE_S, save: undefined };
      const startedMs = performance.now();
      const answer = await ask(path, asked);
      const lateMs = performance.now() - startedMs - seconds * 1000;
      const { error } = (await answer.json()) as { error?: { code: string; retryable: boolean } };
      if (path.endsWith('/estimate') && answer.status === 200) return;
      expect([answer.status, error!.code]).toEqual([504, 'DEADLINE']);
      expect(lateMs).toBeLessThan(2_000);
      await untilIdle();
    },
  );

  test('an import of a large file', async () => {
    const line = '1700000000000,100,101,99,100,1\n';
    const rows = await packed(Buffer.alloc(800_000_000, line), { level: 1 });
    const before = await service.client.data.list();
    const startedMs = performance.now();
    const answer = await fetch(
      `${service.url}/api/data/import?name=large.csv.gz&exchange=lab&symbol=LARGE&timeframe=1m`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: new Uint8Array(Buffer.concat([await packed('time,open,high,low,close,volume\n'), rows])),
      },
    );
    const error = (await answer.json()) as object;
    expect([answer.status, error]).toMatchObject([504, { error: { code: 'DEADLINE' } }]);
    expect(performance.now() - startedMs).toBeLessThan((SYNC_DEADLINE_S + 2) * 1_000);
    await untilIdle();
    expect(await service.client.data.list()).toEqual(before);
    expect(leftovers()).toEqual([]);
  });

  test('20 at once: those that found room are answered by theirs, the others are told when to come again', async () => {
    const { path, body } = one('stage A');
    let most = { running: 0, waiting: 0 };
    let asking = true;
    const watching = (async () => {
      for (; asking; await pause(40)) {
        const now = (await (await fetch(`${service.url}/readyz`)).json()) as typeof most;
        most = { running: Math.max(most.running, now.running), waiting: Math.max(most.waiting, now.waiting) };
      }
    })();
    const startedMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await ask(path, { ...body, save: false, deadlineSeconds: 1 });
        const { error } = (await answer.json()) as { error: { code: string } };
        const lateMs = performance.now() - startedMs - 1_000;
        return { status: answer.status, code: error.code, retryAfter: answer.headers.get('retry-after'), lateMs };
      }),
    );
    asking = false;
    await watching;
    const refused = answers.filter(({ status }) => status === 429);
    const late = answers.filter(({ status }) => status === 504);
    // One computes with all threads, as many as may wait do.
    expect([late.length, refused.length]).toEqual([1 + WAITING_MAX, 20 - 1 - WAITING_MAX]);
    expect(refused.every(({ code, retryAfter }) => code === 'BUSY' && retryAfter === '5')).toBe(true);
    expect(refused.every(({ lateMs }) => lateMs < 1_000)).toBe(true);
    expect(late.every(({ code, lateMs }) => code === 'DEADLINE' && lateMs < 2_000)).toBe(true);
    expect(most.running).toBeLessThanOrEqual(1);
    expect(most.waiting).toBeLessThanOrEqual(WAITING_MAX);
    await untilIdle();
  });
});

test('no folder of uploads or of progress is left at the end', () => {
  expect(existsSync(place.home)).toBe(true);
  expect(leftovers()).toEqual([]);
});

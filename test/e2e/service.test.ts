// The service as its clients meet it: through the typed client, by those who leave, are late or come too many, and at its end.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GridmillError } from '../../src/client/client.ts';
import { createWorkplace, repository, type Workplace } from './cli-harness.ts';
import { type RunningService, startService } from './service-child.ts';

const HOUR = 3_600_000;
const BARS = 20_000;

/** A wave, so that averages cross. */
const csv = (bars: number): string => {
  const lines = ['time,open,high,low,close,volume'];
  for (let bar = 0; bar < bars; bar++) {
    const close = 100 + 10 * Math.sin(bar / 30) + Math.sin(bar / 7);
    lines.push(`${Date.UTC(2020, 0, 1) + bar * HOUR},${close},${close + 1},${close - 1},${close},1`);
  }
  return `${lines.join('\n')}\n`;
};

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));

const DATA = 'local/WAVE/1h';
const LARGE = { strategy: 'sma-cross', data: DATA, parameters: { fast: '2..900:1', slow: '10..3000:1' } } as const;

let workplace: Workplace;
let service: RunningService;
beforeAll(async () => {
  workplace = createWorkplace();
  service = await startService(workplace, '--waiting', '4');
  const file = bytesOf(csv(BARS));
  const { imported } = await service.client.data.import(file, { name: 'wave.csv', exchange: 'local', symbol: 'WAVE' });
  expect(imported.map(({ key }) => key)).toEqual([DATA]);
});
afterAll(async () => {
  await service.stop();
  workplace.remove();
});

const failure = async (work: Promise<unknown>): Promise<GridmillError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GridmillError);
  return error as GridmillError;
};

/** Waits until nothing is computed and answers how long that took. */
async function idleAfter(): Promise<number> {
  const begin = performance.now();
  for (;;) {
    const { running, waiting } = (await (await fetch(`${service.url}/readyz`)).json()) as Record<string, number>;
    if (running === 0 && waiting === 0) return performance.now() - begin;
    expect(performance.now() - begin).toBeLessThan(20_000);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}
const untilRunning = async (): Promise<void> => {
  for (let running = 0; running === 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    ({ running } = (await (await fetch(`${service.url}/readyz`)).json()) as { running: number });
  }
};

describe('the typed client', () => {
  test('says what was refused, and the store keeps what it had', async () => {
    const { client } = service;
    const bad = bytesOf('time,open,high,low,close,volume\n1,2,3\n');
    const refused = await failure(
      client.data.import(bad, { name: 'wave.csv', exchange: 'local', symbol: 'WAVE', timeframe: '1h' }),
    );
    expect([refused.status, refused.message.includes(workplace.folder)]).toEqual([422, false]);
    expect(
      await failure(client.data.fetch({ exchange: 'localhost', symbol: 'BTC/USDT', timeframe: '1h', from: '2024' })),
    ).toMatchObject({
      code: expect.stringMatching(/^(FETCH_FORBIDDEN|DEPENDENCY_MISSING)$/),
    });
    expect((await client.data.list()).map(({ key }) => key)).toEqual([DATA]);
  });
});

test('the document is valid OpenAPI 3.1 and tells the answers of every route', async () => {
  const document = (await service.client.openapi()) as {
    paths: Record<string, Record<string, { summary?: string; responses: object }>>;
  };
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const { summary, responses } of Object.values(methods)) {
      expect([path, summary === undefined]).toEqual([path, false]);
      const statuses = Object.keys(responses);
      expect([path, statuses]).toEqual([path, expect.arrayContaining(['4XX', '5XX'])]);
      expect([path, statuses.some((status) => /^2\d\d$/.test(status))]).toEqual([path, true]);
    }
  }
  const broken = structuredClone(document) as Record<string, unknown>;
  delete broken['info'];
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test('who leaves frees the machine at once, and nothing is stored', async () => {
  const before = (await service.client.results.list()).total;
  for (let round = 0; round < 5; round++) {
    const leaving = new AbortController();
    const gone = service.client.sweep(LARGE, { signal: leaving.signal }).catch(() => 'gone');
    await untilRunning();
    await new Promise((resolve) => setTimeout(resolve, 100 * round));
    leaving.abort();
    expect(await gone).toBe('gone');
    expect(await idleAfter()).toBeLessThan(2_000);
  }
  expect((await service.client.results.list()).total).toBe(before);
});

test('of many who are late each is answered by its deadline, with what was scored, or told to come again', async () => {
  const begin = performance.now();
  const errors = await Promise.all(
    Array.from({ length: 10 }, () => failure(service.client.sweep({ ...LARGE, save: false, deadlineSeconds: 1.5 }))),
  );
  expect(performance.now() - begin).toBeLessThan(1_500 + 4_000);
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['DEADLINE', 'BUSY']));
  expect(errors.filter(({ code }) => code === 'BUSY').every(({ retryAfterMs }) => retryAfterMs === 5_000)).toBe(true);
  await idleAfter();
});

test('a stop answers those who wait, ends within its time and says before what was decided', async () => {
  const own = createWorkplace();
  const stopping = await startService(own);
  expect(stopping.said).toMatch(
    /open to this machine, \d+ of \d+ threads a computation, \d+(\.\d)? [GM]iB for all computations/,
  );
  await stopping.client.data.import(bytesOf(csv(BARS)), {
    name: 'wave.csv',
    exchange: 'local',
    symbol: 'WAVE',
  });
  const waiting = failure(stopping.client.sweep(LARGE));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const begin = performance.now();
  const { exitCode, signal } = await stopping.stop();
  expect([exitCode, signal]).toEqual([0, null]);
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(await waiting).toMatchObject({ status: 503, code: 'STOPPING' });
  own.remove();
});

test('one that cannot listen says why and ends, so that it can be started again', async () => {
  const own = createWorkplace();
  const port = new URL(service.url).port;
  const { exitCode, stderr, elapsedMs } = await own.run('serve', '--port', port);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`EADDRINUSE at port ${port}`)]);
  expect(elapsedMs).toBeLessThan(20_000);
  own.remove();
});

test('a process whose main thread hangs is ended with one line, and would hang on without the watchdog', () => {
  const hang = (silenceMs: number) =>
    spawnSync(process.execPath, [join(repository, 'test/e2e/watched-loop.mjs'), String(silenceMs)], {
      encoding: 'utf8',
    });
  const watched = hang(1_000);
  expect(watched.signal).toBe('SIGKILL');
  expect(
    watched.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg),
  ).toEqual(['main thread silent for 1000 ms: ended']);
  const free = hang(0);
  expect([free.status, free.stderr]).toEqual([0, '']);
});

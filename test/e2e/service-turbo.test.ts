// The warm parts of the running service: lists of configurations, pool, mirror, memory, measures, kept answers, the register.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Candles } from '../../src/market/candles.ts';
import { sliceCandles } from '../../src/market/candles.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';
import { readPrometheus } from '../prometheus-text.ts';
import { BIN, createWorkplace, type Workplace } from './cli-harness.ts';

const timeframe = parseTimeframe('1m');
const market = syntheticCandles({
  seed: 11,
  timeframe,
  barCount: 30_000,
  startTime: 1_700_000_040_000,
  startPrice: 100,
});
const KEY = 'binance/BTCUSDT/1m';
const TOKEN = 'a-token-for-these-tests';

let place: Workplace;
let service: ChildProcess;
let address = '';
let log = '';

function store(candles: Candles): string {
  const meta = { source: 'made here', importedAt: 0, quality: null };
  return openCandleStore(place.home).write({ exchange: 'binance', symbol: 'BTCUSDT', timeframe }, candles, meta);
}

async function start(...options: readonly string[]): Promise<void> {
  service = spawn(process.execPath, [BIN, 'serve', '--port', '0', ...options], {
    cwd: place.folder,
    env: { ...process.env, GRIDMILL_HOME: place.home, GRIDMILL_TOKEN: TOKEN, GRIDMILL_TURBO_WORKERS: '2' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  service.stderr!.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  address = await new Promise((resolve, reject) => {
    service.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const found = /http:\/\/[^ ]+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
    service.once('exit', () => reject(new Error(`the service left: ${log}`)));
  });
}

const ask = (path: string, body?: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(`${address}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    ...init,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      authorization: `Bearer ${TOKEN}`,
      ...init.headers,
    },
  });
// biome-ignore lint/suspicious/noExplicitAny: answers are looked at, member by member.
const answer = async (path: string, body?: unknown): Promise<any> => {
  const response = await ask(path, body);
  const found = await response.json();
  expect(response.status, JSON.stringify(found).slice(0, 500)).toBe(200);
  return found;
};

beforeAll(async () => {
  place = createWorkplace();
  store(sliceCandles(market, 0, 20_000));
  place.write(
    'settings.yaml',
    `mirror:\n  preload: [${KEY}]\n  refresh_seconds: 0\nbacktest:\n  max_compute_bytes_total: 1000000000\n`,
  );
  mkdirSync(join(place.folder, 'strategies'));
  await start('--config', 'settings.yaml');
});

afterAll(async () => {
  const ended = new Promise((resolve) => service.once('exit', resolve));
  service.kill('SIGTERM');
  await ended;
  place.remove();
});

const configuration = (fast: number, slow: number, barriers = {}) => ({ parameters: { fast, slow }, barriers });
const list = [
  configuration(5, 20),
  configuration(5.5, 20),
  configuration(9, 30, { stopLoss: 0.01 }),
  { parameters: { fast: 5, quick: 20 } },
  configuration(7, 21, { stopLoss: 2 }),
  { parameters: { fast: 7 } },
  configuration(12, 60, { takeProfit: 0.02 }),
];
const asked = { strategy: 'sma-cross', data: KEY, configurations: list };

describe('a list of configurations', () => {
  test('is answered by one result or one error each, in order, equal to runs of their own', async () => {
    const { results, done, failed, partial, configurations, candles } = await answer(
      '/backtesting/batch-run-turbo',
      asked,
    );
    expect({ done, failed, partial, configurations }).toEqual({ done: 7, failed: 4, partial: null, configurations: 7 });
    expect(candles).toMatchObject({ key: KEY, bars: 20_000 });
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    expect(results.map(({ error }: any) => error?.code ?? 'row')).toEqual([
      'row',
      'REQUEST_INVALID',
      'row',
      'GRID_INVALID',
      'GRID_INVALID',
      'GRID_INVALID',
      'row',
    ]);
    for (const n of [0, 2, 6]) {
      const { parameters, barriers } = list[n]! as ReturnType<typeof configuration>;
      const { run } = await answer('/api/backtests', {
        ...{ kind: 'run', strategy: 'sma-cross', data: KEY, parameters, risk: barriers },
      });
      expect(run.metrics.trades).toBeGreaterThan(50);
      expect(results[n].metrics.trades).toBe(run.metrics.trades);
      for (const [name, value] of Object.entries(run.metrics)) {
        if (typeof value === 'number') expect(results[n].metrics[name], name).toBeCloseTo(value, 9);
      }
    }
  });

  test('comes as lines in the same order when it is streamed', async () => {
    const whole = await answer('/backtesting/batch-run-turbo', asked);
    const response = await ask('/backtesting/batch-run-turbo', asked, { headers: { accept: 'application/x-ndjson' } });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0].head).toMatchObject({ strategy: 'sma-cross', configurations: 7 });
    expect(lines.slice(1, -1)).toEqual(whole.results.map((result: object, index: number) => ({ index, ...result })));
    expect(lines.at(-1).end).toMatchObject({ done: 7, failed: 4, partial: null });
  });

  test('of strategies, candles or members that are not there is refused, streamed or not', async () => {
    for (const path of ['/backtesting/batch-run-turbo', '/backtesting/batch-run-turbo?stream=true']) {
      const missing = await ask(path, { ...asked, data: 'binance/ETHUSDT/1m' });
      expect(missing.status).toBe(404);
      expect(await missing.json()).toMatchObject({ error: { code: 'CANDLES_NOT_FOUND' } });
      expect((await ask(path, { ...asked, strategy: 'absent.ts' })).status).toBe(404);
      expect((await ask(path, { ...asked, configurations: [] })).status).toBe(400);
      expect((await ask(path, { ...asked, configurations: [{ parameters: { fast: 'x' } }] })).status).toBe(400);
      const many = Array.from({ length: 10_001 }, () => ({}));
      expect((await ask(path, { ...asked, configurations: many })).status).toBe(400);
    }
  });

  test('of a strategy file runs guarded in the workers, and a change of the file is another strategy', async () => {
    const write = (length: number): string =>
      place.write(
        'strategies/mine.ts',
        `import { close, crossAbove, crossBelow, defineStrategy, choice, sma } from 'gridmill';
        export default defineStrategy({ name: 'mine', parameters: { n: choice(5, 9) },
          signals: (p) => ({ enterLong: crossAbove(close, sma(close, p.n)), exitLong: crossBelow(close, sma(close, ${length})) }) });`,
      );
    const mine = { ...asked, strategy: 'mine.ts', configurations: [{ parameters: { n: 5 } }, {}] };
    write(20);
    const first = await answer('/backtesting/batch-run-turbo', mine);
    const again = await answer('/backtesting/batch-run-turbo', mine);
    expect(first.results[1]).toMatchObject({ error: { code: 'GRID_INVALID' } });
    expect(again.results).toEqual(first.results);
    write(40);
    const other = await answer('/backtesting/batch-run-turbo', mine);
    expect(other.strategyHash).not.toBe(first.strategyHash);
    expect(other.results[0].metrics.totalReturn).not.toBe(first.results[0].metrics.totalReturn);
    const { run } = await answer('/api/backtests', {
      kind: 'run',
      strategy: 'mine.ts',
      data: KEY,
      parameters: { n: 5 },
    });
    expect(other.results[0].metrics.totalReturn).toBeCloseTo(run.metrics.totalReturn, 9);
    place.write('strategies/broken.ts', 'export default 1;');
    const broken = await ask('/backtesting/batch-run-turbo', { ...asked, strategy: 'broken.ts' });
    expect(await broken.json()).toMatchObject({ error: { code: 'STRATEGY_INVALID' } });
  });

  test('whose client leaves is given up, and the workers are free again', async () => {
    const status = async () => answer('/backtesting/pool/status');
    const many = Array.from({ length: 8_000 }, (_, n) => configuration(5 + (n % 90), 100 + Math.floor(n / 90)));
    const leaving = new AbortController();
    const response = await ask(
      '/backtesting/batch-run-turbo?stream=true',
      { ...asked, configurations: many },
      { signal: leaving.signal },
    );
    await response.body!.getReader().read();
    expect((await status()).configurationsInFlight).toBeGreaterThan(0);
    const { runs: before } = await status();
    leaving.abort();
    await expect.poll(async () => (await status()).busy, { timeout: 2000, interval: 20 }).toBe(0);
    const { runs, configurationsWaiting } = await status();
    expect(runs - before).toBeLessThan(7_000);
    expect(configurationsWaiting).toBe(0);
  });

  test('that outlasts its deadline has results as far as it came', async () => {
    const many = Array.from({ length: 9_000 }, (_, n) => configuration(5 + (n % 90), 300 + Math.floor(n / 90)));
    const { partial, done, results } = await answer('/backtesting/batch-run-turbo', {
      ...{ ...asked, configurations: many, deadlineSeconds: 0.3 },
    });
    expect(partial).toBe('deadline');
    expect(done).toBeLessThan(9_000);
    expect(results).toHaveLength(9_000);
    expect(results.at(-1)).toMatchObject({ error: { code: 'DEADLINE' } });
  });
});

test('the pool says who is there, and memory given back is measured by the kernel', async () => {
  const status = await answer('/backtesting/pool/status');
  expect(status).toMatchObject({ expected: 2, online: 2, allOnline: true, restarts: 0 });
  expect(status.memory).toHaveLength(2);
  expect(status.usefulShare).toBeGreaterThan(0);
  expect(status.usefulShare).toBeLessThanOrEqual(1.05);
  expect(status.mirror.entries).toBeGreaterThan(0);
  const report = await answer('/backtesting/gc', {});
  expect(report.workersCollected).toBe(2);
  expect(report.setupsClosed).toBeGreaterThan(0);
  expect(report.residentBytesBefore).toBeGreaterThan(50e6);
  expect(report.residentBytesAfter).toBeLessThan(report.residentBytesBefore + 20e6);
  expect(await answer('/backtesting/pool/status')).toMatchObject({ setupsOpen: 0, allOnline: true });
});

test('kept answers are marked, and are those of the same candles, request and result only', async () => {
  const sweep = { strategy: 'sma-cross', data: KEY, parameters: { fast: '5..15:5', slow: [20, 40] } };
  const first = await answer('/api/backtests', sweep);
  const again = await answer('/api/backtests', { ...sweep, maxThreads: 1 });
  expect(first.cached).toBeUndefined();
  expect(again).toEqual({ ...first, cached: true });
  const other = await answer('/api/backtests', { ...sweep, parameters: { fast: 5, slow: 20 } });
  expect(other.cached).toBeUndefined();
  await ask(`/api/results/${first.resultId}`, undefined, { method: 'DELETE' });
  expect((await answer('/api/backtests', sweep)).cached).toBeUndefined();
});

test('candles that the store has changed are served anew, with what was added', async () => {
  const run = { kind: 'run', strategy: 'sma-cross', data: KEY, parameters: { fast: 5, slow: 20 } };
  const before = await answer('/api/backtests', run);
  const hash = store(market);
  // A computation sees what is stored, also while the mirror is behind.
  const after = await answer('/api/backtests', run);
  expect(after.cached).toBeUndefined();
  expect(after.run.bars).toBe(30_000);
  expect(after.run.dataHash).not.toBe(before.run.dataHash);
  const report = await answer('/backtesting/pool/refresh-mirror', {});
  expect(report.changed).toHaveLength(1);
  expect(report.changed[0]).toMatchObject({ key: KEY, rowsAdded: 10_000, rowsAfter: 30_000, hashAfter: hash });
  const { candles, results } = await answer('/backtesting/batch-run-turbo', asked);
  expect(candles).toMatchObject({ bars: 30_000, contentHash: hash });
  expect(results[0].metrics.totalReturn).toBeCloseTo(after.run.metrics.totalReturn, 9);
});

test('measures are well-formed lines about requests, pool, candles and answers', async () => {
  const response = await ask('/metrics');
  expect(response.headers.get('content-type')).toContain('text/plain');
  const text = await response.text();
  readPrometheus(text);
  const lines = text.trimEnd().split('\n');
  const value = (start: string): number =>
    Number(
      lines
        .find((line) => line.startsWith(start))
        ?.split(' ')
        .at(-1),
    );
  const label = 'method="POST",route="/backtesting/batch-run-turbo",status="200"';
  expect(value(`gridmill_http_request_seconds_count{${label}}`)).toBeGreaterThan(3);
  expect(value('gridmill_pool_workers{state="online"}')).toBe(2);
  expect(value('gridmill_mirror_hits_total')).toBeGreaterThan(0);
  expect(value('gridmill_cache_lookups_total{result="hit"}')).toBeGreaterThan(0);
  expect(value('gridmill_resident_bytes')).toBeGreaterThan(50e6);
  expect(value('gridmill_event_loop_lag_seconds{quantile="1"}')).toBeGreaterThan(0);
});

test('a study that does not fit beside the service is refused with the sum of both', async () => {
  const args = ['optimize', 'sma-cross', '--data', KEY, '--iter', '10', '--memory', '100000GB'];
  const { exitCode, stderr } = await place.run(...args);
  expect(exitCode).toBe(5);
  expect(stderr).toMatch(/wanted \+ 2,\d{3} MB for gridmill serve \(process \d+\) = .* MB, and the machine has/);
});

test('studies of this store are listed and shown', async () => {
  const { exitCode, stderr } = await place.run(
    'optimize',
    'sma-cross',
    '--data',
    KEY,
    '--iter',
    '5',
    '--study',
    'mine',
  );
  expect(exitCode, stderr).toBe(0);
  // The study that was refused is there too, without a state.
  const { total, studies } = await answer('/api/studies');
  expect(total).toBeGreaterThan(0);
  expect(studies[0]).toMatchObject({ name: 'mine', strategy: 'sma-cross', state: { status: 'finished', done: 5 } });
  expect((await answer('/api/studies/mine')).state.study.rows.length).toBeGreaterThan(0);
  expect((await ask('/api/studies/absent')).status).toBe(404);
});

test('the log has none of its secrets and no bugs', () => {
  expect(log).not.toContain(TOKEN);
  expect(log).not.toContain('"bug"');
});

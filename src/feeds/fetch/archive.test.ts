// Archives come whole, checked and once, whatever the network does on the way.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { createStopSource } from '../../core/cancel.ts';
import { createFakeClock } from '../../core/clock.ts';
import { isAppError } from '../../core/errors.ts';
import { sha256Hex } from '../../core/hash.ts';
import { parseTimeframe } from '../../market/timeframe.ts';
import { type ArchiveDeps, fetchArchive } from './archive.ts';
import { type ArchiveRequest, planArchive } from './archive-plan.ts';
import { createFolderCache, createMemoryCache } from './fetch-cache.ts';
import { createGuardedFetch, type HttpAnswer, type HttpFetch } from './guarded-fetch.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2025, 2, 3, 12);
const request: ArchiveRequest = {
  exchange: 'binance',
  market: 'spot',
  symbol: 'BTCUSDT',
  timeframe: parseTimeframe('1h'),
  fromMs: Date.UTC(2024, 11, 15),
  toMs: NOW,
};

/** A month or day of hourly candles as the exchange packs them: microseconds from 2025 on, 12 columns, no header. */
function archiveOf(period: string): Uint8Array {
  const start = Date.parse(`${period.length === 7 ? `${period}-01` : period}T00:00Z`);
  const date = new Date(start);
  const end = period.length === 7 ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) : start + 24 * HOUR;
  const scale = start >= Date.UTC(2025, 0, 1) ? 1_000 : 1;
  let text = '';
  for (let t = start; t < end; t += HOUR) {
    text += `${t * scale},1.00000000,2.00000000,0.50000000,1.50000000,${(t / HOUR) % 100}.00000000,${(t + HOUR) * scale - 1},0,1,0,0,0\n`;
  }
  return zipSync({ [`BTCUSDT-1h-${period}.csv`]: strToU8(text) });
}

const answer = (status: number, body: Uint8Array | string, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers: { get: (name) => headers[name] ?? null },
  body: (async function* () {
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
  })(),
});

/** The exchange: publishes whole months up to January 2025 and days up to yesterday. */
function exchange(
  published = (period: string): boolean => (period.length === 7 ? period < '2025-02' : period < '2025-03-03'),
) {
  const asked: string[] = [];
  const fetch: HttpFetch = async (url) => {
    asked.push(url);
    const period = /1h-([\d-]+)\.zip/.exec(url)![1]!;
    if (!published(period)) return answer(404, '<Error/>');
    const zip = archiveOf(period);
    return answer(200, url.endsWith('.CHECKSUM') ? `${sha256Hex(zip)}  BTCUSDT-1h-${period}.zip\n` : zip);
  };
  return { asked, fetch };
}

const depsOf = (fetch: HttpFetch, more: Partial<ArchiveDeps> = {}): ArchiveDeps & { slept: number[] } => {
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
  };
  return { fetch, cache: createMemoryCache(), clock: createFakeClock(NOW), sleep, slept, ...more };
};
const failing = async (work: Promise<unknown>): Promise<{ code: string; found: string }> => {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (!isAppError(error)) return expect.fail(`accepted or untyped: ${String(error)}`);
  return { code: error.code, found: error.found };
};

describe('the plan', () => {
  test('takes whole months, then days up to yesterday', () => {
    const plan = planArchive(request, NOW);
    expect(plan.map(({ period }) => period)).toEqual(['2024-12', '2025-01', '2025-02', '2025-03-01', '2025-03-02']);
    expect(plan[0]!.url).toBe('https://data.binance.vision/data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-12.zip');
    expect(plan[4]!.url).toBe(
      'https://data.binance.vision/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2025-03-02.zip',
    );
    expect(plan.map(({ days }) => days.length)).toEqual([0, 31, 28, 0, 0]);
    expect(planArchive({ ...request, market: 'usdm' }, NOW)[0]!.url).toContain('/data/futures/um/monthly/klines/');
  });

  test('ends with the window and starts with its month', () => {
    const toMs = Date.UTC(2025, 0, 1);
    expect(planArchive({ ...request, toMs }, NOW).map(({ period }) => period)).toEqual(['2024-12']);
    const fromMs = Date.UTC(2025, 2, 2, 5);
    expect(planArchive({ ...request, fromMs }, NOW).map(({ period }) => period)).toEqual(['2025-03-02']);
  });

  test('refuses what is no symbol, timeframe, market, exchange or window', () => {
    const refused: [Partial<Record<keyof ArchiveRequest, unknown>>, string][] = [
      [{ symbol: '../../etc' }, 'REQUEST_INVALID'],
      [{ symbol: 'BTC/USDT' }, 'REQUEST_INVALID'],
      [{ symbol: 'btcusdt' }, 'REQUEST_INVALID'],
      [{ timeframe: '7m' }, 'REQUEST_INVALID'],
      [{ market: '__proto__' }, 'REQUEST_INVALID'],
      [{ exchange: 'nowhere' }, 'FETCH_FORBIDDEN'],
      [{ fromMs: NOW, toMs: NOW }, 'REQUEST_INVALID'],
      [{ fromMs: Number.NaN }, 'REQUEST_INVALID'],
      [{ fromMs: 0 }, 'REQUEST_INVALID'],
    ];
    for (const [change, code] of refused) {
      expect(() => planArchive({ ...request, ...change } as ArchiveRequest, NOW), JSON.stringify(change)).toThrow(
        expect.objectContaining({ code }),
      );
    }
  });
});

describe('a download', () => {
  test('joins months and days over the switch to microseconds, and cuts the window', async () => {
    const { fetch } = exchange();
    const { columns, files, missing, notes } = await fetchArchive(request, depsOf(fetch));
    const bars = (Date.UTC(2025, 2, 3) - request.fromMs) / HOUR;
    expect(columns.time).toEqual(Float64Array.from({ length: bars }, (_, bar) => request.fromMs + bar * HOUR));
    expect(columns.volume[5]).toBe((columns.time[5]! / HOUR) % 100);
    // February is not yet published as a month and comes as 28 days.
    expect(files.length).toBe(2 + 28 + 2);
    expect([missing, notes]).toEqual([[], ['No header: columns read as time, open, high, low, close, volume.']]);
  });

  test('fetches nothing again that is in the cache, and everything that is spoiled there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gridmill-archive-'));
    try {
      const cache = createFolderCache(join(folder, 'new'));
      const first = exchange();
      const whole = await fetchArchive(request, depsOf(first.fetch, { cache }));
      expect(readdirSync(join(folder, 'new')).length).toBe(64);
      const second = exchange();
      const again = await fetchArchive(request, depsOf(second.fetch, { cache }));
      expect(again.columns).toEqual(whole.columns);
      expect(second.asked, 'only what was not published is asked for').toEqual([
        'https://data.binance.vision/data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2025-02.zip.CHECKSUM',
      ]);
      await cache.write('binance-spot-BTCUSDT-1h-2024-12.zip', Buffer.from('spoiled'));
      const third = exchange();
      expect((await fetchArchive(request, depsOf(third.fetch, { cache }))).columns).toEqual(whole.columns);
      expect(third.asked.filter((url) => url.includes('2024-12')).length).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('names what the exchange has not published', async () => {
    const { fetch } = exchange((period) => period === '2025-01');
    const { missing, columns, notes } = await fetchArchive(request, depsOf(fetch));
    expect(columns.time.length).toBe(31 * 24);
    expect(missing.slice(0, 2)).toEqual(['2024-12', '2025-02-01']);
    expect(notes[1]).toBe('Not published by the exchange: 2024-12, 2025-02-01, 2025-02-02 ... 2025-03-02 (31 in all).');
  });

  test('tries again after trouble, with growing waits, and keeps to a wait that is asked for', async () => {
    const { fetch } = exchange();
    let calls = 0;
    const trouble: Record<number, () => HttpAnswer | never> = {
      3: () => answer(503, ''),
      4: () => answer(429, '', { 'retry-after': '7' }),
      6: () => {
        throw new Error('ECONNRESET');
      },
    };
    const deps = depsOf(async (url, options) => trouble[++calls]?.() ?? fetch(url, options));
    expect((await fetchArchive({ ...request, toMs: Date.UTC(2025, 1, 1) }, deps)).files.length).toBe(2);
    expect(deps.slept).toEqual([1_000, 7_000, 1_000]);
  });

  test('gives up after three attempts, and keeps what it has', async () => {
    const { fetch } = exchange();
    const cache = createMemoryCache();
    const deps = depsOf(async (url, options) => (url.includes('2025-01') ? answer(500, '') : fetch(url, options)), {
      cache,
    });
    expect(await failing(fetchArchive(request, deps))).toEqual({
      code: 'FETCH_FAILED',
      found: expect.stringContaining('status 500'),
    });
    expect(deps.slept).toEqual([1_000, 2_000]);
    expect([...cache.entries.keys()]).toEqual([
      'binance-spot-BTCUSDT-1h-2024-12.zip',
      'binance-spot-BTCUSDT-1h-2024-12.zip.CHECKSUM',
    ]);
  });

  test('refuses a wrong checksum, an HTML page with status 200, and a cut answer', async () => {
    const honest = exchange();
    const instead =
      (make: (url: string) => HttpAnswer | undefined): HttpFetch =>
      async (url, options) =>
        (url.endsWith('.zip') ? make(url) : undefined) ?? honest.fetch(url, options);
    const html = instead(() => answer(200, '<html>blocked</html>'));
    expect(await failing(fetchArchive(request, depsOf(html)))).toEqual({
      code: 'FETCH_FAILED',
      found: expect.stringMatching(/has SHA-256 [0-9a-f]{64} where [0-9a-f]{64} is published/),
    });
    const cut = instead(() => answer(200, 'abc', { 'content-length': '1000' }));
    expect((await failing(fetchArchive(request, depsOf(cut)))).found).toContain('ends after 3 of 1000 bytes');
    const noSum: HttpFetch = async () => answer(200, 'no hash here');
    expect((await failing(fetchArchive(request, depsOf(noSum)))).found).toContain('where no checksum is published');
    const empty = zipSync({ 'x.csv': strToU8('') });
    const hollow: HttpFetch = async (url) => answer(200, url.endsWith('.zip') ? empty : sha256Hex(empty));
    expect((await failing(fetchArchive(request, depsOf(hollow)))).found).toContain('the file is empty');
  });

  test('stops at the limit of size, declared or not', async () => {
    for (const headers of [{ 'content-length': '5000' }, {}]) {
      const large: HttpFetch = async () => answer(200, Buffer.alloc(5_000), headers as Record<string, string>);
      expect((await failing(fetchArchive(request, depsOf(large, { bytesMax: 4_999 })))).code).toBe('LIMIT_EXCEEDED');
    }
  });

  test('does not try again what is forbidden', async () => {
    const deps = depsOf(async () => answer(451, ''));
    expect(await failing(fetchArchive(request, deps))).toEqual({
      code: 'FETCH_FORBIDDEN',
      found: expect.stringContaining('status 451'),
    });
    expect(deps.slept).toEqual([]);
  });

  test('fails at once when the machine is offline or the host is silent', async () => {
    const offline = createGuardedFetch({
      hosts: ['data.binance.vision'],
      resolve: async () => {
        throw new Error('getaddrinfo ENOTFOUND data.binance.vision');
      },
    });
    const deps = depsOf(offline);
    expect((await failing(fetchArchive(request, deps))).found).toMatch(/does not resolve .*ENOTFOUND/);
    expect(deps.slept).toEqual([]);
    const started = performance.now();
    const silent: HttpFetch = () => new Promise(() => undefined);
    const failure = await failing(fetchArchive(request, depsOf(silent, { firstByteMs: 50 })));
    expect(failure).toEqual({ code: 'FETCH_FAILED', found: expect.stringContaining('no first byte within 50 ms') });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test('gives up on a body that stalls', async () => {
    const stalling: HttpFetch = async () => ({
      ...answer(200, ''),
      body: (async function* () {
        yield Buffer.from('x');
        await new Promise(() => undefined);
      })(),
    });
    const deps = depsOf(stalling, { idleMs: 30 });
    expect((await failing(fetchArchive(request, deps))).found).toContain('no byte for 30 ms');
    expect(deps.slept.length).toBe(2);
  });

  test('stops between files when cancelled', async () => {
    const clock = createFakeClock(NOW);
    const stop = createStopSource(clock);
    const { fetch, asked } = exchange();
    const deps = depsOf(fetch, { stop, onFile: () => stop.cancel() });
    expect((await failing(fetchArchive(request, deps))).code).toBe('CANCELLED');
    expect(asked.length).toBe(2);
  });
});

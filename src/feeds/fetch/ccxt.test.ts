// Candles come through the real download process from stand-in exchanges: test/fixtures/feeds/fake-ccxt.mjs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStopSource } from '../../core/cancel.ts';
import { createFakeClock } from '../../core/clock.ts';
import { isAppError } from '../../core/errors.ts';
import { parseTimeframe } from '../../market/timeframe.ts';
import { type CcxtDeps, type CcxtRequest, fetchCcxt } from './ccxt.ts';
import { createMemoryCache } from './fetch-cache.ts';

const MINUTE = 60_000;
const LISTED = Date.UTC(2024, 0, 1);
/** The clock of the exchanges: in the middle of minute 2,500. */
const EXCHANGE_NOW = LISTED + 2_500 * MINUTE + 30_000;
const fake = join(import.meta.dirname, '../../../test/fixtures/feeds/fake-ccxt.mjs');
const folder = mkdtempSync(join(tmpdir(), 'gridmill-ccxt-'));
const childEntry = join(folder, 'ccxt-child.mjs');

beforeAll(async () => {
  const entry = join(import.meta.dirname, 'ccxt-child.ts');
  await build({
    entryPoints: [entry],
    outfile: childEntry,
    platform: 'node',
    format: 'esm',
    bundle: true,
    logLevel: 'silent',
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const requestOf = (exchange: string, more: Partial<CcxtRequest> = {}): CcxtRequest => ({
  exchange,
  symbol: 'BTC/USDT',
  timeframe: parseTimeframe('1m'),
  fromMs: LISTED - 700 * MINUTE,
  toMs: LISTED + 10_000 * MINUTE,
  ...more,
});
const depsOf = (more: Partial<CcxtDeps> = {}): CcxtDeps & { cache: ReturnType<typeof createMemoryCache> } => ({
  clock: createFakeClock(EXCHANGE_NOW + 1_000),
  module: fake,
  childEntry,
  retryMs: 1,
  ...more,
  cache: (more.cache as ReturnType<typeof createMemoryCache> | undefined) ?? createMemoryCache(),
});
const failing = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  if (!isAppError(error)) return expect.fail(`accepted or untyped: ${String(error)}`);
  return { code: error.code, message: error.message };
};

describe('a download', () => {
  test('gives every closed candle from the listing on, and not the running one', async () => {
    const { columns, notes, pagesFetched } = await fetchCcxt(requestOf('steady'), depsOf());
    expect(columns.time).toEqual(Float64Array.from({ length: 2_500 }, (_, bar) => LISTED + bar * MINUTE));
    expect(columns.close[7]).toBe(columns.open[7]! + 0.5);
    expect(columns.volume[7]).toBe(columns.time[7]! % 7 === 0 ? 0 : 3);
    expect(notes).toEqual([]);
    expect(pagesFetched).toBeGreaterThanOrEqual(3);
  });

  test('cuts the window', async () => {
    const window = { fromMs: LISTED + 10 * MINUTE, toMs: LISTED + 20 * MINUTE };
    const { columns } = await fetchCcxt(requestOf('steady', window), depsOf());
    expect([columns.time.length, columns.time[0]]).toEqual([10, window.fromMs]);
  });

  test('rides out network trouble', async () => {
    const { columns } = await fetchCcxt(requestOf('limping'), depsOf());
    expect(columns.time.length).toBe(2_500);
  });

  test('goes on where a broken one ended', async () => {
    const deps = depsOf();
    const request = requestOf('breaking');
    expect((await failing(fetchCcxt(request, deps))).code).toBe('FETCH_FAILED');
    const kept = [...deps.cache.entries.keys()];
    expect(kept.length).toBeGreaterThanOrEqual(1);
    // The same pages under the name of an exchange that does not break.
    const mended = createMemoryCache();
    for (const [name, bytes] of deps.cache.entries) await mended.write(name.replace('breaking', 'steady'), bytes);
    const whole = await fetchCcxt(requestOf('steady'), depsOf({ cache: mended }));
    expect([whole.columns.time.length, whole.pagesCached]).toEqual([2_500, kept.length]);
    const again = await fetchCcxt(requestOf('steady'), depsOf({ cache: mended }));
    expect(again.pagesFetched, 'empty and open pages are asked for again').toBeLessThan(
      whole.pagesFetched + whole.pagesCached,
    );
    expect(again.columns).toEqual(whole.columns);
  });

  test('a spoiled cache entry is fetched again', async () => {
    const deps = depsOf();
    const whole = await fetchCcxt(requestOf('steady'), deps);
    for (const name of deps.cache.entries.keys()) deps.cache.entries.set(name, Buffer.from('[[1,2,3]]'));
    expect((await fetchCcxt(requestOf('steady'), deps)).columns).toEqual(whole.columns);
  });

  test('a wrong clock is told, and closed is what the exchange calls closed', async () => {
    const ahead = await fetchCcxt(requestOf('steady'), depsOf({ clock: createFakeClock(EXCHANGE_NOW + 90_000) }));
    expect(ahead.notes).toEqual(['The clock of this machine is 90.0 s ahead of the exchange.']);
    expect(ahead.columns.time.length).toBe(2_500);
    const behind = await fetchCcxt(requestOf('steady'), depsOf({ clock: createFakeClock(EXCHANGE_NOW - 90_000) }));
    expect(behind.notes).toEqual(['The clock of this machine is 90.0 s behind the exchange.']);
    const without = await fetchCcxt(requestOf('clockless'), depsOf());
    expect(without.notes[0]).toContain('does not tell its time');
    expect(without.columns.time.length).toBe(2_500);
  });
});

describe('refusals', () => {
  test('without ccxt it says what to install', async () => {
    const failure = await failing(fetchCcxt(requestOf('steady'), depsOf({ module: 'a-package-that-is-not-there' })));
    expect(failure.code).toBe('DEPENDENCY_MISSING');
    expect(failure.message).toContain('npm install ccxt');
  });

  test.each<[name: string, request: CcxtRequest, code: string, message: RegExp]>([
    ['an unknown exchange', requestOf('nowhere'), 'FETCH_FORBIDDEN', /nowhere is none of 8 exchanges/],
    ['a member of the library that is no exchange', requestOf('version'), 'FETCH_FORBIDDEN', /version is none/],
    [
      'an unknown symbol',
      requestOf('steady', { symbol: 'BTC/USD' }),
      'REQUEST_INVALID',
      /similar ones are BTC\/USDT, BTC\/EUR/,
    ],
    ['an unknown timeframe', requestOf('steady', { timeframe: parseTimeframe('5m') }), 'REQUEST_INVALID', /has 1m, 1h/],
    ['a path as exchange', requestOf('../x'), 'REQUEST_INVALID', /exchange/],
    ['candles out of order', requestOf('garbled'), 'FETCH_FAILED', /out of order/],
    ['a process that dies', requestOf('dying'), 'FETCH_FAILED', /ended early/],
    ['output that is no message', requestOf('chatty'), 'FETCH_FAILED', /wrote "not json"/],
  ])('%s', async (_, request, code, message) => {
    const failure = await failing(fetchCcxt(request, depsOf()));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  test('a silent exchange is given up on in time', async () => {
    const started = performance.now();
    const failure = await failing(fetchCcxt(requestOf('silent'), depsOf({ firstAnswerMs: 100 })));
    expect(failure).toEqual({
      code: 'FETCH_FAILED',
      message: expect.stringContaining('more than 100 ms for its first answer'),
    });
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  test('a cancelled download ends its process', async () => {
    const stop = createStopSource(createFakeClock());
    setTimeout(() => stop.cancel(), 300);
    expect((await failing(fetchCcxt(requestOf('silent'), depsOf({ stop })))).code).toBe('CANCELLED');
  });
});

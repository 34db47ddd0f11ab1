// Sweeps on real threads: the same result as in the calling thread, for any number of workers and any batch size.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { createStopSource } from '../../src/core/cancel.ts';
import { AppError } from '../../src/core/errors.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { createPoolScorer } from '../../src/pool/pool-scorer.ts';
import { type Axis, choice, range } from '../../src/strategy/parameters.ts';
import type { ScoredRow } from '../../src/sweep/request.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { createWindow } from '../../src/sweep/window.ts';
import { testCandles, testClock, testHost, testRequest } from '../synthetic-request.ts';
import { poolHost, strategyFile, sweep, temporaryFolder } from './pool-fixtures.ts';

const candles = testCandles(3000, 5);
const folder = temporaryFolder();
afterAll(folder.remove);

const small: Readonly<Record<string, Readonly<Record<string, Axis>>>> = {
  'sma-cross': { fast: range(3, 9, 2), slow: range(10, 40, 5) },
  'ema-cross': { fast: range(3, 9, 2), slow: range(10, 40, 5) },
  'rsi-reversion': { length: choice(7, 14, 21), low: choice(25, 30, 40), high: choice(60, 70) },
  bollinger: { length: choice(10, 20, 30), width: choice(1, 2, 3) },
  macd: { fast: choice(6, 12), slow: choice(20, 26), signal: choice(5, 9) },
  donchian: { length: choice(20, 40, 60), exitLength: choice(10, 20) },
  supertrend: { length: choice(7, 14, 21), multiplier: choice(1, 2, 3) },
  'trend-filter': { fast: choice(5, 8), slow: choice(20, 30), trend: choice(3, 6) },
  'sma-bracket': { fast: choice(5, 8), slow: choice(20, 30), stop: choice(1.5, 3), target: choice(2, 4) },
};
const risk = { stopLoss: choice(0, 0.004, 0.01), takeProfit: choice(0, 0.008), timeLimit: choice(0, 60) };

const OWN_STRATEGY = `
import { and, close, customColumn, crossAbove, crossBelow, defineStrategy, gt, high, low, on, range, sma } from 'gridmill';
const middle = customColumn('middle', [high, low], [], ([h, l]) => h.map((value, i) => (value + l[i]) / 2));
export default defineStrategy({
  name: 'own-columns',
  parameters: { length: range(5, 30, 5), hours: range(2, 6) },
  constraint: (p) => p.length > p.hours,
  signals: (p) => ({
    enterLong: and(crossAbove(close, sma(middle, p.length)), gt(close, sma(on('1h').close, p.hours))),
    exitLong: crossBelow(close, sma(middle, p.length)),
  }),
  risk: { stopLoss: range(0.005, 0.01, 0.005), trailingStop: range(0, 0.01, 0.005) },
});`;

const OWN_FUNCTION = `
import { defineStrategy, range, type SignalCandles } from 'gridmill';
const shared = (candles: SignalCandles) => candles.close.buffer instanceof SharedArrayBuffer;
let calls = 0;
export default defineStrategy({
  name: 'own-function',
  parameters: { bars: range(2, 20) },
  compute(candles, { bars }) {
    calls++;
    const out = new Int8Array(candles.barCount);
    const hour = candles.higher('1h').close;
    for (let i = bars; i < out.length; i++) {
      out[i] = candles.close[i] > candles.close[i - bars] ? 1 : candles.close[i] < hour[i] ? -1 : 0;
    }
    return out;
  },
});`;

describe('one result for any number of workers and any batch size', () => {
  test.each(Object.keys(small))('%s, with barriers', async (name) => {
    const request = testRequest(name, { parameters: small[name]!, risk, direction: 'both' });
    const { hash, outcome } = await sweep(request, candles);
    expect(outcome.scored).toBeGreaterThan(20);
    const batchSize = { batchSize: 1 + (name.length % 5) };
    expect((await sweep(request, candles, { workers: 2 })).hash).toBe(hash);
    expect((await sweep(request, candles, { workers: 3 }, batchSize)).hash).toBe(hash);
  });

  test.each(['close', 'next-open', 'vectorbt', 'freqtrade', 'backtesting.py'] as const)(
    'profile %s',
    async (profile) => {
      const direction = profile === 'freqtrade' ? 'long' : 'both';
      const request = testRequest('sma-cross', { parameters: small['sma-cross']!, profile, direction });
      const { hash } = await sweep(request, candles);
      expect((await sweep(request, candles, { workers: 2 })).hash).toBe(hash);
    },
  );

  test('1, 2, 3 and 4 workers, batches of 1, 2, 7, 1000 and learnt ones, ample and no room for columns', async () => {
    const request = testRequest('sma-cross', { parameters: small['sma-cross']!, risk, preselect: 0 });
    const { hash, outcome } = await sweep(request, candles);
    for (const workers of [1, 2, 3, 4]) {
      for (const batchSize of [1, 2, 7, 1000, undefined]) {
        const columnBytesMax = batchSize === 7 ? 1 : undefined;
        const scored = await sweep(request, candles, { workers }, { batchSize, columnBytesMax });
        expect(scored.hash, `${workers} workers, batches of ${batchSize}`).toBe(hash);
        expect(scored.outcome.top).toEqual(outcome.top);
        expect(scored.outcome.engine).toEqual(outcome.engine);
      }
    }
  });

  test('on the normative engine where the fast one would serve', async () => {
    const engine = 'normative';
    const request = testRequest('sma-cross', { parameters: small['sma-cross']!, risk });
    const { hash } = await sweep(request, candles, undefined, { engine });
    for (const batchSize of [1, 5]) {
      const scored = await sweep(request, candles, { workers: 3 }, { engine, batchSize });
      expect(scored.hash).toBe(hash);
      expect(scored.outcome.engine.name).toBe('normative');
    }
  });

  test('random search, and windows that begin inside the candles', async () => {
    const request = testRequest('ema-cross', { parameters: small['ema-cross']!, sample: 20, seed: 9 });
    for (const coldStart of [false, true]) {
      const window = createWindow(candles, { fromMs: candles.time[700], toMs: candles.time[2500], coldStart });
      const expected = resultHash('test', request, window, await runSweep(request, testHost(candles, { window })));
      const outcome = await runSweep(request, testHost(candles, { window, ...poolHost(request, { workers: 3 }) }));
      expect(resultHash('test', request, window, outcome)).toBe(expected);
    }
  });

  test('a strategy file with its own columns, a higher timeframe and its own barriers', async () => {
    const { strategyRef, ...own } = await strategyFile(folder.path, 'own-columns', OWN_STRATEGY);
    const request = { ...testRequest('sma-cross'), ...own };
    const { hash, outcome } = await sweep(request, candles);
    expect(outcome.top[0]!.metrics.trades).toBeGreaterThan(5);
    for (const workers of [2, 4]) expect((await sweep(request, candles, { workers, strategyRef })).hash).toBe(hash);
  });

  test('a strategy file with a function', async () => {
    const { strategyRef, ...own } = await strategyFile(folder.path, 'own-function', OWN_FUNCTION);
    const request = { ...testRequest('sma-cross'), ...own, direction: 'both' as const };
    const { hash, outcome } = await sweep(request, candles);
    expect(outcome.top[0]!.metrics.trades).toBeGreaterThan(5);
    for (const workers of [2, 4]) {
      expect((await sweep(request, candles, { workers, strategyRef }, { batchSize: 2 })).hash).toBe(hash);
    }
  });

  test('rows stream in grid order', async () => {
    const request = testRequest('sma-cross', { parameters: small['sma-cross']! });
    const stream = async (workers: number) => {
      const rows: ScoredRow[] = [];
      await sweep(request, candles, { workers }, { batchSize: 1, onRow: (row) => void rows.push(row) });
      return rows;
    };
    expect(await stream(4)).toEqual(await stream(1));
  });

  test('threads read the candles in shared memory', async () => {
    const source = OWN_FUNCTION.replace('const out =', 'if (!shared(candles)) throw new Error("copied");\nconst out =');
    const { strategyRef, ...own } = await strategyFile(folder.path, 'own-shared', source);
    const request = { ...testRequest('sma-cross'), ...own };
    const { outcome } = await sweep(request, candles, { workers: 2, strategyRef });
    expect(outcome.scored).toBe(19);
    // The calling thread's own candles are ordinary memory here, so the check can fail.
    await expect(sweep(request, candles)).rejects.toThrow('copied');
  });
});

describe('what the user is told', () => {
  const thrown = async (run: Promise<unknown>): Promise<AppError> => {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AppError);
    return error as AppError;
  };

  test.each([
    ['throws an error', 'throw new RangeError("no " + bars)'],
    ['throws a text', 'throw "no " + bars'],
    ['recurses for ever', 'const f = (): number => f() + 1; f()'],
    ['returns nothing', 'return undefined as never'],
    ['returns a 2', 'return new Int8Array(candles.barCount).fill(2)'],
    ['returns too few bars', 'return new Int8Array(3)'],
  ])('a strategy that %s fails the same way as in the calling thread', async (title, statement) => {
    const name = `own-${title.replaceAll(' ', '-')}`;
    const source = OWN_FUNCTION.replace('calls++', `if (bars >= 11) { ${statement}; }`);
    const { strategyRef, ...own } = await strategyFile(folder.path, name, source);
    const request = { ...testRequest('sma-cross'), ...own };
    const expected = await thrown(sweep(request, candles));
    const found = await thrown(sweep(request, candles, { workers: 2, strategyRef }, { batchSize: 3 }));
    expect(expected.code).toBe('STRATEGY_FAILED');
    const { code, todo, message, exitCode } = expected;
    expect(found).toMatchObject({ code, found: expected.found, todo, message, exitCode });
    if (expected.cause instanceof Error) {
      expect(found.cause).toMatchObject({ name: expected.cause.name, message: expected.cause.message });
      expect((found.cause as Error).stack).toContain(`${name}.ts:`);
    }
  });

  test('a strategy without a name or file is scored in the calling thread, with a note', async () => {
    const request = testRequest('sma-cross', { parameters: small['sma-cross']! });
    const notes: string[] = [];
    const createScorer = createPoolScorer({
      workers: 4,
      strategyRef: undefined,
      onNote: (note) => void notes.push(note),
    });
    const host = testHost(candles, { createScorer, workers: 4, allWorkers: true });
    const outcome = await runSweep(request, host);
    expect(resultHash('test', request, host.window, outcome)).toBe((await sweep(request, candles)).hash);
    expect(notes).toEqual([expect.stringContaining('one thread scores it')]);
  });

  test('a reference to another strategy is refused, not scored', async () => {
    const request = testRequest('sma-cross', { parameters: small['sma-cross']! });
    const error = await thrown(sweep(request, candles, { workers: 2, strategyRef: { builtIn: 'ema-cross' } }));
    expect(error.found).toBe('ema-cross in place of sma-cross.');
    expect((await thrown(sweep(request, candles, { workers: 2, strategyRef: { builtIn: 'x' } }))).found).toContain(
      'none',
    );
  });

  test('a strategy file that is not the same in each thread is refused', async () => {
    const source = OWN_STRATEGY.replace(
      'export default',
      "import { isMainThread } from 'node:worker_threads';\nexport default",
    )
      .replace('p.length)), gt', 'isMainThread ? p.length : 9)), gt')
      .replace('own-columns', 'own-changing');
    const { strategyRef, ...own } = await strategyFile(folder.path, 'own-changing', source);
    const request = { ...testRequest('sma-cross'), ...own };
    await sweep(request, candles);
    const error = await thrown(sweep(request, candles, { workers: 2, strategyRef }));
    expect(error.found).toBe('another own-changing in place of own-changing.');
  });

  test.each([0, -1, 1.5, Number.NaN, LIMITS.workersMax + 1])('%d workers are refused', (workers) => {
    const create = () => createPoolScorer({ workers, strategyRef: undefined, onNote: () => undefined });
    expect(create).toThrow('--workers must be a whole number');
  });

  test('as many workers as the limit allows may be asked for; only those with work start', async () => {
    const request = testRequest('sma-cross', { parameters: { fast: choice(3), slow: choice(10, 20) } });
    const { hash } = await sweep(request, candles);
    expect((await sweep(request, candles, { workers: LIMITS.workersMax })).hash).toBe(hash);
  });
});

describe('stopping', () => {
  test('a cancel in mid-sweep keeps the rows scored so far and ends within a second', async () => {
    const stop = createStopSource(testClock);
    const request = testRequest('sma-cross', { parameters: { fast: range(2, 60), slow: range(61, 400) } });
    let cancelledAt = 0;
    const onProgress = ({ scored }: { readonly scored: number }): void => {
      if (scored < 300 || cancelledAt > 0) return;
      cancelledAt = testClock.monotonicMs();
      stop.cancel();
    };
    const { outcome } = await sweep(request, testCandles(20_000), { workers: 2 }, { stop, onProgress });
    expect(testClock.monotonicMs() - cancelledAt).toBeLessThan(1000);
    expect(outcome.stopped).toBe('cancelled');
    expect(outcome.scored).toBeGreaterThanOrEqual(300);
    expect(outcome.scored).toBeLessThan(outcome.variants);
  });

  const STOP_MS = 900;

  test.each(['cancelled', 'deadline'] as const)(
    '%s in the middle of a long batch ends within 500 ms',
    async (reason) => {
      // Batches take hundreds of milliseconds; on an idle machine threads are through within 50 ms.
      const stop = createStopSource(testClock, reason === 'deadline' ? 1200 : undefined);
      const request = testRequest('sma-cross', {
        parameters: { fast: range(2, 65), slow: range(70, 133) },
        direction: 'both',
      });
      const long = testCandles(400_000);
      let cancelledAt = Number.NaN;
      const begun = testClock.monotonicMs();
      if (reason === 'cancelled') {
        setTimeout(() => {
          cancelledAt = testClock.monotonicMs();
          stop.cancel();
        }, 1200);
      }
      const { outcome } = await sweep(request, long, { workers: 2 }, { stop, batchSize: 2048 });
      const endedAt = testClock.monotonicMs();
      expect(outcome.stopped).toBe(reason);
      expect(outcome.scored).toBeLessThan(outcome.variants);
      expect(endedAt - (reason === 'cancelled' ? cancelledAt : begun + STOP_MS)).toBeLessThan(500);
    },
  );

  test('the process ends by itself after a sweep, and after one that fails', async () => {
    const dist = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
    const script = (strategyRef: string): string => `
      const { syntheticCandles, createWindow, profileNamed, BUILT_IN_STRATEGIES, runSweep, NEVER_STOP } = await import(${JSON.stringify(dist('index.js'))});
      const { createPoolScorer } = await import(${JSON.stringify(dist('pool/pool-scorer.js'))});
      const candles = syntheticCandles({ seed: 1, timeframe: '1h', barCount: 2000, startTime: 0, startPrice: 100 });
      const profile = profileNamed('close');
      const request = { strategy: BUILT_IN_STRATEGIES.macd, strategyHash: 'built-in', ...profile.defaults, calendar: 'continuous', rank: 'sharpe', top: 3, preselect: 0, seed: 1, profile };
      const createScorer = createPoolScorer({ workers: 3, strategyRef: { builtIn: ${JSON.stringify(strategyRef)} }, onNote: console.log });
      const clock = { monotonicMs: () => performance.now(), wallMs: () => 0 };
      await runSweep(request, { window: createWindow(candles), stop: NEVER_STOP, clock, workers: 3, allWorkers: true, createScorer }).then(
        (outcome) => console.log('rows', outcome.top.length),
        (error) => console.log('failed', error.code),
      );`;
    const run = (strategyRef: string) =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(strategyRef)], { timeout: 20_000 });
    expect(await run('macd')).toEqual({ stdout: 'rows 3\n', stderr: '' });
    expect(await run('donchian')).toEqual({ stdout: 'failed STRATEGY_FAILED\n', stderr: '' });
  });
});

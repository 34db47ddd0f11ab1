// Real threads that die, hang, run out of memory and talk out of turn, because the strategy they run makes them.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { createStopSource } from '../../src/core/cancel.ts';
import { AppError } from '../../src/core/errors.ts';
import { METRIC_NAMES } from '../../src/metrics/metrics.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { createPoolScorer, type StrategyRef } from '../../src/pool/pool-scorer.ts';
import { createGrid } from '../../src/sweep/grid.ts';
import type { SweepRequest } from '../../src/sweep/request.ts';
import { createWindow } from '../../src/sweep/window.ts';
import { testCandles, testClock, testRequest } from '../synthetic-request.ts';
import { misbehavingStrategy, strategyFile, sweep, temporaryFolder } from './pool-fixtures.ts';

const candles = testCandles(500, 5);
const folder = temporaryFolder();
afterAll(folder.remove);
const VARIANTS = 39;

/** A sound strategy of 39 variants; in scoring threads `misdeed` runs at the start of each variant. */
async function badStrategy(name: string, misdeed: string, atImport = '') {
  const { strategyRef, ...own } = await misbehavingStrategy(folder.path, name, VARIANTS, misdeed, atImport);
  const request: SweepRequest = { ...testRequest('sma-cross', { top: VARIANTS }), ...own };
  // In the calling thread the strategy behaves: this is the result that all the misdeeds must not change.
  const { hash } = await sweep(request, candles);
  return { request, strategyRef, hash };
}

const marks = (name: string): number => readdirSync(folder.path).filter((file) => file.startsWith(`${name}-`)).length;

async function thrown(run: Promise<unknown>): Promise<AppError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

async function createPool(request: SweepRequest, strategyRef: StrategyRef, options: { readonly silenceMs?: number }) {
  const grid = createGrid({ strategy: request.strategy, arithmetic: request.profile.arithmetic });
  const context = {
    strategy: request.strategy,
    execution: request,
    grid,
    window: createWindow(candles),
    cacheBytes: 1e9,
  };
  const onNote = expect.fail;
  const pool = (await createPoolScorer({ workers: 2, strategyRef, onNote, ...options })(context)) as Pool;
  return { pool, score: (...baseIndices: number[]) => pool.score({ stage: 'A', baseIndices }) };
}

const FATAL: readonly (readonly [name: string, misdeed: string, how: string])[] = [
  ['leaves', 'process.exit(3)', 'left with exit code 3'],
  ['leaves-quietly', 'process.exit(0)', 'left with exit code 0'],
  ['loops', 'for (;;);', 'gave no sign of life for 0.5 s'],
  ['waits', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', 'gave no sign of life for 0.5 s'],
  ['hoards', 'const hoard = []; for (;;) hoard.push({ calls, more: [calls++] })', 'ERR_WORKER_OUT_OF_MEMORY'],
];
const LIMITED = { workers: 2, silenceMs: 500, heapMb: 24 };

describe('a strategy that kills its thread', () => {
  test.each(FATAL)('%s once: the batch is retried and the result is the same', async (name, misdeed) => {
    const bad = `once-${name}`;
    const { request, strategyRef, hash } = await badStrategy(bad, `if (bars === 20 && once('')) { ${misdeed}; }`);
    const scored = await sweep(request, candles, { ...LIMITED, strategyRef }, { batchSize: 4 });
    expect(marks(bad)).toBe(1);
    expect(scored.hash).toBe(hash);
    expect(scored.outcome.scored).toBe(VARIANTS);
  });

  test.each(FATAL)('%s always: the sweep fails and names the variants', async (name, misdeed, how) => {
    const bad = `ever-${name}`;
    const { request, strategyRef } = await badStrategy(bad, `if (bars === 20) { ${misdeed}; }`);
    const started = performance.now();
    const error = await thrown(sweep(request, candles, { ...LIMITED, strategyRef }, { batchSize: 4 }));
    expect(performance.now() - started).toBeLessThan(8000);
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toContain(
      `base variants 16 to 19 (${bad}|standard|bars=18 to ${bad}|standard|bars=21) in stage A`,
    );
    expect(error.found).toContain(`at ${bad}|standard|bars=20 a thread`);
    expect(error.message).toContain(how === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : how);
  });

  test('without threads the same strategy takes the whole process with it', async () => {
    const code = `
      const { defineStrategy, choice, createWindow, profileNamed, runSweep, syntheticCandles, NEVER_STOP } = await import(${JSON.stringify(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))});
      const strategy = defineStrategy({ name: 'leaves', parameters: { a: choice(1) }, compute: () => process.exit(3) });
      const profile = profileNamed('close');
      const request = { strategy, strategyHash: '', ...profile.defaults, calendar: 'continuous', rank: 'sharpe', top: 3, preselect: 0, seed: 1, profile };
      const candles = syntheticCandles({ seed: 1, timeframe: '1h', barCount: 200, startTime: 0, startPrice: 100 });
      await runSweep(request, { window: createWindow(candles), stop: NEVER_STOP, clock: { monotonicMs: () => 0, wallMs: () => 0 } }).catch(() => undefined);`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
    await expect(run).rejects.toMatchObject({ code: 3 });
  });

  test.each(['leaves', 'loops'])(
    'after one that %s the pool is at full strength within 2 s of noticing',
    async (name) => {
      const misdeed = FATAL.find(([known]) => known === name)![1];
      const bad = `strength-${name}`;
      const { request, strategyRef } = await badStrategy(bad, `if (bars === 20 && once('')) { ${misdeed}; }`);
      const { pool, score } = await createPool(request, strategyRef, { silenceMs: 500 });
      await Promise.all([score(0), score(1)]);
      expect(pool.strength).toBe(2);
      const started = performance.now();
      await score(18);
      const noticed = name === 'loops' ? 500 : 0;
      expect(performance.now() - started).toBeLessThan(noticed + 2000);
      expect(pool.strength).toBe(2);
      await Promise.all([score(2), score(3), score(4), score(5)]);
      expect(marks(bad)).toBe(1);
      await pool.close();
    },
  );

  test('40 deaths before, in the middle of, and after batches lose nothing and double nothing', async () => {
    const misdeed = `
      if (bars % 3 === 0 && once(bars)) process.exit(1);
      if (bars % 3 === 1 && once(bars)) setImmediate(() => process.exit(1));
      if (bars % 3 === 2 && once(bars)) void Promise.reject(new Error('late'));`;
    const { request, strategyRef, hash } = await badStrategy('dies-often', misdeed);
    const rows: string[] = [];
    const onRow = ({ variantKey }: { readonly variantKey: string }): void => void rows.push(variantKey);
    const scored = await sweep(request, candles, { workers: 3, strategyRef }, { batchSize: 1, onRow });
    expect(scored.hash).toBe(hash);
    expect(new Set(rows).size).toBe(VARIANTS);
    expect(rows).toHaveLength(VARIANTS);
    expect(marks('dies-often')).toBe(VARIANTS);
  });

  test('threads that cannot even start end the sweep, not the process', async () => {
    const { request, strategyRef } = await badStrategy('dies-at-import', '', 'process.exit(5);');
    const error = await thrown(sweep(request, candles, { workers: 2, strategyRef }));
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toBe('a thread that left with exit code 5, 6 times in a row.');
  });

  test('a strategy file that throws only in threads fails the sweep with what it threw', async () => {
    const { request, strategyRef } = await badStrategy('throws-at-import', '', 'throw new TypeError("not here");');
    await expect(sweep(request, candles, { workers: 2, strategyRef })).rejects.toThrow('not here');
  });
});

/** As badStrategy, with the misdeed in a column of its own: threads compute it into a slot that others read. */
async function badColumn(name: string, misdeed: string) {
  const source = `
import { isMainThread } from 'node:worker_threads';
import { existsSync, writeFileSync } from 'node:fs';
import { close, customColumn, defineStrategy, gt, range, sma } from 'gridmill';
function once(mark: unknown): boolean {
  const file = ${JSON.stringify(join(folder.path, `${name}-`))} + mark;
  if (existsSync(file)) return false;
  writeFileSync(file, '');
  return true;
}
export default defineStrategy({
  name: ${JSON.stringify(name)},
  parameters: { length: range(2, 12), bars: range(2, 6) },
  signals: (p) => {
    const late = customColumn('late', [close], [p.bars], ([values], [bars]) => {
      if (!isMainThread) { ${misdeed} }
      return values.map((value, i) => (i < bars ? NaN : values[i - bars]));
    });
    return { long: gt(sma(close, p.length), late) };
  },
});`;
  const { strategyRef, ...own } = await strategyFile(folder.path, name, source);
  const request: SweepRequest = { ...testRequest('sma-cross', { top: 20 }), ...own };
  const { hash } = await sweep(request, candles);
  return { request, strategyRef, hash };
}

describe('a column that kills its thread', () => {
  test.each(FATAL)('%s once, while other threads wait for it: the result is the same', async (name, misdeed) => {
    const bad = `column-once-${name}`;
    const { request, strategyRef, hash } = await badColumn(
      bad,
      `let calls = 0; if (bars === 4 && once('')) { ${misdeed}; }`,
    );
    const scored = await sweep(request, candles, { ...LIMITED, strategyRef }, { batchSize: 4 });
    expect(marks(bad)).toBe(1);
    expect(scored.hash).toBe(hash);
    expect(scored.outcome.engine.name).toBe('fast');
  });

  test('always: the sweep fails and names the column', async () => {
    const { request, strategyRef } = await badColumn('column-ever', 'if (bars === 4) process.exit(3);');
    const error = await thrown(sweep(request, candles, { ...LIMITED, strategyRef }, { batchSize: 4 }));
    expect(error.code).toBe('WORKER_DIED');
    expect(error.found).toMatch(/^the column late\(.*with bars=4: a thread left with exit code 3, twice\.$/);
  });
});

describe('a strategy that talks out of turn', () => {
  test('its messages are ignored, whatever they look like', async () => {
    const misdeed = `
      for (const message of ['done', null, { token: calls - 1 }, { token: -1, rows: new Float64Array(27), stats: {} }]) {
        parentPort!.postMessage(message);
      }`;
    const { request, strategyRef, hash } = await badStrategy('talks', misdeed);
    expect((await sweep(request, candles, { workers: 2, strategyRef }, { batchSize: 3 })).hash).toBe(hash);
  });

  test('a forged answer with the right token and shape would be believed: the token is what protects', async () => {
    const misdeed = `
      const stats = { columnsComputed: 0, hits: 0, misses: 0 };
      for (let token = 0; token < 50; token++) parentPort!.postMessage({ token, rows: new Float64Array(${METRIC_NAMES.length}), stats });`;
    const { request, strategyRef, hash } = await badStrategy('forges', misdeed);
    expect((await sweep(request, candles, { workers: 2, strategyRef }, { batchSize: 1 })).hash).not.toBe(hash);
  });
});

describe('a strategy that hangs', () => {
  test('is still hanging after 1.5 s when the limit is a minute, and does not keep the pool from closing', async () => {
    const { request, strategyRef } = await badStrategy('hangs', 'for (;;);');
    const { pool, score } = await createPool(request, strategyRef, {});
    let settled = false;
    const done = () => {
      settled = true;
    };
    const rows = [score(0), score(1), score(2)];
    for (const row of rows) row.then(done, done);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(settled).toBe(false);
    const started = performance.now();
    await pool.close();
    expect(performance.now() - started).toBeLessThan(1000);
    for (const row of rows) await expect(row).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('does not outlive a deadline: what was scored is ranked, within 2 s of it', async () => {
    const { request, strategyRef } = await badStrategy('hangs-at-20', 'if (bars === 20) for (;;);');
    const started = performance.now();
    const stop = createStopSource(testClock, 1500);
    const { outcome } = await sweep(request, candles, { workers: 2, strategyRef }, { batchSize: 1, stop });
    expect(performance.now() - started).toBeLessThan(3500);
    expect(outcome.stopped).toBe('deadline');
    expect(outcome.scored).toBeGreaterThanOrEqual(18);
    expect(outcome.scored).toBeLessThan(VARIANTS);
    expect(outcome.top).toHaveLength(outcome.scored);
  });

  test('a slow strategy is not taken for a hung one: silence counts per variant, not per batch', async () => {
    const misdeed = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60)';
    const { request, strategyRef, hash } = await badStrategy('slow', misdeed);
    // One batch takes 39 x 60 ms, several times the limit.
    const scored = await sweep(request, candles, { workers: 2, strategyRef, silenceMs: 500 }, { batchSize: VARIANTS });
    expect(scored.hash).toBe(hash);
  });
});

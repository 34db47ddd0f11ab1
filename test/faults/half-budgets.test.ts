// Which guard refuses a request that waits, at exactly which number, and what it says to do instead.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backtestTask, sweepSelection } from '../../src/api/backtest-task.ts';
import type { BacktestBody } from '../../src/api/schemas.ts';
import { performTask } from '../../src/compute/perform.ts';
import type { ComputeShare } from '../../src/compute/task.ts';
import { NEVER_STOP } from '../../src/core/cancel.ts';
import { type AppError, isAppError } from '../../src/core/errors.ts';
import { syntheticCandles } from '../../src/market/synthetic.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { openCandleStore } from '../../src/store/candle-store.ts';

const RESIDENT = 100_000_000;
const timeframe = parseTimeframe('1h');
let storeRoot: string;
beforeAll(() => {
  storeRoot = mkdtempSync(join(tmpdir(), 'gridmill-guards-'));
  const candles = syntheticCandles({ seed: 3, timeframe, barCount: 2_000, startTime: 0, startPrice: 100 });
  const meta = { source: 'made here', importedAt: 0, quality: null };
  openCandleStore(storeRoot).write({ exchange: 'lab', symbol: 'MADE', timeframe }, candles, meta);
});
afterAll(() => rmSync(storeRoot, { recursive: true, force: true }));

const body: BacktestBody = {
  strategy: 'sma-cross',
  data: 'lab/MADE/1h',
  parameters: { fast: '2..11:1', slow: '20..29:1' },
  save: false,
};
/** The budget is the guard's own, as the routes have it, unless a client asks for less. */
const shareOf = (variantsMax: number, bytesMax: number, budgetBytes = bytesMax, of: 'request' | 'job' = 'request') =>
  ({ workers: 1, budgetBytes, guards: { of, variantsMax, bytesMax } }) satisfies ComputeShare;

const context = () => ({
  folder: storeRoot,
  storeRoot,
  engineVersion: '0.0.0',
  clock: { monotonicMs: () => performance.now(), wallMs: () => 0 },
  entry: () => import('../../src/index.ts'),
  settledBytes: () => RESIDENT,
  // Nothing passed through memory that is not there any more.
  peakBytes: () => RESIDENT / 2,
});
const sweep = async (share: ComputeShare, more: Partial<BacktestBody> = {}): Promise<number | AppError> => {
  try {
    const answer = await performTask(backtestTask({ ...body, ...more }, share), context(), NEVER_STOP);
    return answer.kind === 'sweep' ? answer.record.scored : Number.NaN;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
};
const estimate = (share: ComputeShare) =>
  performTask({ kind: 'estimate', selection: sweepSelection(body), share }, context(), NEVER_STOP);
const PLENTY = 2 ** 32;

describe('variants', () => {
  test('as many as the limit are scored, one more is refused with both numbers', async () => {
    expect(await sweep(shareOf(100, PLENTY))).toBe(100);
    expect(await sweep(shareOf(99, PLENTY))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      rule: 'A request that waits for its answer may take at most 99 variants.',
      found: '100 variants.',
      todo: 'Submit it as a job, or ask for less.',
    });
  });

  test('count both stages, and every risk point of those that go on to the second', async () => {
    const risk = { risk: { stopLoss: [0.01, 0.02, 0.03] }, preselect: 7 };
    expect(await sweep(shareOf(100 + 7 * 3, PLENTY), risk)).toBe(121);
    expect(await sweep(shareOf(120, PLENTY), risk)).toMatchObject({ code: 'LIMIT_EXCEEDED', found: '121 variants.' });
    expect(await sweep(shareOf(300, PLENTY), { ...risk, preselect: 0 })).toBe(300);
    expect(await sweep(shareOf(299, PLENTY), { ...risk, preselect: 0 })).toMatchObject({ found: '300 variants.' });
  });
});

describe('bytes', () => {
  test('the least budget that a sweep can do with is taken, one byte less is refused with what it takes', async () => {
    const { minimum } = (await estimate(shareOf(1_000, PLENTY))).estimate.bytes;
    expect(minimum).toBeGreaterThan(RESIDENT);
    expect(await sweep(shareOf(1_000, minimum))).toBe(100);
    const below = shareOf(1_000, minimum - 1);
    const [refused, told] = [(await sweep(below)) as AppError, await estimate(below)];
    expect(refused).toMatchObject({
      code: 'BUDGET_BYTES',
      rule: `A request that waits for its answer may take at most ${(minimum - 1).toLocaleString('en')} bytes.`,
      todo: 'Submit it as a job, or ask for less.',
    });
    expect(refused.found).toMatch(/needed are \d+ MB for the runtime, .* candles, .* for one variant/);
    // The estimate says so without refusing, and what the job would take.
    const fired = told.guards.filter(({ fires }) => fires).map(({ guard, limit }) => [guard, limit]);
    expect(fired).toEqual([['bytes', minimum - 1]]);
    expect((await estimate(shareOf(1_000, minimum))).guards.filter(({ fires }) => fires)).toEqual([]);
  });

  test('a job is told to ask for less, a client that asked for little to give more', async () => {
    expect(await sweep(shareOf(1_000, RESIDENT, RESIDENT, 'job'))).toMatchObject({
      rule: `A job may take at most ${RESIDENT.toLocaleString('en')} bytes.`,
      todo: 'Ask for less, or cut it into several.',
    });
    expect(await sweep(shareOf(1_000, PLENTY, RESIDENT))).toMatchObject({
      code: 'BUDGET_BYTES',
      rule: 'A run must fit its memory budget.',
      todo: 'Give it more bytes, or ask for less.',
    });
  });
});

test('an estimate names every guard that would fire, with what it compares', async () => {
  const { guards } = await estimate(shareOf(99, PLENTY));
  expect(guards).toEqual([
    { guard: 'variants', asked: 100, limit: 99, fires: true },
    { guard: 'bytes', asked: expect.any(Number), limit: PLENTY, fires: false },
  ]);
});

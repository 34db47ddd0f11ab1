// A sweep over many cells: what is refused before work begins, early stops, progress, and bounded memory.
import { describe, expect, test } from 'vitest';
import { manyHost, manyRequest, testCells } from '../../test/synthetic-cells.ts';
import { testCandles } from '../../test/synthetic-request.ts';
import { createStopSource } from '../core/cancel.ts';
import { isAppError } from '../core/errors.ts';
import { shareCandles } from '../market/shared-candles.ts';
import { choice, range } from '../strategy/parameters.ts';
import type { ManyCell, ManyProgress } from './many-request.ts';
import { sweepMany } from './many-sweep.ts';
import { createWindow } from './window.ts';

const cells = testCells(3);
const parameters = { fast: range(3, 8), slow: range(6, 20, 2) };

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isAppError(error)) throw new Error(`not refused: ${String(error)}`);
  return `${error.code}: ${error.message}`;
}

const cell = (market: string, window: ManyCell['window']): ManyCell => ({ market, window });

describe('cells that cannot be compared are refused before anything is scored', () => {
  test.each<[string, ManyCell[], RegExp]>([
    ['one cell', cells.slice(0, 1), /^REQUEST_INVALID: .*at least two/],
    [
      'two timeframes',
      [cells[0]!, cell('ETH', createWindow(testCandles(500, 9, '5m')))],
      /^TIMEFRAME_INVALID: .*M0 has candles of 1m, ETH has candles of 5m\..*--timeframe/,
    ],
    [
      'the same candles under two names',
      [cell('A', createWindow(testCandles(500))), cell('B', createWindow(testCandles(500)))],
      /^REQUEST_INVALID: .*A, 2025-01-01 to 2025-01-01 and B, .*equal/,
    ],
    [
      'a cell too short for any variant',
      [cells[0]!, cell('NEW', createWindow(testCandles(5, 3)))],
      /^HISTORY_TOO_SHORT: .*Found: NEW, 2025-01-01 to 2025-01-01: 5 candles/,
    ],
  ])('%s', async (_, over, message) => {
    const host = manyHost({ onProgress: () => expect.unreachable('nothing may be scored') });
    expect(await refusal(sweepMany(manyRequest({ parameters }), over, host))).toMatch(message);
  });

  test('a budget too small for all cells, with the smallest one that does', async () => {
    const message = await refusal(sweepMany(manyRequest({ parameters }), cells, manyHost({ budgetBytes: 50e6 })));
    const needed = Number(/--memory (\d+)MB/.exec(message)![1]) * 1e6;
    expect(message).toMatch(/^BUDGET_BYTES: .*6 cells need/);
    const outcome = await sweepMany(manyRequest({ parameters }), cells, manyHost({ budgetBytes: needed }));
    expect(outcome.plan.bytesPredicted).toBeLessThanOrEqual(needed);
    expect(outcome.top).toHaveLength(10);
  });

  test('candles whose columns lie in one buffer count once, as those with a buffer per column do', async () => {
    const [one, two] = [testCandles(200_000), testCandles(200_000, 2)];
    const refused = (share: typeof shareCandles): Promise<string> => {
      const over = [cell('A', createWindow(share(one))), cell('B', createWindow(share(two)))];
      return refusal(sweepMany(manyRequest({ parameters }), over, manyHost({ budgetBytes: 30e6 })));
    };
    const message = await refused((candles) => candles);
    expect(message).toMatch(/of which 20 MB are candles/);
    expect(await refused(shareCandles)).toBe(message);
  });

  test('a risk grid whose values in all cells do not fit', async () => {
    const risk = { stopLoss: range(0.001, 0.9, 0.001), takeProfit: range(0.001, 2, 0.001) };
    const message = await refusal(sweepMany(manyRequest({ parameters, risk }), cells, manyHost()));
    expect(message).toMatch(/^LIMIT_EXCEEDED: .*combinations/);
  });

  test('a grid without a variant', async () => {
    const none = { fast: choice(50), slow: choice(10) };
    expect(await refusal(sweepMany(manyRequest({ parameters: none }), cells, manyHost()))).toMatch(/^GRID_INVALID/);
  });
});

describe('a sweep that is stopped', () => {
  test('ranks the variants that every cell had, and says how many', async () => {
    const stop = createStopSource(manyHost().clock);
    // Parts of 10 variants in 6 cells: the stop comes in the third part.
    const onProgress = ({ scored }: ManyProgress): void => void (scored > 130 && stop.cancel());
    const host = manyHost({ stop, batchSize: 1, partVariants: 10, onProgress });
    const outcome = await sweepMany(manyRequest({ parameters, top: 100 }), cells, host);
    expect([outcome.stopped, outcome.scored, outcome.top.length]).toEqual(['cancelled', 20, 20]);
    const whole = await sweepMany(manyRequest({ parameters, top: 100, limit: 20 }), cells, manyHost());
    for (const row of outcome.top) expect(row.cells).toHaveLength(6);
    expect(outcome.variants).toBe(44);
    expect(whole.variants).toBe(44);
  });

  test('before stage B had anything ranks what stage A has', async () => {
    const risk = { stopLoss: choice(0, 0.01) };
    const stop = createStopSource(manyHost().clock);
    const onProgress = ({ stage }: ManyProgress): void => void (stage === 'B' && stop.cancel());
    const host = manyHost({ stop, batchSize: 1, onProgress });
    const outcome = await sweepMany(manyRequest({ parameters, risk }), cells, host);
    const baseOnly = await sweepMany(manyRequest({ parameters }), cells, manyHost());
    expect(outcome.stopped).toBe('cancelled');
    expect(outcome.top).toEqual(baseOnly.top);
    expect(outcome.markets).toEqual(baseOnly.markets);
  });

  test('before it begins has no rows', async () => {
    const stop = createStopSource(manyHost().clock);
    stop.cancel();
    const outcome = await sweepMany(manyRequest({ parameters }), cells, manyHost({ stop }));
    expect([outcome.stopped, outcome.scored, outcome.top]).toEqual(['cancelled', 0, []]);
    expect(outcome.bestOfCell).toEqual([null, null, null, null, null, null]);
    expect(outcome.engines.map(({ name }) => name)).toEqual(Array.from({ length: 6 }, () => 'fast'));
  });
});

test('progress counts back-tests of all cells and names the cell', async () => {
  const seen: ManyProgress[] = [];
  const host = manyHost({ batchSize: 5, partVariants: 20, onProgress: (progress) => void seen.push(progress) });
  await sweepMany(manyRequest({ parameters }), cells, host);
  expect(seen.map(({ scored }) => scored)).toEqual(seen.map(({ scored }) => scored).toSorted((a, b) => a - b));
  expect(seen.at(-1)).toMatchObject({ stage: 'A', cell: 5, scored: 44 * 6, total: 44 * 6 });
  expect(new Set(seen.map(({ cell: at }) => at))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
});

test('a variant without a value in some cell ranks after all that have one everywhere', async () => {
  // A slow average longer than the shortest windows never trades there: no Sharpe ratio.
  const request = manyRequest({ parameters: { fast: choice(5), slow: choice(10, 20, 420, 440) }, rank: 'sharpe' });
  const outcome = await sweepMany(request, cells, manyHost());
  expect(outcome.undefinedScores).toBeGreaterThan(0);
  const scores = outcome.top.map(({ score }) => score);
  expect(scores.slice(-outcome.undefinedScores).every((score) => score === null)).toBe(true);
  expect(scores.slice(0, -outcome.undefinedScores).every((score) => score !== null)).toBe(true);
});

test('a grid of a billion points is swept in part without a list of it', async () => {
  const huge = { fast: range(1, 1_000), slow: range(1, 1_000_000) };
  const request = manyRequest({ parameters: huge, sample: 40, seed: 3, top: 5 });
  const short = testCells(2, 400);
  const grown = await sweepMany(request, short, manyHost());
  expect(grown.scored).toBe(40);
});

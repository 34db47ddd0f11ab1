// The C program of the benchmarks: it compiles, and it trades like the normative engine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { agrees, compareScores } from '../../bench/agreement.ts';
import { compileDualSma, runDualSma } from '../../bench/c-program.ts';
import { benchRequest, sweepScores } from '../../bench/gridmill.ts';
import { benchCandles } from '../../bench/market.ts';
import { BASIC_METRICS } from '../../bench/peers.ts';
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { range } from '../../src/strategy/parameters.ts';
import { createWindow } from '../../src/sweep/window.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'gridmill-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = compileDualSma(root, folder);
if (program === undefined) console.warn('SKIPPED: the C program of the benchmarks, as there is no `cc` here.');

const FEE = 0.001;

async function comparison(candles: Candles, first: number, last: number) {
  const axis = range(first, last);
  const costs = { feeRate: FEE, fixedFee: 0, slippage: 0 };
  const request = benchRequest('sma-cross', { costs, parameters: { fast: axis, slow: axis } });
  const window = createWindow(candles);
  const ours = await sweepScores(request, window, { engine: 'normative' });
  const job = { program: program!, folder, close: candles.close, windows: [first, last], fee: FEE } as const;
  return { ours, result: compareScores(['normative', 'C'], ours, runDualSma(job).scores, BASIC_METRICS) };
}

/** Candles of whole prices, so that averages are often equal. */
function wholePrices(): Candles {
  const { timeframe, time, volume, close } = benchCandles(3_000);
  const whole = close.map((price) => Math.round(price));
  return createCandles(timeframe, { time, volume, open: whole, high: whole, low: whole, close: whole });
}

describe.skipIf(program === undefined)('the C program of the benchmarks', () => {
  test.each([
    ['less than a word', 40],
    ['not a whole number of words', 333],
    ['several tiles and a rest', 2_500],
  ])('scores every pair like the normative engine over %s', async (_, bars) => {
    const { ours, result } = await comparison(benchCandles(bars), 2, 21);
    expect(result.disagreements).toEqual([]);
    expect(result.variants).toBe(190);
    expect(ours.size).toBe(190);
    expect(agrees(result)).toBe(true);
  });

  test('keeps the side of the bar before where two averages are equal', async () => {
    // Means of one and two whole prices are exact, so that both programs see the same ties.
    const { ours, result } = await comparison(wholePrices(), 1, 2);
    expect(result.disagreements).toEqual([]);
    expect(ours.get('1/2')!['trades']).toBeGreaterThan(100);
  });
});

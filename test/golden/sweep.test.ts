// A committed ordered sweep on synthetic candles: keys and total returns must not drift, and two runs must agree.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { choice, range } from '../../src/strategy/parameters.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { testCandles, testHost, testRequest } from '../synthetic-request.ts';

// To accept an intended change: delete the file, run this test once, review the difference, and say why in CHANGELOG.md.
const golden = new URL('sweep.golden.json', import.meta.url);

const CASES = {
  'sma-cross, close, long': testRequest('sma-cross', {
    parameters: { fast: range(5, 20, 5), slow: range(30, 90, 20) },
    top: 16,
  }),
  'ema-cross, next-open, both, with barriers': testRequest('ema-cross', {
    profile: 'next-open',
    direction: 'both',
    parameters: { fast: range(5, 15, 5), slow: range(30, 60, 15) },
    risk: {
      stopLoss: choice(0.005, 0.01),
      takeProfit: choice(0, 0.02),
      trailingStop: choice(0, 0.008),
      timeLimit: choice(0, 120),
    },
    preselect: 3,
    top: 24,
  }),
  'bollinger, vectorbt, short': testRequest('bollinger', {
    profile: 'vectorbt',
    direction: 'short',
    parameters: { length: range(20, 60, 20), width: range(1, 2, 0.5) },
    top: 9,
  }),
  'trend-filter, close, both, ranked by Sharpe': testRequest('trend-filter', {
    direction: 'both',
    parameters: { fast: choice(10, 20), slow: choice(30, 60), trend: choice(5, 10) },
    rank: 'sharpe',
    top: 8,
  }),
};

async function sweepAll() {
  const candles = testCandles(10_080, 77);
  const results: Record<string, { resultHash: string; rows: (string | number | null)[][] }> = {};
  for (const [name, request] of Object.entries(CASES)) {
    const host = testHost(candles);
    const outcome = await runSweep(request, host);
    results[name] = {
      resultHash: resultHash('golden', request, host.window, outcome),
      rows: outcome.top.map((row) => [row.variantKey, row.metrics.totalReturn, row.metrics.trades]),
    };
  }
  return results;
}

test('the ordered sweep equals its committed golden, and itself when run again', async () => {
  const first = await sweepAll();
  if (!existsSync(golden) && process.env['CI'] !== 'true') writeFileSync(golden, `${JSON.stringify(first, null, 1)}\n`);
  expect(first).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
  expect(await sweepAll()).toEqual(first);
});

test('a smoke of 2,000 variants ends with every variant scored; it records seconds and peak memory', async () => {
  const candles = testCandles(5000, 78);
  const parameters = { fast: range(2, 41), slow: range(42, 91) };
  const started = performance.now();
  const outcome = await runSweep(testRequest('sma-cross', { parameters }), testHost(candles));
  const seconds = (performance.now() - started) / 1000;
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(
    `smoke: ${outcome.scored} variants x 5,000 bars in ${seconds.toFixed(2)} s, peak RSS ${peakMb.toFixed(0)} MB`,
  );
  expect(outcome.scored).toBe(2000);
  expect(outcome.top).toHaveLength(10);
});

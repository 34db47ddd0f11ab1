// The estimate: counts and bytes of the plan, seconds of the right size, refusals before anything is computed.
import { expect, test } from 'vitest';
import { testCandles, testHost, testRequest } from '../../test/synthetic-request.ts';
import { choice, range } from '../strategy/parameters.ts';
import { estimateSweep } from './estimate.ts';
import { runSweep } from './run-sweep.ts';

const candles = testCandles(20_000);
const parameters = { fast: range(5, 24), slow: range(30, 59) };

test('counts what the sweep then does', async () => {
  const request = testRequest('sma-cross', { parameters, risk: { stopLoss: choice(0, 0.01) }, preselect: 50 });
  const host = testHost(candles);
  const estimate = estimateSweep(request, host);
  const outcome = await runSweep(request, host);
  expect(estimate.variants).toBe(outcome.variants);
  expect(estimate.toScore).toBe(outcome.scored);
  expect(estimate.distinctColumns).toBe(20 + 30);
  expect(estimate.bytes.total).toBe(Math.floor(outcome.plan.bytesPredicted));
  expect(estimate.seconds).toBeGreaterThan(0);
  // Far wider than the benchmark's bounds: a loaded machine must not fail a test.
  expect(estimate.seconds! * 1000).toBeGreaterThan(outcome.elapsedMs / 50);
  expect(estimate.seconds! * 1000).toBeLessThan(outcome.elapsedMs * 50);
});

test('prices a grid of 10^9 points without counting them', () => {
  const parameters = { fast: range(1, 10_000), slow: range(1, 100_000) };
  const estimate = estimateSweep(testRequest('sma-cross', { parameters }), testHost(candles));
  expect(estimate.variants).toBeUndefined();
  expect(estimate.seconds).toBeUndefined();
  expect(estimate.distinctColumns).toBe(110_000);
});

test('refuses as the sweep would', () => {
  const request = testRequest('sma-cross', { parameters });
  expect(() => estimateSweep(request, testHost(candles, { budgetBytes: 1e7 }))).toThrow(/--memory/);
});

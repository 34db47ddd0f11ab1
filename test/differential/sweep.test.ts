// Does a sweep mean the same on both engines? Random strategies and grids: every row of one is that of the other.
import { afterAll, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { SCALAR_PROVIDER } from '../../src/kernels/scalar-kernels.ts';
import { METRIC_NAMES } from '../../src/metrics/metrics.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import type { Direction } from '../../src/simulate/simulation.ts';
import { choice } from '../../src/strategy/parameters.ts';
import { createFastScorer, type FastContext } from '../../src/sweep/fast-scorer.ts';
import { engineFor } from '../../src/sweep/fast-settings.ts';
import { metricsAgree } from '../../src/sweep/fast-tolerance.ts';
import { createGrid, parametersAt } from '../../src/sweep/grid.ts';
import { resultHash } from '../../src/sweep/result-hash.ts';
import { runSweep } from '../../src/sweep/run-sweep.ts';
import { createNormativeScorer, metricsFromRow } from '../../src/sweep/score.ts';
import { scoreVariantsBatch } from '../../src/sweep/score-variants.ts';
import { createWindow } from '../../src/sweep/window.ts';
import { testCandles, testHost, testRequest } from '../synthetic-request.ts';
import { COVERED_PROFILES, randomCandles, randomCosts, randomSizing } from './random-case.ts';
import { randomStrategy } from './random-strategy.ts';

/** Grids of 6 base variants with 8 risk points. A larger dose: GRIDMILL_DIFFERENTIAL_GRIDS=5000. */
const GRIDS = Number(process.env['GRIDMILL_DIFFERENTIAL_GRIDS'] ?? 120);
const FIRST_SEED = Number(process.env['GRIDMILL_DIFFERENTIAL_SEED'] ?? 1);
const PER_YEAR = 525_600;
const DOSE_MS = Math.max(60_000, GRIDS * 500);

const tally = { rows: 0, trades: 0, rowsWithTrades: 0 };

function randomContext(seed: number): FastContext {
  const prng = createPrng(seed);
  const profile = COVERED_PROFILES[seed % 3]!;
  const direction = (['long', 'short', 'both'] as const satisfies readonly Direction[])[prng.nextBelow(3)]!;
  const strategy = randomStrategy(prng);
  const stops = { takeProfit: choice(0, 0.01), stopLoss: choice(0, 0.006) };
  const risk = profile === 'vectorbt' ? stops : { ...stops, timeLimit: choice(0, 30) };
  const grid = createGrid({ strategy, arithmetic: PROFILES[profile].arithmetic, risk });
  const candles = randomCandles(prng, 200 + prng.nextBelow(900));
  // A window inside a longer history: bits are cut at a bar that is no multiple of a word.
  const fromMs = prng.next() < 0.5 ? candles.time[prng.nextBelow(100)] : undefined;
  return {
    strategy,
    grid,
    window: createWindow(candles, { fromMs }),
    execution: {
      profile: PROFILES[profile],
      direction,
      initialCash: 1000,
      costs: randomCosts(prng),
      sizing: randomSizing(prng, profile, direction),
      closeAtEnd: prng.next() < 0.5,
      calendar: 'continuous',
    },
    // From too small for one column to large enough for all.
    cacheBytes: [0, 30_000, 10_000_000][prng.nextBelow(3)]!,
    provider: SCALAR_PROVIDER,
    tileBars: 64 * (1 + prng.nextBelow(10)),
  };
}

test(`${GRIDS} random grids have the same rows on both engines, in both stages`, { timeout: DOSE_MS }, () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + GRIDS; seed++) {
    const context = randomContext(seed);
    const { grid } = context;
    expect(engineFor(context.execution, grid, context.window.candles).engine).toBe('fast');
    const baseIndices = Array.from({ length: grid.basePoints }, (_, i) => (i * 5) % grid.basePoints);
    const fast = createFastScorer(context);
    const normative = createNormativeScorer(context);
    for (const stage of ['A', 'B'] as const) {
      const found = fast.score({ stage, baseIndices });
      const expected = normative.score({ stage, baseIndices });
      expect(found.length).toBe(expected.length);
      for (let row = 0; row < expected.length / METRIC_NAMES.length; row++) {
        const want = metricsFromRow(expected, row);
        const got = metricsFromRow(found, row);
        tally.rows++;
        tally.trades += want.trades!;
        if (want.trades! > 0) tally.rowsWithTrades++;
        for (const name of METRIC_NAMES) {
          if (metricsAgree(name, want, got, PER_YEAR)) continue;
          expect.fail(
            `stage ${stage}, row ${row}: ${name} ${want[name]} became ${got[name]}\nreplay: GRIDMILL_DIFFERENTIAL_SEED=${seed} GRIDMILL_DIFFERENTIAL_GRIDS=1 npx vitest run --project fast test/differential/sweep.test.ts`,
          );
        }
      }
    }
  }
});

test('a batch of one is the batch of many, bit for bit', () => {
  const context = randomContext(4);
  const { grid, execution, strategy, window } = context;
  const selections = Array.from({ length: grid.basePoints }, (_, i) => parametersAt(grid, i));
  const risks = [{}, { stopLoss: 0.01 }, { takeProfit: 0.02, stopLoss: 0.01 }];
  const stage = { ...execution, strategy, provider: SCALAR_PROVIDER };
  const together = scoreVariantsBatch(stage, window, selections, risks);
  const apart = selections.flatMap((one) => risks.flatMap((risk) => scoreVariantsBatch(stage, window, [one], [risk])));
  expect(together).toEqual(apart);
  expect(together).toHaveLength(selections.length * risks.length);
});

test('the result hash depends neither on batch size, nor on cache size, nor on tiles', async () => {
  const candles = testCandles(3000);
  const request = testRequest('trend-filter', { direction: 'both', risk: { stopLoss: choice(0, 0.01) }, preselect: 0 });
  const hashes = new Set<string>();
  for (const batchSize of [1, 7, 400]) {
    for (const columnBytesMax of [undefined, 1]) {
      const host = testHost(candles, { batchSize, columnBytesMax, engine: 'fast' });
      hashes.add(resultHash('test', request, host.window, await runSweep(request, host)));
    }
  }
  expect(hashes.size).toBe(1);
});

test('the result names the engine that scored it, and the hash tells them apart', async () => {
  const candles = testCandles(1000);
  const request = testRequest('sma-cross');
  const fast = await runSweep(request, testHost(candles));
  const host = testHost(candles, { engine: 'normative' });
  const normative = await runSweep(request, host);
  expect(fast.engine.name).toBe('fast');
  expect(normative.engine).toEqual({ name: 'normative', reason: 'it was asked for', kernels: undefined });
  expect(resultHash('t', request, host.window, fast)).not.toBe(resultHash('t', request, host.window, normative));
  const peer = await runSweep(testRequest('sma-cross', { profile: 'freqtrade' }), testHost(candles));
  expect(peer.engine.name).toBe('normative');
  await expect(
    runSweep(testRequest('sma-cross', { profile: 'freqtrade' }), testHost(candles, { engine: 'fast' })),
  ).rejects.toThrow(/must cover/);
});

afterAll(() => {
  console.log(`differential sweeps: ${JSON.stringify({ ...tally, firstSeed: FIRST_SEED })}`);
  if (GRIDS < 100) return;
  expect(tally.rowsWithTrades / tally.rows).toBeGreaterThan(0.5);
  expect(tally.trades).toBeGreaterThan(20_000);
});

// Do prefix sums hold over long windows? Hundreds of short trades in 300,000 bars, calm ones behind wild ones.
import { afterAll, describe, expect, test } from 'vitest';
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import { ENTER_LONG, EXIT_LONG, type SimulationInput } from '../../src/simulate/simulation.ts';
import { compareEngines } from './engine-differences.ts';
import { COVERED_PROFILES, type CoveredProfile } from './random-case.ts';

const BARS = 300_000;
/** Cases per profile. A larger dose: GRIDMILL_LONG_CASES=100. */
const CASES = Number(process.env['GRIDMILL_LONG_CASES'] ?? 4);
const FIRST_SEED = Number(process.env['GRIDMILL_DIFFERENTIAL_SEED'] ?? 1);
const CASE_MS = 10_000;

const tally = { cases: 0, trades: 0, scannedByBar: 0 };

/** Prices that move by `volatility(bar)` of their value per bar, and are drawn back to 100. */
function candlesOf(prng: Prng, barCount: number, volatility: (bar: number) => number): Candles {
  const column = (): Float64Array => new Float64Array(barCount);
  const columns = { time: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
  let price = 100;
  for (let bar = 0; bar < barCount; bar++) {
    const size = volatility(bar);
    const open = price;
    price = Math.max(1, open * (1 + size * prng.nextNormal() + 0.01 * size * Math.log(100 / open)));
    columns.time[bar] = bar * 60_000;
    columns.open[bar] = open;
    columns.close[bar] = price;
    columns.high[bar] = Math.max(open, price) * (1 + 0.3 * size * prng.next());
    columns.low[bar] = Math.min(open, price) * (1 - 0.3 * size * prng.next());
    columns.volume[bar] = 1;
  }
  return createCandles(parseTimeframe('1m'), columns);
}

/** Long stretches of calm behind shorter ones that are up to twenty times as wild. */
function regimes(prng: Prng): (bar: number) => number {
  const sizes: number[] = [];
  for (let bar = 0; bar < BARS; bar += 10_000) {
    sizes.push(prng.nextBelow(4) === 0 ? 0.0003 * (2 + 18 * prng.next()) : 0.0003);
  }
  return (bar) => sizes[Math.floor(bar / 10_000)]!;
}

/** Trades of a few bars, and now and then one of up to `longest`. */
function shortTrades(prng: Prng, barCount: number, every: number, longest: number): Uint8Array {
  const signals = new Uint8Array(barCount);
  for (let bar = prng.nextBelow(every); bar < barCount; ) {
    signals[bar] = ENTER_LONG;
    bar += prng.nextBelow(50) === 0 ? 1 + prng.nextBelow(longest) : 2 + prng.nextBelow(40);
    if (bar < barCount) signals[bar] = EXIT_LONG;
    bar += 1 + prng.nextBelow(2 * every);
  }
  return signals;
}

function backTest(
  candles: Candles,
  signals: Uint8Array,
  profile: CoveredProfile,
  isBracketed: boolean,
): SimulationInput {
  const barriers = isBracketed ? { stopLoss: 0.0015, takeProfit: 0.003 } : {};
  return {
    candles,
    signals,
    settings: {
      profile: PROFILES[profile],
      direction: 'long',
      initialCash: 10_000,
      costs: { feeRate: 0.00002, fixedFee: 0, slippage: 0 },
      sizing: { kind: 'equity-fraction', value: 1, sizeStep: 0, minSize: 0, minNotional: 0 },
      barriers,
      closeAtEnd: false,
    },
  };
}

describe.each(COVERED_PROFILES)('profile %s', (profile) => {
  test(`${CASES} long back-tests agree with the normative engine`, { timeout: CASES * CASE_MS }, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const prng = createPrng(seed);
      const candles = candlesOf(prng, BARS, regimes(prng));
      const input = backTest(candles, shortTrades(prng, BARS, 400, 9000), profile, seed % 2 === 0);
      const { found, expected, byBar } = compareEngines(input, 2048);
      tally.cases++;
      tally.trades += expected.trades.length;
      if (byBar) tally.scannedByBar++;
      const replay = `GRIDMILL_DIFFERENTIAL_SEED=${seed} GRIDMILL_LONG_CASES=1 npx vitest run --project fast test/differential/long-window.test.ts -t ${profile}`;
      if (found.length > 0) expect.fail(`${found.slice(0, 6).join('\n')}\nreplay: ${replay}`);
    }
  });
});

describe('calm trades behind wild bars of the same stretch', () => {
  const prng = createPrng(7);
  const wild = (bar: number): boolean => bar >= 2100 && bar < 2400;
  const candles = candlesOf(prng, 30_000, (bar) => (wild(bar) ? 0.2 : 0.000002));
  const signals = shortTrades(prng, 30_000, 40, 40).map((flags, bar) => (bar > 2500 && bar < 4000 ? flags : 0));
  const input = backTest(candles, signals, 'close', false);

  test('are scanned bar by bar, and agree', () => {
    const { found, expected, byBar } = compareEngines(input, 2048);
    expect(expected.trades.length).toBeGreaterThan(10);
    expect(byBar).toBe(true);
    expect(found).toEqual([]);
  });

  test('would not agree by their sums alone', () => {
    expect(compareEngines(input, 2048, { trustsSums: true }).found.join()).toMatch(/volatility/);
  });

  test('need no scan where the wild bars are left out', () => {
    const calm = candlesOf(createPrng(7), 30_000, () => 0.000002);
    const { found, byBar } = compareEngines({ ...input, candles: calm }, 2048);
    expect(byBar).toBe(false);
    expect(found).toEqual([]);
  });
});

afterAll(() => {
  console.log(
    `long windows: ${JSON.stringify({ ...tally, share: tally.scannedByBar / tally.cases, firstSeed: FIRST_SEED })}`,
  );
  if (CASES < 4) return;
  expect(tally.trades / tally.cases).toBeGreaterThan(300);
  expect(tally.scannedByBar / tally.cases).toBeLessThan(0.1);
});

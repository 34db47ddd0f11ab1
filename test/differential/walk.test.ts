// Is the fast engine the normative one? Random back-tests: the same trades and equity exactly, every metric to 1e-9.
import { afterAll, describe, expect, test } from 'vitest';
import type { Simulation, SimulationInput } from '../../src/simulate/simulation.ts';
import { compareEngines } from './engine-differences.ts';
import { COVERED_PROFILES, type CoveredProfile, randomCase } from './random-case.ts';

/** Cases per profile. A larger dose: GRIDMILL_DIFFERENTIAL_CASES=100000. */
const CASES = Number(process.env['GRIDMILL_DIFFERENTIAL_CASES'] ?? 2000);
const FIRST_SEED = Number(process.env['GRIDMILL_DIFFERENTIAL_SEED'] ?? 1);
const DOSE_MS = Math.max(60_000, CASES * 30);

const replay = (profile: CoveredProfile, seed: number): string =>
  `replay: GRIDMILL_DIFFERENTIAL_SEED=${seed} GRIDMILL_DIFFERENTIAL_CASES=1 npx vitest run --project fast test/differential/walk.test.ts -t ${profile}`;

const tally = { cases: 0, trades: 0, ambiguous: 0, skipped: 0, ruined: 0, scannedByBar: 0 };
const exits: Record<string, number> = {};

/** What differs between the engines, or nothing. */
function differences(input: SimulationInput, stepBars: number, fastInput = input): readonly string[] {
  const { found, expected, byBar } = compareEngines(input, stepBars, { fastInput });
  count(expected, byBar);
  return found;
}

function count(simulation: Simulation, byBar: boolean): void {
  tally.cases++;
  tally.trades += simulation.trades.length;
  tally.ambiguous += simulation.ambiguousBars;
  tally.skipped += simulation.skippedOrders;
  if (simulation.ruined) tally.ruined++;
  if (byBar) tally.scannedByBar++;
  for (const trade of simulation.trades) exits[trade.exitReason] = (exits[trade.exitReason] ?? 0) + 1;
}

describe.each(COVERED_PROFILES)('profile %s', (profile) => {
  test(`${CASES} random back-tests have the trades, the equity and the metrics of the normative engine`, {
    timeout: DOSE_MS,
  }, () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
      const found = differences(randomCase(profile, seed), 1 + (seed % 97));
      if (found.length > 0) expect.fail(`${found.slice(0, 6).join('\n')}\n${replay(profile, seed)}`);
    }
  });
});

/** Share of cases in which a mistake shows. */
function shareCaught(profile: CoveredProfile, mistaken: (input: SimulationInput) => SimulationInput): number {
  const cases = 60;
  let caught = 0;
  for (let seed = 1; seed <= cases; seed++) {
    const input = randomCase(profile, seed);
    if (differences(input, 1000, mistaken(input)).length > 0) caught++;
  }
  return caught / cases;
}

describe('a mistake is caught', () => {
  test.each(COVERED_PROFILES)('signals one bar late, profile %s', (profile) => {
    const late = (input: SimulationInput) => {
      const signals = new Uint8Array(input.signals.length);
      signals.set(input.signals.subarray(0, -1), 1);
      return { ...input, signals };
    };
    expect(shareCaught(profile, late)).toBeGreaterThan(0.5);
  });

  test.each(COVERED_PROFILES)('a fee rate a billionth larger, profile %s', (profile) => {
    const dearer = (input: SimulationInput) => {
      const { costs } = input.settings;
      return { ...input, settings: { ...input.settings, costs: { ...costs, feeRate: costs.feeRate + 1e-9 } } };
    };
    expect(shareCaught(profile, dearer)).toBeGreaterThan(0.5);
  });

  test.each(['close', 'next-open'] as const)('a time limit one bar longer, profile %s', (profile) => {
    const longer = (input: SimulationInput) => {
      const { barriers } = input.settings;
      const timeLimit = (barriers.timeLimit ?? 20) + 1;
      return { ...input, settings: { ...input.settings, barriers: { ...barriers, timeLimit } } };
    };
    expect(shareCaught(profile, longer)).toBeGreaterThan(0.2);
  });
});

afterAll(() => {
  const perCase = (tally.trades / tally.cases).toFixed(1);
  console.log(`differential: ${JSON.stringify({ ...tally, perCase, exits, firstSeed: FIRST_SEED })}`);
  if (CASES < 1000) return;
  // Floors, so that trivial cases cannot pass for proof.
  expect(tally.trades / tally.cases).toBeGreaterThan(5);
  for (const reason of [
    'signal',
    'reverse',
    'stop-loss',
    'take-profit',
    'trailing-stop',
    'time-limit',
    'end',
    'open',
  ]) {
    expect(exits[reason] ?? 0, `exits by ${reason}`).toBeGreaterThan(300);
  }
  expect(tally.ambiguous).toBeGreaterThan(100);
  expect(tally.skipped).toBeGreaterThan(100);
  expect(tally.ruined).toBeGreaterThan(20);
});

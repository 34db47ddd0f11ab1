// Relations every simulation must obey, whatever the numbers: no look-ahead, scale, costs, mirror, books that add up.
import { describe, expect, test } from 'vitest';
import { createPrng } from '../../src/core/prng.ts';
import { sliceCandles } from '../../src/market/candles.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import {
  ENTER_LONG,
  ENTER_SHORT,
  type Fill,
  type Simulation,
  type SimulationInput,
} from '../../src/simulate/simulation.ts';
import {
  mapPrices,
  randomCandles,
  randomInput,
  TESTED_PROFILES,
  type TestedProfile,
  withSettings,
} from './scenario.ts';

const CASES = 200;
const FIRST_SEED = 20_260_101;
const only = process.env['GRIDMILL_SEED'];

/** Runs `check` on seeds of its own; a failure names the seed and how to run it alone. */
function forSeeds(check: (seed: number) => void): void {
  const seeds = only === undefined ? Array.from({ length: CASES }, (_, n) => FIRST_SEED + n) : [Number(only)];
  for (const seed of seeds) {
    try {
      check(seed);
    } catch (error) {
      const replay = `GRIDMILL_SEED=${seed} npx vitest run --project fast test/metamorphic/simulate.test.ts`;
      throw new Error(`seed ${seed} breaks the relation. replay: ${replay}`, { cause: error });
    }
  }
}

const near = (found: number, wanted: number, tolerance: number): void =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(wanted)));

const fillsBefore = ({ fills }: Simulation, bar: number): Fill[] => fills.filter((fill) => fill.bar < bar);

/** Bars [0, bar) of two runs are the same bits. */
function expectSamePast(found: Simulation, whole: Simulation, bar: number): void {
  expect(fillsBefore(found, bar)).toEqual(fillsBefore(whole, bar));
  expect(found.equity.subarray(0, bar)).toEqual(whole.equity.subarray(0, bar));
  const closed = ({ trades }: Simulation) =>
    trades.filter((trade) => trade.exitReason !== 'open' && trade.exitBar < bar);
  expect(closed(found)).toEqual(closed(whole));
}

const shape = ({ trades }: Simulation) =>
  trades.map((trade) => [trade.side, trade.entryBar, trade.exitBar, trade.exitReason]);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function cutPoint(input: SimulationInput, seed: number): number {
  return 1 + createPrng(seed + 1).nextBelow(input.candles.barCount - 1);
}

describe.each(TESTED_PROFILES)('profile %s', (profile: TestedProfile) => {
  test('M1: cutting the future off changes nothing before the cut', () => {
    forSeeds((seed) => {
      const input = randomInput(profile, seed);
      const cut = cutPoint(input, seed);
      const shorter = {
        ...input,
        candles: sliceCandles(input.candles, 0, cut),
        signals: input.signals.subarray(0, cut),
      };
      expectSamePast(simulate(shorter), simulate(input), cut);
    });
  });

  test.each([
    ['NaN', () => Number.NaN],
    ['garbage', (price: number) => price * 1e6],
  ] as const)('M2: masking the future with %s changes nothing before it', (_kind, mask) => {
    forSeeds((seed) => {
      const input = randomInput(profile, seed);
      const cut = cutPoint(input, seed);
      const candles = mapPrices(input.candles, (price, bar) => (bar < cut ? price : mask(price)));
      expectSamePast(simulate({ ...input, candles }), simulate(input), cut);
    });
  });

  test('M3: another candle t changes nothing before t', () => {
    forSeeds((seed) => {
      const input = randomInput(profile, seed);
      const changed = cutPoint(input, seed);
      const candles = mapPrices(input.candles, (price, bar) => (bar === changed ? price * 1.07 : price));
      expectSamePast(simulate({ ...input, candles }), simulate(input), changed);
    });
  });

  test('M4: prices times a power of two give the same returns and trades, to the last bit', () => {
    forSeeds((seed) => {
      const base = randomInput(profile, seed);
      const sizing = { kind: 'equity-fraction', value: 1, sizeStep: 0, minSize: 0, minNotional: 0 } as const;
      const input = withSettings(base, { sizing });
      const whole = simulate(input);
      for (const exponent of [-8, -1, 1, 8]) {
        const candles = mapPrices(input.candles, (price) => price * 2 ** exponent);
        const scaled = simulate({ ...input, candles });
        expect(scaled.equity).toEqual(whole.equity);
        expect(scaled.totalReturn).toBe(whole.totalReturn);
        expect(shape(scaled)).toEqual(shape(whole));
        expect(scaled.trades.map((trade) => trade.return)).toEqual(whole.trades.map((trade) => trade.return));
      }
    });
  });

  test('M5: times play no part in fills', () => {
    forSeeds((seed) => {
      const input = randomInput(profile, seed);
      const time = input.candles.time.map((ms) => ms + 17 * 60_000);
      expect(simulate({ ...input, candles: { ...input.candles, time } })).toEqual(simulate(input));
    });
  });

  test('M7: a higher fee or slippage leaves the trades in place and costs money', () => {
    forSeeds((seed) => {
      const sizing = { kind: 'equity-fraction', value: 1, sizeStep: 0, minSize: 0, minNotional: 0 } as const;
      const costs = { feeRate: 0.001, fixedFee: 0.01, slippage: 0.0005 };
      const input = withSettings(randomInput(profile, seed), { sizing, costs });
      const cheap = simulate(input);
      for (const name of ['feeRate', 'fixedFee', 'slippage'] as const) {
        const dear = simulate(withSettings(input, { costs: { ...costs, [name]: costs[name] * 1.5 } }));
        // An account that loses nearly everything may end elsewhere, or not be able to pay at all.
        if (cheap.ruined || dear.ruined || dear.skippedOrders > 0 || cheap.trades.length === 0) continue;
        expect(shape(dear)).toEqual(shape(cheap));
        expect(dear.finalEquity).toBeLessThan(cheap.finalEquity);
      }
    });
  });

  test('M8: without signals equity stays the initial cash', () => {
    forSeeds((seed) => {
      const input = randomInput(profile, seed);
      const idle = simulate({ ...input, signals: new Uint8Array(input.signals.length) });
      expect(idle.equity).toEqual(new Float64Array(input.signals.length).fill(1000));
      expect(idle).toMatchObject({ fills: [], trades: [], totalReturn: 0, exposedBars: 0 });
    });
  });

  test('M8: always long without costs is the price ratio', () => {
    forSeeds((seed) => {
      const { candles } = randomInput(profile, seed);
      const signals = new Uint8Array(candles.barCount).fill(ENTER_LONG);
      const base = randomInput(profile, seed).settings;
      const settings = { ...base, ...base.profile.defaults, barriers: {}, initialCash: 1000 };
      const { equity, fills } = simulate({ candles, signals, settings });
      const entry = profile === 'next-open' ? candles.open[1] : candles.close[0];
      expect(fills.length).toBe(1);
      for (let bar = fills[0].bar; bar < equity.length; bar++)
        near(equity[bar], (1000 * candles.close[bar]) / entry, 1e-12);
    });
  });

  test('M15: profits of the trades add up to the change of the equity', () => {
    forSeeds((seed) => {
      const { trades, equity, finalEquity, totalReturn, ruined } = simulate(randomInput(profile, seed));
      const last = equity.at(-1)!;
      near(finalEquity, last, 1e-9);
      near(1000 + sum(trades.map((trade) => trade.pnl)), last, 1e-9);
      near(totalReturn, last / 1000 - 1, 1e-9);
      if (ruined) expect(last).toBe(0);
    });
  });

  test('M16: the mirror image of a strategy loses what it wins', () => {
    forSeeds((seed) => {
      const costs = { feeRate: 0, fixedFee: 0, slippage: 0 };
      const sizing = { kind: 'fixed-units', value: 0.01, sizeStep: 0, minSize: 0, minNotional: 0 } as const;
      const prng = createPrng(seed);
      // One entry per bar at most, so that mirroring meets no conflict rule that favours a side.
      const signals = Uint8Array.from({ length: 120 }, () => [0, 0, 0, ENTER_LONG, ENTER_SHORT][prng.nextBelow(5)]);
      const candles = randomCandles(prng, signals.length, 0.01);
      const { settings } = withSettings(randomInput(profile, seed), { costs, sizing, barriers: {}, direction: 'both' });
      const mirrored = signals.map((flags) =>
        flags === ENTER_LONG ? ENTER_SHORT : flags === ENTER_SHORT ? ENTER_LONG : 0,
      );
      const won = simulate({ candles, signals, settings });
      const lost = simulate({ candles, signals: mirrored, settings });
      expect(lost.trades.length).toBe(won.trades.length);
      near(sum(lost.trades.map((trade) => trade.pnl)), -sum(won.trades.map((trade) => trade.pnl)), 1e-12);
    });
  });

  test('I5: equity is cash plus position times close, rebuilt from the fills', () => {
    forSeeds((seed) => {
      const input = randomInput(profile, seed);
      const { fills, equity, ruined } = simulate(input);
      let cash = 1000;
      let units = 0;
      let next = 0;
      const lastFill = fills.at(-1)?.bar ?? -1;
      for (let bar = 0; bar < equity.length; bar++) {
        for (; next < fills.length && fills[next].bar === bar; next++) {
          const { side, size, price, fee } = fills[next];
          const sign = side === 'buy' ? 1 : -1;
          cash -= sign * size * price + fee;
          units += sign * size;
        }
        const expected = ruined && bar >= lastFill ? 0 : cash + units * input.candles.close[bar];
        near(equity[bar], expected, 1e-9);
      }
    });
  });
});

// Random back-tests from a seed: candles, signals and settings that every profile under test accepts.
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import type {
  Barriers,
  Costs,
  Direction,
  SimulationInput,
  SimulationSettings,
  Sizing,
} from '../../src/simulate/simulation.ts';

export type TestedProfile = 'close' | 'next-open' | 'vectorbt';
export const TESTED_PROFILES: readonly TestedProfile[] = ['close', 'next-open', 'vectorbt'];

const MINUTE_MS = 60_000;
const DIRECTIONS: readonly Direction[] = ['long', 'short', 'both'];

const pick = <Item>(prng: Prng, items: readonly Item[]): Item => items[prng.nextBelow(items.length)];

/** A walk whose bars overlap, touch and gap, with wicks. */
export function randomCandles(prng: Prng, barCount: number, volatility: number): Candles {
  const columns = [0, 1, 2, 3, 4, 5].map(() => new Float64Array(barCount));
  const [time, open, high, low, close, volume] = columns;
  let price = 50 + 100 * prng.next();
  for (let bar = 0; bar < barCount; bar++) {
    const gap = prng.next() < 0.2 ? 1 + volatility * prng.nextNormal() : 1;
    time[bar] = bar * MINUTE_MS;
    open[bar] = price * gap;
    price = open[bar] * (1 + volatility * prng.nextNormal());
    close[bar] = price;
    high[bar] = Math.max(open[bar], price) * (1 + volatility * prng.next());
    low[bar] = Math.min(open[bar], price) * (1 - volatility * prng.next());
    volume[bar] = 1;
  }
  return createCandles(parseTimeframe('1m'), { time, open, high, low, close, volume });
}

export function randomSignals(prng: Prng, barCount: number): Uint8Array {
  const density = pick(prng, [0.02, 0.1, 0.4]);
  return Uint8Array.from({ length: barCount }, () => (prng.next() < density ? prng.nextBelow(16) : 0));
}

function randomCosts(prng: Prng): Costs {
  const some = (most: number): number => (prng.next() < 0.5 ? 0 : most * prng.next());
  return { feeRate: some(0.01), fixedFee: some(1), slippage: some(0.01) };
}

function randomSizing(prng: Prng, isVectorbt: boolean, direction: Direction): Sizing {
  const limits = { sizeStep: prng.next() < 0.3 ? 0.01 : 0, minSize: 1e-8, minNotional: 0 };
  // Under vectorbt rules a share of cash cannot reverse a position.
  const kinds = ['all', 'fixed-notional', 'fixed-units', ...(isVectorbt && direction === 'both' ? [] : ['share'])];
  switch (pick(prng, kinds)) {
    case 'fixed-notional':
      return { kind: 'fixed-notional', value: 300, ...limits };
    case 'fixed-units':
      return { kind: 'fixed-units', value: 2, ...limits };
    case 'share':
      return { kind: 'equity-fraction', value: 0.6, ...limits };
    default:
      return { kind: 'equity-fraction', value: 1, ...limits };
  }
}

function randomBarriers(prng: Prng, isVectorbt: boolean): Barriers {
  const distance = (): number | undefined => (prng.next() < 0.5 ? undefined : 0.002 + 0.05 * prng.next());
  const stopLoss = distance();
  return {
    stopLoss,
    takeProfit: distance(),
    trailingStop: isVectorbt && stopLoss !== undefined ? undefined : distance(),
    timeLimit: isVectorbt || prng.next() < 0.5 ? undefined : 1 + prng.nextBelow(20),
  };
}

/** One back-test of 40 to 160 bars. The same seed gives the same one. */
export function randomInput(profile: TestedProfile, seed: number): SimulationInput {
  const prng = createPrng(seed);
  const barCount = 40 + prng.nextBelow(121);
  const isVectorbt = profile === 'vectorbt';
  const direction = pick(prng, DIRECTIONS);
  return {
    candles: randomCandles(prng, barCount, pick(prng, [0.002, 0.01, 0.03])),
    signals: randomSignals(prng, barCount),
    settings: {
      profile: PROFILES[profile],
      direction,
      initialCash: 1000,
      costs: randomCosts(prng),
      sizing: randomSizing(prng, isVectorbt, direction),
      barriers: randomBarriers(prng, isVectorbt),
      closeAtEnd: false,
    },
  };
}

export const withSettings = (input: SimulationInput, settings: Partial<SimulationSettings>): SimulationInput => ({
  ...input,
  settings: { ...input.settings, ...settings },
});

/** Candles with every price column mapped bar by bar. */
export function mapPrices(candles: Candles, change: (price: number, bar: number) => number): Candles {
  const { open, high, low, close } = candles;
  return {
    ...candles,
    open: open.map(change),
    high: high.map(change),
    low: low.map(change),
    close: close.map(change),
  };
}

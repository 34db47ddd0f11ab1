// Random back-tests for the fast engine against the normative one: everything the fast engine says it covers.
import { createPrng, type Prng } from '../../src/core/prng.ts';
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import type { Barriers, Costs, Direction, SimulationInput, Sizing } from '../../src/simulate/simulation.ts';

export type CoveredProfile = 'close' | 'next-open' | 'vectorbt';
export const COVERED_PROFILES: readonly CoveredProfile[] = ['close', 'next-open', 'vectorbt'];

const pick = <Item>(prng: Prng, items: readonly Item[]): Item => items[prng.nextBelow(items.length)]!;

/** A walk with gaps at the open, stretches without a move, closes that repeat, and spikes that come back or stay. */
export function randomCandles(prng: Prng, barCount: number): Candles {
  const columns = [0, 1, 2, 3, 4, 5].map(() => new Float64Array(barCount));
  const [time, open, high, low, close, volume] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const volatility = pick(prng, [0.001, 0.005, 0.02, 0.06]);
  const ticks = pick(prng, [0, 10, 1000]);
  const snap = (price: number): number => (ticks === 0 ? price : Math.max(1, Math.round(price * ticks)) / ticks);
  let price = snap(20 + 200 * prng.next());
  let flat = 0;
  for (let bar = 0; bar < barCount; bar++) {
    if (flat === 0 && prng.next() < 0.02) flat = 1 + prng.nextBelow(40);
    const spike = prng.next() < 0.004 ? pick(prng, [0.5, 2, 3]) : 1;
    const gap = prng.next() < 0.2 ? 1 + volatility * prng.nextNormal() : 1;
    const moved = flat > 0 ? price : snap(Math.max(0.05, price * gap * spike));
    const next = flat > 0 ? price : snap(Math.max(0.05, moved * (1 + volatility * prng.nextNormal())));
    if (flat > 0) flat--;
    time[bar] = bar * 60_000;
    open[bar] = moved;
    close[bar] = next;
    high[bar] = flat > 0 ? Math.max(moved, next) : snap(Math.max(moved, next) * (1 + volatility * prng.next()));
    low[bar] = flat > 0 ? Math.min(moved, next) : snap(Math.min(moved, next) * (1 - volatility * prng.next()));
    high[bar] = Math.max(high[bar]!, moved, next);
    low[bar] = Math.min(low[bar]!, moved, next);
    volume[bar] = 1;
    price = spike !== 1 && prng.next() < 0.5 ? snap(Math.max(0.05, next / spike)) : next;
  }
  return createCandles(parseTimeframe('1m'), { time, open, high, low, close, volume });
}

function randomFlags(prng: Prng, barCount: number): Uint8Array {
  const density = pick(prng, [0.01, 0.05, 0.2, 0.6]);
  return Uint8Array.from({ length: barCount }, () => (prng.next() < density ? prng.nextBelow(16) : 0));
}

export function randomCosts(prng: Prng): Costs {
  const some = (most: number): number => (prng.next() < 0.5 ? 0 : most * prng.next());
  return { feeRate: some(0.005), fixedFee: some(pick(prng, [0.5, 30])), slippage: some(0.01) };
}

export function randomSizing(prng: Prng, profile: CoveredProfile, direction: Direction): Sizing {
  const sizeStep = prng.next() < 0.25 ? pick(prng, [0.01, 0.5, 1]) : 0;
  const isVectorbt = profile === 'vectorbt';
  const minNotional = !isVectorbt && prng.next() < 0.2 ? 250 : 0;
  const limits = { sizeStep, minSize: prng.next() < 0.2 ? 0.5 : isVectorbt ? 1e-8 : 0, minNotional };
  switch (
    pick(
      prng,
      isVectorbt && direction === 'both' ? ['all', 'notional', 'units'] : ['all', 'all', 'part', 'notional', 'units'],
    )
  ) {
    case 'notional':
      return { kind: 'fixed-notional', value: pick(prng, [300, 1500]), ...limits };
    case 'units':
      return { kind: 'fixed-units', value: pick(prng, [2, 12]), ...limits };
    case 'part':
      return { kind: 'equity-fraction', value: 0.1 + 0.8 * prng.next(), ...limits };
    default:
      return { kind: 'equity-fraction', value: 1, ...limits };
  }
}

export function randomBarriers(prng: Prng, profile: CoveredProfile): Barriers {
  if (prng.next() < 0.25) return {};
  const distance = (): number | undefined =>
    prng.next() < 0.5 ? undefined : pick(prng, [0.002, 0.01, 0.04]) * (0.5 + prng.next());
  const stopLoss = distance();
  const isVectorbt = profile === 'vectorbt';
  return {
    stopLoss,
    takeProfit: distance(),
    trailingStop: isVectorbt && stopLoss !== undefined ? undefined : distance(),
    timeLimit: isVectorbt || prng.next() < 0.6 ? undefined : 1 + prng.nextBelow(40),
  };
}

/** One back-test of 30 to 700 bars. The same seed gives the same one. */
export function randomCase(profile: CoveredProfile, seed: number): SimulationInput {
  const prng = createPrng(seed);
  const barCount = pick(prng, [30, 64, 129, 300, 700]) + prng.nextBelow(20);
  const direction = pick<Direction>(prng, ['long', 'short', 'both']);
  return {
    candles: randomCandles(prng, barCount),
    signals: randomFlags(prng, barCount),
    settings: {
      profile: PROFILES[profile],
      direction,
      initialCash: 1000,
      costs: randomCosts(prng),
      sizing: randomSizing(prng, profile, direction),
      barriers: randomBarriers(prng, profile),
      closeAtEnd: prng.next() < 0.3,
    },
  };
}

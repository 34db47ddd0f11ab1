// The seeded synthetic year: candles for a demonstration when no real ones can be had.
import type { Clock } from '../core/clock.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { CandleOrigin, LoadedCandles } from './candle-source.ts';

type SyntheticOrigin = Extract<CandleOrigin, { kind: 'synthetic' }>;

/** A year of 1-minute candles from 2024-01-01, a leap year, cut to 365 days. */
export const SYNTHETIC_YEAR: SyntheticOrigin = {
  kind: 'synthetic',
  seed: 1,
  bars: 525_600,
  from: Date.UTC(2024, 0, 1),
};

/** The same origin gives the same candles everywhere. */
export function syntheticMarket(origin: SyntheticOrigin, timeframe: string, clock: Clock): LoadedCandles {
  const startedMs = clock.monotonicMs();
  const candles = syntheticCandles({
    seed: origin.seed,
    timeframe: parseTimeframe(timeframe),
    barCount: origin.bars,
    startTime: origin.from,
    startPrice: 42_000,
  });
  return {
    candles,
    origin,
    label: 'SYNTHETIC candles',
    synthetic: true,
    quality: [`Synthetic: made from seed ${origin.seed}, not a market.`],
    loadMs: clock.monotonicMs() - startedMs,
  };
}

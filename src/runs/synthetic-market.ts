// The seeded synthetic year: candles for a demonstration when no real ones can be had.
import type { Clock } from '../core/clock.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { type CandleOrigin, type LoadedCandles, toTimeframe } from './candle-source.ts';

type SyntheticOrigin = Extract<CandleOrigin, { kind: 'synthetic' }>;

/** 365 days of 1-minute candles. */
export const SYNTHETIC_YEAR: SyntheticOrigin = {
  kind: 'synthetic',
  seed: 1,
  timeframe: '1m',
  bars: 525_600,
  from: Date.UTC(2025, 0, 1),
};

/** The same origin gives the same candles everywhere. */
export function syntheticMarket(origin: SyntheticOrigin, timeframe: string | undefined, clock: Clock): LoadedCandles {
  const startedMs = clock.monotonicMs();
  const made = syntheticCandles({
    seed: origin.seed,
    timeframe: parseTimeframe(origin.timeframe),
    barCount: origin.bars,
    startTime: origin.from,
    startPrice: 42_000,
  });
  const candles = toTimeframe(made, timeframe === undefined ? undefined : parseTimeframe(timeframe));
  return {
    candles,
    origin,
    label: 'SYNTHETIC candles',
    synthetic: true,
    quality: [`Synthetic: made from seed ${origin.seed}, not a market.`],
    loadMs: clock.monotonicMs() - startedMs,
  };
}

// Requests and windows over synthetic candles, for tests of sweeps.
import { performance } from 'node:perf_hooks';
import { NEVER_STOP } from '../src/core/cancel.ts';
import type { Clock } from '../src/core/clock.ts';
import type { Candles } from '../src/market/candles.ts';
import { syntheticCandles } from '../src/market/synthetic.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { type ProfileName, profileNamed } from '../src/simulate/profiles.ts';
import { BUILT_IN_STRATEGIES } from '../src/strategy/builtin/index.ts';
import type { SweepRequest } from '../src/sweep/request.ts';
import type { SweepHost } from '../src/sweep/run-sweep.ts';
import { createWindow } from '../src/sweep/window.ts';

export const testClock: Clock = { monotonicMs: () => performance.now(), wallMs: () => 0 };

export function testCandles(barCount: number, seed = 1, timeframe = '1m'): Candles {
  return syntheticCandles({
    seed,
    timeframe: parseTimeframe(timeframe),
    barCount,
    startTime: Date.UTC(2025, 0, 1),
    startPrice: 40_000,
    dailyVolatility: 0.08,
  });
}

/** A sweep of a built-in strategy with costs, over the axes given. */
export function testRequest(
  strategy: string,
  overrides: Partial<Omit<SweepRequest, 'profile'>> & { readonly profile?: ProfileName } = {},
): SweepRequest {
  const profile = profileNamed(overrides.profile ?? 'close');
  return {
    strategy: BUILT_IN_STRATEGIES[strategy]!,
    strategyHash: 'built-in',
    ...profile.defaults,
    costs: { feeRate: 0.001, fixedFee: 0, slippage: 0 },
    calendar: 'continuous',
    rank: 'totalReturn',
    top: 10,
    preselect: 5,
    seed: 1,
    ...overrides,
    profile,
  };
}

export function testHost(candles: Candles, overrides: Partial<SweepHost> = {}): SweepHost {
  return { window: createWindow(candles), stop: NEVER_STOP, clock: testClock, ...overrides };
}

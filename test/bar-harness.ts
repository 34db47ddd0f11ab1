// Runs bar strategies over hand-made or random candles, for tests.
import { type Candles, createCandles } from '../src/market/candles.ts';
import { parseTimeframe } from '../src/market/timeframe.ts';
import { type ProfileName, profileNamed } from '../src/simulate/profiles.ts';
import type { Barriers, Simulation, SimulationSettings } from '../src/simulate/simulation.ts';
import type { BarContext, BarInit } from '../src/strategy/bar-context.ts';
import { defineBarStrategy } from '../src/strategy/bar-strategy.ts';
import type { ParameterValues } from '../src/strategy/parameters.ts';
import type { Strategy } from '../src/strategy/strategy.ts';
import { createVariantRunner } from '../src/sweep/variant-runner.ts';
import { createWindow } from '../src/sweep/window.ts';

export type Bar = readonly [open: number, high: number, low: number, close: number];

export function candlesOf(bars: readonly Bar[], timeframe = '1m'): Candles {
  const stepMs = timeframe === '1h' ? 3_600_000 : 60_000;
  const column = (index: 0 | 1 | 2 | 3): Float64Array => Float64Array.from(bars, (bar) => bar[index]);
  return createCandles(parseTimeframe(timeframe), {
    time: Float64Array.from(bars, (_, i) => Date.UTC(2025, 0, 1) + i * stepMs),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: new Float64Array(bars.length).fill(1),
  });
}

export type Settings = Partial<Omit<SimulationSettings, 'profile'>> & { readonly profile?: ProfileName };

/** One run under our own profile; initial cash 1000, both directions and no costs unless said otherwise. */
export function runStrategy(
  strategy: Strategy,
  candles: Candles,
  settings: Settings = {},
  parameters: ParameterValues = {},
  fromMs?: number,
): Simulation {
  const profile = profileNamed(settings.profile ?? 'close');
  const { barriers = {}, ...rest } = settings;
  const own = { initialCash: 1000, direction: 'both', calendar: 'continuous' } as const;
  const execution = { ...profile.defaults, ...own, ...rest, profile };
  const window = createWindow(candles, fromMs === undefined ? {} : { fromMs });
  const runner = createVariantRunner({ strategy, execution, window, cacheBytes: 2 ** 26 });
  runner.select(parameters);
  return runner.run(barriers as Barriers);
}

/** A strategy that does at bar `n` what `steps[n]` says. */
export function scripted(steps: Readonly<Record<number, (context: BarContext) => void>>): Strategy {
  return defineBarStrategy({
    name: 'scripted',
    parameters: {},
    init: () => undefined,
    onBar: (context) => steps[context.bar]?.(context),
  });
}

/** A strategy of code alone. */
export function coded<State>(
  init: (context: BarInit) => State,
  onBar: (context: BarContext, state: State) => void,
): Strategy {
  return defineBarStrategy({ name: 'coded', parameters: {}, init, onBar });
}

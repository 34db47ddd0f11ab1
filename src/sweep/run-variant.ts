// One back-test in full: signals, fills, trades, equity and metrics of a single variant or of ready-made signals.
import { AppError } from '../core/errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { simulate } from '../simulate/simulate.ts';
import type { Barriers, Simulation } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { type ProfileMetrics, profileMetrics } from './profile-metrics.ts';
import type { ExecutionRequest } from './request.ts';
import { metricsOf, simulationSettings } from './score.ts';
import { createSignalSource } from './signals.ts';
import { warmUpBars } from './warm-up.ts';
import type { Window } from './window.ts';

export interface VariantRun {
  readonly metrics: Metrics;
  /** The profile's own metric set, where it names one besides the standard set. */
  readonly profileMetrics?: ProfileMetrics;
  readonly simulation: Simulation;
  /** Event flags per bar of the window. */
  readonly signals: Uint8Array;
}

/** Runs one variant of a strategy. Errors: GRID_INVALID for missing or unknown parameters, STRATEGY_FAILED. */
export function runVariant(
  request: ExecutionRequest & { readonly strategy: Strategy },
  window: Window,
  parameters: ParameterValues,
  barriers: Barriers,
): VariantRun {
  const { strategy } = request;
  const wanted = Object.keys(strategy.parameters);
  const wrong = [
    ...wanted.filter((name) => parameters[name] === undefined),
    ...Object.keys(parameters).filter((name) => !wanted.includes(name)),
  ];
  if (wrong.length > 0) {
    throw new AppError('GRID_INVALID', {
      rule: 'One run needs exactly one value for each parameter of its strategy.',
      found: `${wrong.join(', ')} missing or unknown.`,
      todo: `${strategy.name} takes ${wanted.map((name) => `--set ${name}=…`).join(' ') || 'no parameters'}.`,
    });
  }
  const { arithmetic } = request.profile;
  // One variant needs each of its columns once: nothing gains from a bound here.
  const source = createSignalSource({ strategy, arithmetic, window, cacheBytes: Number.MAX_SAFE_INTEGER });
  const warmUp = warmUpBars(strategy, arithmetic, parameters, window.history.timeframe);
  return runFlags(request, window, source.signals(parameters), barriers, Math.max(0, warmUp - window.from));
}

/** Runs ready-made event flags, one byte per bar of the window. */
export function runSignals(
  execution: ExecutionRequest,
  window: Window,
  signals: Uint8Array,
  barriers: Barriers,
): VariantRun {
  if (signals.length !== window.candles.barCount) {
    throw new AppError('SIGNALS_INVALID', {
      found: `${signals.length} signals for ${window.candles.barCount} bars.`,
      todo: 'Give one signal per bar of the window.',
    });
  }
  return runFlags(execution, window, signals, barriers, 0);
}

function runFlags(
  execution: ExecutionRequest,
  window: Window,
  signals: Uint8Array,
  barriers: Barriers,
  firstValueBar: number,
): VariantRun {
  const settings = simulationSettings(execution, barriers);
  const simulation = simulate({ candles: window.candles, signals, settings });
  const own = profileMetrics(simulation, execution, window, firstValueBar);
  const metrics = metricsOf(simulation, execution, window);
  return { metrics, ...(own === undefined ? {} : { profileMetrics: own }), simulation, signals };
}

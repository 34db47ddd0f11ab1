// One back-test in full: signals, fills, trades, equity and metrics of a single variant or of ready-made signals.
import { AppError } from '../core/errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { simulate } from '../simulate/simulate.ts';
import type { Barriers, Simulation } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { simulationSettings } from './execution-settings.ts';
import { type ProfileMetrics, profileMetrics } from './profile-metrics.ts';
import type { ExecutionRequest } from './request.ts';
import { metricsOf } from './score.ts';
import { createVariantRunner } from './variant-runner.ts';
import type { Window } from './window.ts';

export interface VariantRun {
  readonly metrics: Metrics;
  /** The profile's own metric set, where it names one besides the standard set. */
  readonly profileMetrics?: ProfileMetrics;
  readonly simulation: Simulation;
  /** Event flags per bar of the window; undefined where the strategy places its own orders. */
  readonly signals: Uint8Array | undefined;
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
  // One variant needs each of its columns once: nothing gains from a bound here.
  const runner = createVariantRunner({ strategy, execution: request, window, cacheBytes: Number.MAX_SAFE_INTEGER });
  runner.select(parameters);
  const simulation = runner.run(barriers);
  return withMetrics(request, window, simulation, runner.profileMetrics(simulation), runner.signals);
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
  const settings = simulationSettings(execution, barriers);
  const simulation = simulate({ candles: window.candles, signals, settings });
  return withMetrics(execution, window, simulation, profileMetrics(simulation, execution, window, 0), signals);
}

function withMetrics(
  execution: ExecutionRequest,
  window: Window,
  simulation: Simulation,
  own: ProfileMetrics | undefined,
  signals: Uint8Array | undefined,
): VariantRun {
  const metrics = metricsOf(simulation, execution, window);
  return { metrics, ...(own === undefined ? {} : { profileMetrics: own }), simulation, signals };
}

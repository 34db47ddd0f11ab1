// Runs variants of any kind of strategy on the normative engine: signals once per set of parameters, then any barriers.
import { AppError } from '../core/errors.ts';
import { simulate } from '../simulate/simulate.ts';
import type { Barriers, Simulation } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { barRunner } from './bar-runner.ts';
import type { ColumnStats } from './columns.ts';
import { simulationSettings } from './execution-settings.ts';
import type { Grid } from './grid.ts';
import { type ProfileMetrics, profileMetrics } from './profile-metrics.ts';
import type { ExecutionRequest } from './request.ts';
import { createSignalSource } from './signals.ts';
import { warmUpBars } from './warm-up.ts';
import type { Window } from './window.ts';

/** Runs one variant after the other over one window. What it gives back is reused by the next call. */
export interface VariantRunner {
  /** Chooses the parameters of the runs to come. Errors: STRATEGY_FAILED. */
  select(parameters: ParameterValues): void;
  run(barriers: Barriers): Simulation;
  /** The profile's own metrics of the last run, where it names a set besides the standard one. */
  profileMetrics(simulation: Simulation): ProfileMetrics | undefined;
  /** Event flags per bar of the window; undefined where the strategy places its own orders. */
  readonly signals: Uint8Array | undefined;
  readonly stats: ColumnStats;
}

export interface VariantRunnerOptions {
  readonly strategy: Strategy;
  readonly execution: ExecutionRequest;
  readonly window: Window;
  /** Tells which values several variants share; a grid of one when left out. */
  readonly grid?: Grid;
  /** Most bytes of finished columns that are kept. */
  readonly cacheBytes: number;
  /** A buffer of one value per bar for the equity of each run; every run has its own when left out. */
  readonly equity?: Float64Array;
}

export function createVariantRunner(options: VariantRunnerOptions): VariantRunner {
  const { program, name } = options.strategy;
  if (program === undefined) return signalRunner(options);
  if (program.kind === 'bars') return barRunner(options, program);
  throw new AppError('STRATEGY_INVALID', {
    found: `${name}, a strategy of the kind "${program.kind}".`,
    todo: 'Give signals or compute.',
  });
}

function signalRunner(options: VariantRunnerOptions): VariantRunner {
  const { strategy, execution, window, equity } = options;
  const { arithmetic } = execution.profile;
  const source = createSignalSource({ ...options, arithmetic });
  let selected: ParameterValues = {};
  let signals: Uint8Array | undefined;
  return {
    select(parameters) {
      selected = parameters;
      signals = source.signals(parameters);
    },
    run(barriers) {
      const settings = simulationSettings(execution, barriers);
      return simulate({ candles: window.candles, signals: signals!, settings, equity });
    },
    profileMetrics(simulation) {
      const warmUp = warmUpBars(strategy, arithmetic, selected, window.history.timeframe);
      return profileMetrics(simulation, execution, window, Math.max(0, warmUp - window.from));
    },
    get signals() {
      return signals;
    },
    get stats() {
      return source.stats;
    },
  };
}

// What a runner of variants is told and what it gives back, whatever kind of strategy it runs.
import type { Barriers, Simulation } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { ColumnStats } from './columns.ts';
import type { Grid } from './grid.ts';
import type { ProfileMetrics } from './profile-metrics.ts';
import type { ExecutionRequest } from './request.ts';
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

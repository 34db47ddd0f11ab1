// Scoring variants by their values instead of by their place in a grid: for programs, and for one variant alone.
import type { KernelProvider } from '../kernels/kernels.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { createFastScorer } from './fast-scorer.ts';
import { engineFor } from './fast-settings.ts';
import { createGrid, RISK_PARAMETERS } from './grid.ts';
import { planSweep } from './plan.ts';
import type { ExecutionRequest } from './request.ts';
import { runVariant } from './run-variant.ts';
import { metricsFromRow } from './score.ts';
import type { Window } from './window.ts';

export interface ScoringStage extends ExecutionRequest {
  readonly strategy: Strategy;
  /** The fastest twin this runtime has when left out. */
  readonly provider?: KernelProvider;
}

/**
 * Metrics of every selection under every set of barriers, barriers fastest: on the fast engine where it covers them, on
 * the normative one otherwise. Errors: GRID_INVALID for missing or unknown parameters, STRATEGY_FAILED, REQUEST_INVALID.
 */
export function scoreVariantsBatch(
  stage: ScoringStage,
  window: Window,
  selections: readonly ParameterValues[],
  riskParams: readonly Barriers[] = [{}],
): Metrics[] {
  const { strategy, provider } = stage;
  const grid = createGrid({ strategy, arithmetic: stage.profile.arithmetic });
  const used = RISK_PARAMETERS.filter((name) => riskParams.some((barriers) => barriers[name] !== undefined));
  const riskAxes = used.map((name) => ({ name, values: [] }));
  if (engineFor(stage, { riskAxes }, window.candles).engine === 'normative') {
    return selections.flatMap((parameters) =>
      riskParams.map((barriers) => runVariant(stage, window, parameters, barriers).metrics),
    );
  }
  const { cacheBytes } = planSweep(strategy, grid, window, { engine: 'fast' });
  const scorer = createFastScorer({ strategy, execution: stage, grid, window, cacheBytes, engine: 'fast', provider });
  const rows = scorer.scoreVariants(selections, riskParams);
  return Array.from({ length: selections.length * riskParams.length }, (_, row) => metricsFromRow(rows, row));
}

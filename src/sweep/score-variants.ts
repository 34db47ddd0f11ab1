// Scoring variants by their values instead of by their place in a grid: for programs, and for one variant alone.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { KernelProvider } from '../kernels/kernels.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { createFastScorer } from './fast-scorer.ts';
import { engineFor } from './fast-settings.ts';
import { baseIndexOf, createGrid, RISK_PARAMETERS } from './grid.ts';
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
  const { arithmetic } = stage.profile;
  const used = RISK_PARAMETERS.filter((name) => riskParams.some((barriers) => barriers[name] !== undefined));
  const riskAxes = used.map((name) => ({ name, values: [] }));
  if (selections.length === 0) return [];
  if (engineFor(stage, { riskAxes }, window.candles).engine === 'normative') {
    return selections.flatMap((parameters) =>
      riskParams.map((barriers) => runVariant(stage, window, parameters, barriers).metrics),
    );
  }
  const parameters = valuesOf(strategy, selections);
  const points = Object.values(parameters).reduce((product, { values }) => product * values.length, 1);
  if (points > LIMITS.gridPointsMax) {
    // The values of so many selections span a grid that cannot be numbered; those of half of them may.
    const half = selections.length >> 1;
    const score = (some: readonly ParameterValues[]) => scoreVariantsBatch(stage, window, some, riskParams);
    return [...score(selections.slice(0, half)), ...score(selections.slice(half))];
  }
  const grid = createGrid({ strategy, arithmetic, parameters });
  const { cacheBytes } = planSweep(strategy, grid, window, { engine: 'fast' });
  const scorer = createFastScorer({ strategy, execution: stage, grid, window, cacheBytes, engine: 'fast', provider });
  const baseIndices = selections.map((parameters) => baseIndexOf(grid, parameters));
  const rows = scorer.scoreVariants(baseIndices, riskParams);
  return Array.from({ length: selections.length * riskParams.length }, (_, row) => metricsFromRow(rows, row));
}

/** The values that each parameter takes in `selections`, each once. Errors: GRID_INVALID. */
function valuesOf(strategy: Strategy, selections: readonly ParameterValues[]): Record<string, Axis> {
  const names = Object.keys(strategy.parameters);
  for (const parameters of selections) {
    const given = Object.keys(parameters);
    if (given.length === names.length && names.every((name) => typeof parameters[name] === 'number')) continue;
    throw new AppError('GRID_INVALID', {
      rule: 'A selection has one value for each parameter of the strategy.',
      found: JSON.stringify(parameters),
      todo: `${strategy.name} has: ${names.join(', ') || 'none'}.`,
    });
  }
  return Object.fromEntries(
    names.map((name) => [name, { values: [...new Set(selections.map((parameters) => parameters[name]!))] }]),
  );
}

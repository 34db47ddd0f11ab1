// How many bars a strategy needs before its first value, from the warm-up of each indicator it is built on.
import { AppError } from '../core/errors.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import { checkParams, INDICATORS } from '../indicators/registry.ts';
import { type Timeframe, timeframeMs } from '../market/timeframe.ts';
import { checkModelParams, modelWarmUp } from '../models/model-column.ts';
import type { Column } from '../strategy/expression.ts';
import type { ParameterValues, Scalar } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { collectGraph } from './graph.ts';
import { type ExpressionNode, isConditionNode } from './graph-node.ts';
import type { Grid } from './grid.ts';
import { declaredGraph } from './program-graph.ts';
import type { Window } from './window.ts';

/** Bars of the base timeframe without a value, the longest over all columns of the strategy. 0 for functions and controllers. */
export function warmUpBars(
  strategy: Strategy,
  arithmetic: Arithmetic,
  parameters: ParameterValues,
  base: Timeframe,
): number {
  const number = (scalar: Scalar): number =>
    typeof scalar === 'number' ? scalar : (parameters[scalar.parameter] ?? Number.NaN);
  /** In bars of the column's own timeframe. */
  const own = (column: Column): number => {
    const inputs = 'inputs' in column ? Math.max(0, ...column.inputs.map(own)) : 0;
    if (column.kind === 'model') return inputs + modelWarmUp(column.model, column.params.map(number));
    if (column.kind === 'lag') return inputs + number(column.bars);
    if (column.kind !== 'indicator') return inputs;
    return inputs + INDICATORS[column.indicator].warmUp(column.params.map(number), arithmetic);
  };
  let longest = 0;
  for (const column of columnsOf(strategy, parameters)) {
    const ratio = column.timeframe === 'base' ? 1 : timeframeMs(column.timeframe) / timeframeMs(base);
    longest = Math.max(longest, Math.ceil(own(column) * ratio));
  }
  return longest;
}

function columnsOf(strategy: Strategy, parameters: ParameterValues): Column[] {
  const nodes =
    strategy.program?.kind === 'bars'
      ? nodesOfProgram(strategy, strategy.program, parameters)
      : [...collectGraph(strategy).values()].map(({ node }) => node);
  return nodes.filter((node) => !isConditionNode(node));
}

/** None where init fails: that shows when the variant is run. */
function nodesOfProgram(strategy: Strategy, program: BarProgram, parameters: ParameterValues): ExpressionNode[] {
  try {
    return [...declaredGraph(strategy, program, parameters).values()];
  } catch {
    return [];
  }
}

/**
 * Checks every value of the grid's axes against the indicators and models that use it, before anything is computed.
 * Errors: REQUEST_INVALID.
 */
export function checkIndicatorParameters(strategy: Strategy, grid: Grid): void {
  // The columns of a bar strategy have numbers for parameters, each checked when its variant runs.
  if (strategy.program !== undefined) return;
  const valuesOf = (scalar: Scalar): readonly number[] =>
    typeof scalar === 'number' ? [scalar] : grid.axes.find((axis) => axis.name === scalar.parameter)!.values;
  for (const { node } of collectGraph(strategy).values()) {
    if (node.kind !== 'indicator' && node.kind !== 'model') continue;
    const first = node.params.map((param) => valuesOf(param)[0]!);
    node.params.forEach((param, n) => {
      for (const value of valuesOf(param)) {
        const values = first.with(n, value);
        if (node.kind === 'model') checkModelParams(node.model, values);
        else checkParams(INDICATORS[node.indicator], values);
      }
    });
  }
}

/**
 * Refuses a grid in which no variant could ever have a signal, because even the shortest warm-up outlasts the candles.
 * Looks at the smallest value of each axis. Errors: HISTORY_TOO_SHORT.
 */
export function checkHistory(strategy: Strategy, grid: Grid, window: Window): void {
  const smallest = Object.fromEntries(
    grid.axes.map((axis) => [axis.name, axis.values.reduce((a, b) => Math.min(a, b))]),
  );
  const needed = warmUpBars(strategy, grid.arithmetic, smallest, window.history.timeframe) + 1;
  if (window.history.barCount >= needed) return;
  throw new AppError('HISTORY_TOO_SHORT', {
    found: `${window.history.barCount} candles; ${strategy.name} has its first value after ${needed}.`,
    todo: 'Use more candles, an earlier --from, or shorter lengths.',
  });
}

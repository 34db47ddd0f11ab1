// The grid of a sweep: mixed-radix index <-> parameters, canonical keys, lazily enumerated variants.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { RiskAxes, Strategy } from '../strategy/strategy.ts';

export const RISK_PARAMETERS = ['stopLoss', 'takeProfit', 'trailingStop', 'timeLimit'] as const;
export type RiskParameter = (typeof RISK_PARAMETERS)[number];

interface GridAxis {
  readonly name: string;
  readonly values: readonly number[];
}

/**
 * Base variants are points of the strategy's parameters, in mixed radix with the LAST declared parameter fastest; risk
 * points likewise over stop-loss, take-profit, trailing stop, time limit. Nothing is listed: an index is decoded on demand.
 */
export interface Grid {
  readonly strategyName: string;
  readonly arithmetic: Arithmetic;
  readonly axes: readonly GridAxis[];
  readonly riskAxes: readonly GridAxis[];
  /** Points before the constraint. */
  readonly basePoints: number;
  /** 1 when no barrier is asked for. */
  readonly riskPoints: number;
  readonly constraint: Strategy['constraint'];
}

export interface GridInput {
  readonly strategy: Strategy;
  readonly arithmetic: Arithmetic;
  /** Replaces the strategy's own axes by name. */
  readonly parameters?: Readonly<Record<string, Axis>>;
  /** Replaces the strategy's own risk axes by name. */
  readonly risk?: RiskAxes;
}

/** Validates axes and builds the grid. Errors: GRID_INVALID, GRID_TOO_LARGE. */
export function createGrid(input: GridInput): Grid {
  const { strategy } = input;
  for (const name of Object.keys(input.parameters ?? {})) {
    if (!Object.hasOwn(strategy.parameters, name)) {
      const known = Object.keys(strategy.parameters).join(', ') || 'none';
      throw new AppError('GRID_INVALID', {
        rule: 'A grid axis must be a parameter of the strategy.',
        found: `"${name}".`,
        todo: `${strategy.name} has: ${known}.`,
      });
    }
  }
  const axes = Object.entries(strategy.parameters).map(([name, axis]) => ({
    name,
    values: (input.parameters?.[name] ?? axis).values,
  }));
  const risk: RiskAxes = { ...strategy.risk, ...input.risk };
  const riskAxes: GridAxis[] = [];
  for (const name of RISK_PARAMETERS) {
    const axis = risk[name];
    if (axis !== undefined) riskAxes.push({ name, values: checkedRisk(name, axis).values });
  }
  const points = (list: readonly GridAxis[]): number => list.reduce((product, axis) => product * axis.values.length, 1);
  const basePoints = points(axes);
  const riskPoints = points(riskAxes);
  if (basePoints * riskPoints > LIMITS.gridPointsMax) {
    throw new AppError('GRID_TOO_LARGE', {
      found: `${(basePoints * riskPoints).toLocaleString('en')} points; the limit is ${LIMITS.gridPointsMax.toLocaleString('en')}.`,
      todo: 'Use larger steps or fewer parameters.',
    });
  }
  const { constraint } = strategy;
  return {
    strategyName: strategy.name,
    arithmetic: input.arithmetic,
    axes,
    riskAxes,
    basePoints,
    riskPoints,
    constraint,
  };
}

/** Errors: GRID_INVALID. */
export function checkedRisk(name: RiskParameter, axis: Axis): Axis {
  const isBars = name === 'timeLimit';
  for (const value of axis.values) {
    const valid = isBars ? Number.isInteger(value) && value >= 0 : value >= 0 && (name === 'takeProfit' || value < 1);
    if (!valid) {
      throw new AppError('GRID_INVALID', {
        rule: isBars ? 'A time limit is a whole number of bars.' : 'A barrier is a fraction of the entry price.',
        found: `${name} = ${value}.`,
        todo: isBars ? 'Write for example 60, or 0 for none.' : 'Write 0.02 for 2 %, or 0 for none.',
      });
    }
  }
  return axis;
}

/** Decodes a base index in [0, basePoints) into parameter values. */
export function parametersAt(grid: Pick<Grid, 'axes'>, baseIndex: number): ParameterValues {
  return decode(grid.axes, baseIndex);
}

/** The base index of parameter values that lie on the grid: the inverse of parametersAt. */
export function baseIndexOf(grid: Pick<Grid, 'axes'>, parameters: ParameterValues): number {
  return grid.axes.reduce((index, { name, values }) => {
    const digit = values.indexOf(parameters[name]!);
    assert(digit >= 0, `the value of ${name} lies on its axis`);
    return index * values.length + digit;
  }, 0);
}

/** Decodes a risk index in [0, riskPoints) into barriers; 0 on an axis leaves that barrier off. */
export function barriersAt(grid: Grid, riskIndex: number): Barriers {
  return barriersOf(decode(grid.riskAxes, riskIndex));
}

/** Barriers from values by name, leaving out those that are 0 or absent. */
export function barriersOf(values: Readonly<Partial<Record<RiskParameter, number>>>): Barriers {
  const barriers: Partial<Record<RiskParameter, number>> = {};
  for (const name of RISK_PARAMETERS) {
    const value = values[name];
    if (value !== undefined && value !== 0) barriers[name] = value;
  }
  return barriers;
}

/** In declaration order, so that tables list parameters as the strategy does. */
function decode(axes: readonly GridAxis[], index: number): Record<string, number> {
  const decoded: Record<string, number> = {};
  let stride = 1;
  for (const { values } of axes) stride *= values.length;
  let rest = index;
  for (const { name, values } of axes) {
    stride /= values.length;
    const digit = Math.floor(rest / stride);
    rest -= digit * stride;
    decoded[name] = values[digit]!;
  }
  return decoded;
}

/** Whether a base index satisfies the constraint, if there is one. Errors: STRATEGY_FAILED when the constraint throws. */
export function meetsConstraint(grid: Grid, baseIndex: number): boolean {
  return grid.constraint === undefined || satisfiesConstraint(grid, parametersAt(grid, baseIndex));
}

/** Whether a base variant is part of the grid. Errors: STRATEGY_FAILED when the constraint throws. */
export function satisfiesConstraint(grid: Grid, parameters: ParameterValues): boolean {
  if (grid.constraint === undefined) return true;
  try {
    return grid.constraint(parameters);
  } catch (cause) {
    throw new AppError('STRATEGY_FAILED', {
      found: `the constraint of ${grid.strategyName} threw for ${canonical(parameters)}: ${String(cause)}.`,
      todo: 'Make the constraint return true or false for every combination.',
      cause,
    });
  }
}

const canonical = (values: object): string =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** Identity of what the indicators of a variant compute: strategy, arithmetic, parameters sorted by name. */
export function indicatorVariantKey(
  grid: Pick<Grid, 'strategyName' | 'arithmetic'>,
  parameters: ParameterValues,
): string {
  return `${grid.strategyName}|${grid.arithmetic}|${canonical(parameters)}`;
}

/** Identity of a variant: the indicator variant key, and the barriers that are on. */
export function variantKey(
  grid: Pick<Grid, 'strategyName' | 'arithmetic'>,
  parameters: ParameterValues,
  barriers: Barriers,
): string {
  const risk = canonical(barriers);
  const base = indicatorVariantKey(grid, parameters);
  return risk === '' ? base : `${base}|${risk}`;
}

// What a fenced process tells of its strategy, so that the process that plans the sweep need not run it.
import { declaredNodes } from '../bars/declared-nodes.ts';
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { BarsDescription, DescribeRequest, StrategyDescription } from '../pool/messages.ts';
import type { Column, Condition } from '../strategy/expression.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import { isStrategy, type Strategy } from '../strategy/strategy.ts';
import { createGrid, type Grid, meetsConstraint, parametersAt } from '../sweep/grid.ts';
import { neighbours } from '../sweep/program-graph.ts';

/** Errors: STRATEGY_INVALID, STRATEGY_FAILED from the constraint, LIMIT_EXCEEDED, and those of createGrid. */
export function describeStrategy(strategy: unknown, { parameters }: DescribeRequest): StrategyDescription {
  if (!isStrategy(strategy)) {
    throw new AppError('STRATEGY_INVALID', {
      found: 'a file without a strategy as its default export.',
      todo: 'Write: export default defineStrategy({ ... }).',
    });
  }
  const { program } = strategy;
  if (program?.kind === 'controller') {
    throw new AppError('STRATEGY_INVALID', {
      found: `${strategy.name}, a controller made by a strategy file.`,
      todo: 'Name the configuration of the controller itself, its .yml.',
    });
  }
  const { name, description, risk, signals } = strategy;
  return {
    name,
    description,
    parameters: strategy.parameters,
    risk,
    // Functions of columns stay here; what is left is plain data.
    signals:
      signals === undefined ? undefined : (withoutFunctions(signals, new Map()) as StrategyDescription['signals']),
    bars: program === undefined ? undefined : describeBars(strategy, program, parameters),
    allowed: strategy.constraint === undefined ? undefined : allowedPoints(strategy, parameters),
  };
}

/** What init declares at the points that plans and notes look at, and at all of a small grid. Where it fails is left out. */
function describeBars(
  { name, parameters: own }: Strategy,
  program: BarProgram,
  given: DescribeRequest['parameters'],
): BarsDescription {
  const axes = Object.entries(own).map(([axis, { values }]) => ({ name: axis, values: given[axis]?.values ?? values }));
  // Parts that points share are sent once.
  const [nodes, copies] = [new Map<string, unknown>(), new Map<object, unknown>()];
  const points = [...plannedPoints(own, axes)].flatMap((parameters) => {
    try {
      const declared = declaredNodes(program, name, parameters, parseTimeframe('1m')).map((node) => {
        if (!nodes.has(node.key)) nodes.set(node.key, withoutFunctions(node, copies));
        return nodes.get(node.key) as Column | Condition;
      });
      return [{ parameters, declared }];
    } catch {
      return [];
    }
  });
  return { models: withoutFunctions(program.models, copies) as BarsDescription['models'], points };
}

function* plannedPoints(own: Strategy['parameters'], axes: Grid['axes']): Generator<ParameterValues> {
  const { first, changed } = neighbours(own);
  yield first;
  for (const { parameters } of changed) yield parameters;
  const ends = (end: (...values: number[]) => number) =>
    Object.fromEntries(axes.map(({ name, values }) => [name, values.reduce((a, b) => end(a, b))]));
  yield ends(Math.min);
  yield ends(Math.max);
  const grid = { axes, basePoints: axes.reduce((product, { values }) => product * values.length, 1) };
  if (grid.basePoints > LIMITS.fencedInitsMax) return;
  for (let i = 0; i < grid.basePoints; i++) yield parametersAt(grid, i);
}

/** One bit per point of the grid: whether the constraint lets it be. */
function allowedPoints(strategy: Strategy, parameters: DescribeRequest['parameters']): Uint8Array {
  const known = Object.fromEntries(
    Object.entries(parameters).filter(([name]) => Object.hasOwn(strategy.parameters, name)),
  );
  const grid = createGrid({ strategy, arithmetic: 'standard', parameters: known });
  if (grid.basePoints > LIMITS.fencedPointsMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: 'With --isolate process a constraint is asked about every point of the grid beforehand.',
      found: `${grid.basePoints.toLocaleString('en')} points; the limit is ${LIMITS.fencedPointsMax.toLocaleString('en')}.`,
      todo: 'Use larger steps, or leave the constraint out.',
    });
  }
  const allowed = new Uint8Array(Math.ceil(grid.basePoints / 8));
  for (let i = 0; i < grid.basePoints; i++) if (meetsConstraint(grid, i)) allowed[i >> 3]! |= 1 << (i & 7);
  return allowed;
}

/** A copy without members that are functions; parts that are shared stay shared. */
function withoutFunctions(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const copy: unknown[] | Record<string, unknown> = Array.isArray(value) ? [] : {};
  copies.set(value, copy);
  for (const [name, member] of Object.entries(value)) {
    assert(name !== '__proto__', 'members of expressions have plain names');
    if (typeof member !== 'function') (copy as Record<string, unknown>)[name] = withoutFunctions(member, copies);
  }
  return copy;
}

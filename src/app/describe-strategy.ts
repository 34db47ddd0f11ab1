// What a fenced process tells of its strategy, so that the process that plans the sweep need not run it.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { DescribeRequest, StrategyDescription } from '../pool/messages.ts';
import { isStrategy, type Strategy } from '../strategy/strategy.ts';
import { createGrid, meetsConstraint } from '../sweep/grid.ts';

/** Errors: STRATEGY_INVALID, REQUEST_INVALID for programs, STRATEGY_FAILED from the constraint, LIMIT_EXCEEDED, and those of createGrid. */
export function describeStrategy(strategy: unknown, { parameters }: DescribeRequest): StrategyDescription {
  if (!isStrategy(strategy)) {
    throw new AppError('STRATEGY_INVALID', {
      found: 'a file without a strategy as its default export.',
      todo: 'Write: export default defineStrategy({ ... }).',
    });
  }
  if (strategy.program !== undefined) {
    throw new AppError('REQUEST_INVALID', {
      rule: '--isolate process runs strategies that give signals.',
      found: `${strategy.name}, which places orders by itself.`,
      todo: 'Run it with --isolate thread, if you have read it.',
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
    allowed: strategy.constraint === undefined ? undefined : allowedPoints(strategy, parameters),
  };
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

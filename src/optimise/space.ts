// The space of a study: axes of values, points as places on them, which points the constraint allows.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Prng } from '../core/prng.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { RiskAxes, Strategy } from '../strategy/strategy.ts';
import { barriersOf, RISK_PARAMETERS, satisfiesConstraint, variantKey } from '../sweep/grid.ts';
import { SOBOL_DIMENSIONS_MAX } from './sobol.ts';

export interface SearchAxis {
  readonly name: string;
  /** In an order in which neighbours are alike. */
  readonly values: readonly number[];
}

/** A place on each axis, as an index of its values. Parameters come first, then barriers. */
export type Point = readonly number[];

export interface Space {
  readonly strategyName: string;
  readonly arithmetic: Arithmetic;
  readonly axes: readonly SearchAxis[];
  /** How many of the axes are parameters of the strategy; the others are barriers. */
  readonly parameterCount: number;
  /** Points before the constraint; beyond 2^53 no longer exact. */
  readonly points: number;
  readonly constraint: Strategy['constraint'];
}

/** Errors: GRID_INVALID for an unknown axis, LIMIT_EXCEEDED for more axes than can be searched. */
export function createSpace(input: {
  readonly strategy: Strategy;
  readonly arithmetic: Arithmetic;
  readonly parameters: Readonly<Record<string, Axis>>;
  readonly risk: RiskAxes;
}): Space {
  const { strategy, parameters } = input;
  const risk: RiskAxes = { ...strategy.risk, ...input.risk };
  const unknown = Object.keys(parameters).find((name) => !Object.hasOwn(strategy.parameters, name));
  if (unknown !== undefined) {
    throw new AppError('GRID_INVALID', {
      rule: 'An axis must be a parameter of the strategy.',
      found: `"${unknown}".`,
      todo: `${strategy.name} has: ${Object.keys(strategy.parameters).join(', ') || 'none'}.`,
    });
  }
  const axes: SearchAxis[] = Object.entries(strategy.parameters).map(([name, axis]) => ({
    name,
    values: (parameters[name] ?? axis).values,
  }));
  const parameterCount = axes.length;
  for (const name of RISK_PARAMETERS) {
    const axis = risk[name];
    if (axis !== undefined) axes.push({ name, values: axis.values });
  }
  if (axes.length === 0 || axes.length > SOBOL_DIMENSIONS_MAX) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: `A study searches 1 to ${SOBOL_DIMENSIONS_MAX} axes, parameters and barriers together.`,
      found: `${axes.length}.`,
      todo: 'Give some of the parameters one value each in the strategy file.',
    });
  }
  return {
    strategyName: strategy.name,
    arithmetic: input.arithmetic,
    axes,
    parameterCount,
    points: axes.reduce((product, { values }) => product * values.length, 1),
    constraint: strategy.constraint,
  };
}

export const pointKey = (point: Point): string => point.join(',');

export function parametersOf(space: Space, point: Point): ParameterValues {
  const values: Record<string, number> = {};
  for (let a = 0; a < space.parameterCount; a++) values[space.axes[a]!.name] = space.axes[a]!.values[point[a]!]!;
  return values;
}

export function barriersAt(space: Space, point: Point): Barriers {
  const values: Record<string, number> = {};
  for (let a = space.parameterCount; a < space.axes.length; a++) {
    values[space.axes[a]!.name] = space.axes[a]!.values[point[a]!]!;
  }
  return barriersOf(values);
}

export const variantKeyOf = (space: Space, point: Point): string =>
  variantKey(space, parametersOf(space, point), barriersAt(space, point));

/** Errors: STRATEGY_FAILED when the constraint throws. */
export function allows(space: Space, point: Point): boolean {
  const { strategyName, arithmetic, constraint } = space;
  if (constraint === undefined) return true;
  // A grid's test of the constraint reads nothing else of it.
  const grid = { strategyName, arithmetic, axes: [], riskAxes: [], basePoints: 0, riskPoints: 0, constraint };
  return satisfiesConstraint(grid, parametersOf(space, point));
}

/** The point of a place in [0, 1) on each axis. */
export const pointOfUnit = ({ axes }: Space, unit: ArrayLike<number>): number[] =>
  axes.map(({ values }, a) => Math.min(values.length - 1, Math.floor(unit[a]! * values.length)));

export const randomPoint = ({ axes }: Space, prng: Prng): number[] =>
  axes.map(({ values }) => prng.nextBelow(values.length));

/** Point number `index` of [0, points), the last axis fastest. */
export function pointAt({ axes }: Space, index: number): number[] {
  const point = new Array<number>(axes.length);
  let rest = index;
  for (let a = axes.length - 1; a >= 0; a--) {
    const { length } = axes[a]!.values;
    point[a] = rest % length;
    rest = Math.floor(rest / length);
  }
  return point;
}

/** The point whose values come nearest to these; an axis that is not named is taken in its middle. */
export function nearestPoint({ axes }: Space, values: Readonly<Record<string, number>>): number[] {
  return axes.map((axis) => {
    const wanted = values[axis.name];
    if (wanted === undefined) return axis.values.length >> 1;
    let best = 0;
    axis.values.forEach((value, i) => {
      if (Math.abs(value - wanted) < Math.abs(axis.values[best]! - wanted)) best = i;
    });
    return best;
  });
}

/** Points that a study has proposed: none is tried twice on the same window. */
export class Visited {
  readonly #space: Space;
  readonly #keys = new Set<string>();
  /** Points before this one were all looked at in order. */
  #cursor = 0;

  constructor(space: Space) {
    this.#space = space;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Whether the point is new and allowed; then it is taken. */
  take(point: Point): boolean {
    const key = pointKey(point);
    if (this.#keys.has(key) || !allows(this.#space, point)) return false;
    this.#keys.add(key);
    return true;
  }

  /** The first of `candidates` that is new and allowed, within the limit of tries. */
  first(candidate: (attempt: number) => Point | undefined, triesMax: number): Point | undefined {
    for (let attempt = 0; attempt < triesMax; attempt++) {
      const point = candidate(attempt);
      if (point === undefined) return undefined;
      if (this.take(point)) return point;
    }
    return undefined;
  }

  /** Draws worth making before points are taken in order: in a small space most of them were taken already. */
  get triesMax(): number {
    return this.#space.points <= LIMITS.studyTrialsMax ? SMALL_SPACE_TRIES : LIMITS.studyTriesMax;
  }

  /** Some point that is new and allowed: drawn, and where hardly any are left, the next in order. */
  any(prng: Prng): Point | undefined {
    const drawn = this.first(() => randomPoint(this.#space, prng), this.triesMax);
    if (drawn !== undefined || this.#space.points > LIMITS.studyTrialsMax) return drawn;
    while (this.#cursor < this.#space.points) {
      const point = pointAt(this.#space, this.#cursor++);
      if (this.take(point)) return point;
    }
    return undefined;
  }
}

const SMALL_SPACE_TRIES = 64;

/** A PRNG of its own for each trial: what one draws does not shift the draws of the next. */
export function trialSeed(seed: number, n: number): number {
  assert(n >= 0, 'trials are numbered from 0');
  // Two rounds of an integer hash; createPrng reads 53 bits.
  const mix = (value: number): number => {
    let x = value >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return (x ^ (x >>> 16)) >>> 0;
  };
  const high = mix(seed ^ mix(n + 0x9e3779b9));
  return (mix(high ^ n ^ Math.floor(seed / 2 ** 32)) & 0x1fffff) * 2 ** 32 + high;
}

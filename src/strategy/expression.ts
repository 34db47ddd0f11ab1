// Expressions: symbolic columns and conditions over candles, built once per strategy and shared by all variants.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import type { IndicatorName } from '../indicators/registry.ts';
import { INDICATORS } from '../indicators/registry.ts';
import type { ValueColumn } from '../market/candles.ts';
import { parseTimeframe, type Timeframe } from '../market/timeframe.ts';
import type { Model } from '../models/model-column.ts';
import type { Scalar } from './parameters.ts';

/** The candles' own timeframe, or a higher one. */
export type ExpressionTimeframe = Timeframe | 'base';

interface Node {
  /** Canonical text with parameters as `$name`. Equal keys mean equal values for every variant. */
  readonly key: string;
  readonly timeframe: ExpressionTimeframe;
}

export interface SourceColumn extends Node {
  readonly kind: 'source';
  readonly field: ValueColumn;
}
export interface ConstantColumn extends Node {
  readonly kind: 'constant';
  readonly value: Scalar;
}
export interface IndicatorColumn extends Node {
  readonly kind: 'indicator';
  readonly indicator: IndicatorName;
  readonly output: number;
  readonly inputs: readonly Column[];
  readonly params: readonly Scalar[];
}
export interface ArithmeticColumn extends Node {
  readonly kind: 'arithmetic';
  readonly operator: '+' | '-' | '*' | '/';
  readonly inputs: readonly [Column, Column];
}
export interface LagColumn extends Node {
  readonly kind: 'lag';
  readonly inputs: readonly [Column];
  readonly bars: Scalar;
}
export interface CustomColumn extends Node {
  readonly kind: 'custom';
  readonly name: string;
  readonly inputs: readonly Column[];
  readonly params: readonly Scalar[];
  readonly compute: CustomCompute;
}
/** Predictions of a model: a column like any other, finished before a run reads it. */
export interface ModelColumn extends Node {
  readonly kind: 'model';
  readonly model: Model;
  readonly inputs: readonly Column[];
  readonly params: readonly Scalar[];
}

/** One number per bar: NaN while it has no value. */
export type Column =
  | SourceColumn
  | ConstantColumn
  | IndicatorColumn
  | ArithmeticColumn
  | LagColumn
  | CustomColumn
  | ModelColumn;

export type Comparison = '>' | '>=' | '<' | '<=';

export interface CompareCondition extends Node {
  readonly kind: 'compare';
  readonly operator: Comparison;
  readonly inputs: readonly [Column, Column];
}
export interface CrossCondition extends Node {
  readonly kind: 'cross';
  readonly direction: 'above' | 'below';
  /** True for "did not cross on this bar, and both sides have values". */
  readonly negated: boolean;
  readonly inputs: readonly [Column, Column];
}
export interface LogicCondition extends Node {
  readonly kind: 'logic';
  readonly operator: 'and' | 'or';
  readonly inputs: readonly Condition[];
}

/** True or false per bar. Over a missing value (NaN) a condition is false, and so is its negation. */
export type Condition = CompareCondition | CrossCondition | LogicCondition;

/**
 * Computes a column of its own from input columns (all of one timeframe, same length) and parameter values.
 * Must be causal: out[i] may read inputs[...][0..i] only (`gridmill check` verifies it). Inputs must not be written.
 */
export type CustomCompute = (inputs: readonly Float64Array[], params: readonly number[]) => Float64Array;

/** The columns of one timeframe. */
export interface CandleColumns {
  readonly open: Column;
  readonly high: Column;
  readonly low: Column;
  readonly close: Column;
  readonly volume: Column;
}

const scalarKey = (scalar: Scalar): string => (typeof scalar === 'number' ? String(scalar) : `$${scalar.parameter}`);

function source(field: ValueColumn, timeframe: ExpressionTimeframe): SourceColumn {
  return { kind: 'source', field, timeframe, key: timeframe === 'base' ? field : `${field}@${timeframe}` };
}

function candleColumns(timeframe: ExpressionTimeframe): CandleColumns {
  return {
    open: source('open', timeframe),
    high: source('high', timeframe),
    low: source('low', timeframe),
    close: source('close', timeframe),
    volume: source('volume', timeframe),
  };
}

/** The candles the strategy runs on. */
export const candles: CandleColumns = candleColumns('base');
export const { open, high, low, close, volume } = candles;

/**
 * Candles of a higher timeframe. A value becomes readable on the bar at whose close the higher candle has closed, and
 * stays readable until the next one: there is no way to look into a candle that is still forming.
 */
export function on(timeframe: string): CandleColumns {
  return candleColumns(parseTimeframe(timeframe));
}

export type Operand = Column | Scalar;

const isColumn = (operand: Operand): operand is Column => typeof operand === 'object' && 'kind' in operand;

function column(operand: Operand): Column {
  if (isColumn(operand)) return operand;
  if (typeof operand === 'number' ? Number.isFinite(operand) : typeof operand?.parameter === 'string') {
    return { kind: 'constant', value: operand, timeframe: 'base', key: scalarKey(operand) };
  }
  throw new AppError('STRATEGY_INVALID', {
    rule: 'An operand must be a column, a parameter or a finite number.',
    found: `${String(operand)}.`,
    todo: 'Check the names used in the signals function.',
  });
}

/** The timeframe that several inputs share; constants fit any. Columns of different timeframes meet on the base bars. */
function sharedTimeframe(inputs: readonly Column[]): ExpressionTimeframe {
  const timeframes = new Set(inputs.filter((input) => input.kind !== 'constant').map((input) => input.timeframe));
  return timeframes.size === 1 ? [...timeframes][0]! : 'base';
}

/** Builds one output of an indicator of the registry. */
export function indicatorColumn(
  name: IndicatorName,
  inputs: readonly Column[],
  params: readonly Scalar[],
  output = 0,
): IndicatorColumn {
  const definition = INDICATORS[name];
  assert(params.length === definition.params.length, `${name} takes ${definition.params.length} parameters`);
  const fixed = inputs.filter((input) => input.kind !== 'constant');
  if (fixed.length !== inputs.length || new Set(fixed.map((input) => input.timeframe)).size > 1) {
    throw new AppError('STRATEGY_INVALID', {
      rule: 'The inputs of an indicator must be columns of one timeframe.',
      found: `${name}(${inputs.map((input) => input.key).join(', ')}).`,
      todo: 'Compute the indicator on each timeframe first, then combine the results.',
    });
  }
  const name_ = output === 0 ? name : `${name}.${definition.outputs[output]}`;
  const key = `${name_}(${[...inputs.map((input) => input.key), ...params.map(scalarKey)].join(',')})`;
  return { kind: 'indicator', indicator: name, output, inputs, params, timeframe: sharedTimeframe(inputs), key };
}

function arithmetic(operator: '+' | '-' | '*' | '/', left: Operand, right: Operand): Column {
  const inputs = [column(left), column(right)] as const;
  const key = `(${inputs[0].key} ${operator} ${inputs[1].key})`;
  return { kind: 'arithmetic', operator, inputs, timeframe: sharedTimeframe(inputs), key };
}

export const add = (left: Operand, right: Operand): Column => arithmetic('+', left, right);
export const subtract = (left: Operand, right: Operand): Column => arithmetic('-', left, right);
export const multiply = (left: Operand, right: Operand): Column => arithmetic('*', left, right);
export const divide = (left: Operand, right: Operand): Column => arithmetic('/', left, right);

/** The value `bars` candles ago, of the column's own timeframe. `bars` must be a whole number >= 0. */
export function lag(input: Column, bars: Scalar = 1): Column {
  return {
    kind: 'lag',
    inputs: [input],
    bars,
    timeframe: input.timeframe,
    key: `lag(${input.key},${scalarKey(bars)})`,
  };
}

/**
 * A column computed by a function of your own. `name` must be unique to the function: columns with equal name, inputs
 * and parameters are computed once and shared.
 */
export function customColumn(
  name: string,
  inputs: readonly Column[],
  params: readonly Scalar[],
  compute: CustomCompute,
): Column {
  const key = `${name}(${[...inputs.map((input) => input.key), ...params.map(scalarKey)].join(',')})`;
  return { kind: 'custom', name, inputs, params, compute, timeframe: sharedTimeframe(inputs), key };
}

/** Builds a column of predictions. `label` names the model and its options in the key. */
export function modelColumn(
  model: Model,
  label: string,
  features: readonly Operand[],
  params: readonly Scalar[] = [],
): ModelColumn {
  const inputs = features.map(column);
  const key = `${label}(${[...inputs.map((input) => input.key), ...params.map(scalarKey)].join(',')})`;
  return { kind: 'model', model, inputs, params, timeframe: sharedTimeframe(inputs), key };
}

function compare(operator: Comparison, left: Operand, right: Operand): Condition {
  const inputs = [column(left), column(right)] as const;
  const key = `${inputs[0].key} ${operator} ${inputs[1].key}`;
  return { kind: 'compare', operator, inputs, timeframe: 'base', key: `(${key})` };
}

/** left > right. */
export const gt = (left: Operand, right: Operand): Condition => compare('>', left, right);
/** left >= right. */
export const gte = (left: Operand, right: Operand): Condition => compare('>=', left, right);
/** left < right. */
export const lt = (left: Operand, right: Operand): Condition => compare('<', left, right);
/** left <= right. */
export const lte = (left: Operand, right: Operand): Condition => compare('<=', left, right);

function cross(direction: 'above' | 'below', negated: boolean, left: Operand, right: Operand): Condition {
  const inputs = [column(left), column(right)] as const;
  const name = direction === 'above' ? 'crossAbove' : 'crossBelow';
  const key = `${negated ? 'not ' : ''}${name}(${inputs[0].key},${inputs[1].key})`;
  return { kind: 'cross', direction, negated, inputs, timeframe: 'base', key };
}

/** True on the bar where `left` rises above `right` after having been below it; touching in between is allowed. */
export const crossAbove = (left: Operand, right: Operand): Condition => cross('above', false, left, right);
/** True on the bar where `left` falls below `right` after having been above it; touching in between is allowed. */
export const crossBelow = (left: Operand, right: Operand): Condition => cross('below', false, left, right);

function logic(operator: 'and' | 'or', inputs: readonly Condition[]): Condition {
  if (inputs.length === 0) {
    throw new AppError('STRATEGY_INVALID', {
      rule: '`and` and `or` need at least one condition.',
      found: 'none.',
      todo: 'Pass the conditions as arguments.',
    });
  }
  // Flattened and sorted, so that and(a, b) and and(b, a) are one node.
  const flat = inputs.flatMap((input) =>
    input.kind === 'logic' && input.operator === operator ? input.inputs : [input],
  );
  const unique = [...new Map(flat.map((input) => [input.key, input])).values()].sort((a, b) =>
    a.key < b.key ? -1 : a.key > b.key ? 1 : 0,
  );
  if (unique.length === 1) return unique[0]!;
  const key = `(${unique.map((input) => input.key).join(` ${operator} `)})`;
  return { kind: 'logic', operator, inputs: unique, timeframe: 'base', key };
}

export const and = (...conditions: readonly Condition[]): Condition => logic('and', conditions);
export const or = (...conditions: readonly Condition[]): Condition => logic('or', conditions);

const NEGATED: Readonly<Record<Comparison, Comparison>> = { '>': '<=', '>=': '<', '<': '>=', '<=': '>' };

/** The opposite of a condition, where its values exist: over a missing value both a condition and its `not` are false. */
export function not(condition: Condition): Condition {
  switch (condition.kind) {
    case 'compare':
      return compare(NEGATED[condition.operator], ...condition.inputs);
    case 'cross':
      return cross(condition.direction, !condition.negated, ...condition.inputs);
    case 'logic':
      return logic(condition.operator === 'and' ? 'or' : 'and', condition.inputs.map(not));
  }
}

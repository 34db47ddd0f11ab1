// Values of expression nodes over candles: each distinct indicator column is computed once and kept within a byte bound.
import { LRUCache } from 'lru-cache';
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Arithmetic } from '../indicators/arithmetic.ts';
import { crossAbove, crossBelow } from '../indicators/crossing.ts';
import { checkParams, INDICATORS } from '../indicators/registry.ts';
import type { Candles } from '../market/candles.ts';
import { alignHigherTimeframe, resampleCandles } from '../market/resample.ts';
import { timeframeMs } from '../market/timeframe.ts';
import { checkModelParams, modelColumn } from '../models/model-column.ts';
import type { Column, Condition, CustomColumn, ExpressionTimeframe, ModelColumn } from '../strategy/expression.ts';
import type { ParameterValues, Scalar } from '../strategy/parameters.ts';
import { combineInto, compareInto, negateCrossing, type Values } from './conditions.ts';

export interface TimeframeCandles {
  readonly candles: Candles;
  /** Per base bar, the index of the last closed candle of this timeframe, or -1. Undefined for the base itself. */
  readonly closedAt: Int32Array | undefined;
}

export interface ColumnStats {
  readonly columnsComputed: number;
  readonly hits: number;
  readonly misses: number;
}

export interface ColumnStoreOptions {
  readonly history: Candles;
  readonly arithmetic: Arithmetic;
  /** Most bytes of finished columns and shared conditions kept at once. */
  readonly cacheBytes: number;
  /** Most of them by count; LIMITS.columnEntriesMax when left out. The cache reserves its slots when it is made. */
  readonly cacheEntries?: number;
  /** Whether a condition of this symbolic key serves several variants and is worth keeping. */
  readonly isShared: (key: string) => boolean;
}

/** Computes columns and conditions for one variant after the other, sharing what variants have in common. */
export class ColumnStore {
  readonly #history: Candles;
  readonly #arithmetic: Arithmetic;
  readonly #isShared: (key: string) => boolean;
  readonly #cache: LRUCache<string, Float64Array | Uint8Array>;
  readonly #timeframes = new Map<ExpressionTimeframe, TimeframeCandles>();
  /** Values of the current variant by symbolic key; unshared conditions live only here. */
  readonly #current = new Map<string, Float64Array | Uint8Array>();
  readonly #spare: Uint8Array[] = [];
  readonly #lent: Uint8Array[] = [];
  #parameters: ParameterValues = {};
  #columnsComputed = 0;
  #hits = 0;
  #misses = 0;

  constructor(options: ColumnStoreOptions) {
    this.#history = options.history;
    this.#arithmetic = options.arithmetic;
    this.#isShared = options.isShared;
    this.#cache = new LRUCache({
      max: options.cacheEntries ?? LIMITS.columnEntriesMax,
      maxSize: Math.max(1, Math.floor(options.cacheBytes)),
      sizeCalculation: (value) => Math.max(1, value.byteLength),
    });
  }

  get stats(): ColumnStats {
    return { columnsComputed: this.#columnsComputed, hits: this.#hits, misses: this.#misses };
  }

  /** Bytes of columns and conditions kept at the moment. */
  get bytes(): number {
    return this.#cache.calculatedSize;
  }

  /** Starts a variant: forgets the values of the one before that nobody shares. */
  begin(parameters: ParameterValues): void {
    this.#parameters = parameters;
    this.#current.clear();
    this.#spare.push(...this.#lent.splice(0));
  }

  /** One byte per history bar, 1 where the condition holds. Owned by the store; valid until the next `begin`. */
  condition(condition: Condition): Uint8Array {
    const known = this.#current.get(condition.key);
    if (known !== undefined) return known as Uint8Array;
    const shared = this.#isShared(condition.key);
    const key = shared ? this.#resolvedKey(condition.key) : '';
    const cached = shared ? this.#lookUp(key) : undefined;
    const values = (cached as Uint8Array | undefined) ?? this.#computeCondition(condition, shared);
    if (shared && cached === undefined) this.#cache.set(key, values);
    this.#current.set(condition.key, values);
    return values;
  }

  /** The column on its own timeframe's bars. Owned by the store and read-only. */
  column(column: Column): Values {
    if (column.kind === 'constant') return this.#number(column.value);
    if (column.kind === 'source') return this.timeframe(column.timeframe).candles[column.field];
    const known = this.#current.get(column.key);
    if (known !== undefined) return known as Float64Array;
    const key = this.#resolvedKey(column.key);
    let values = this.#lookUp(key) as Float64Array | undefined;
    if (values === undefined) {
      values = this.#computeColumn(column);
      this.#cache.set(key, values);
    }
    this.#current.set(column.key, values);
    return values;
  }

  /** The column laid out on the base bars: a higher timeframe's value appears when its candle has closed. */
  baseColumn(column: Column): Values {
    const values = this.column(column);
    if (typeof values === 'number' || column.timeframe === 'base') return values;
    const key = `${this.#resolvedKey(column.key)} on base`;
    const cached = this.#lookUp(key) as Float64Array | undefined;
    if (cached !== undefined) return cached;
    const laidOut = layOut(values, this.timeframe(column.timeframe).closedAt!);
    this.#cache.set(key, laidOut);
    return laidOut;
  }

  /** The candles of a timeframe that the strategy reads, resampled once. */
  timeframe(timeframe: ExpressionTimeframe): TimeframeCandles {
    let entry = this.#timeframes.get(timeframe);
    if (entry === undefined) {
      entry = timeframe === 'base' ? { candles: this.#history, closedAt: undefined } : higher(this.#history, timeframe);
      this.#timeframes.set(timeframe, entry);
    }
    return entry;
  }

  #computeColumn(column: Exclude<Column, { kind: 'source' | 'constant' }>): Float64Array {
    this.#columnsComputed++;
    switch (column.kind) {
      case 'indicator':
        return this.#computeIndicator(column);
      case 'custom':
        return this.#computeCustom(column);
      case 'model':
        return this.#computeModel(column);
      case 'lag':
        return lagged(this.#array(column.inputs[0], column.timeframe), this.#number(column.bars));
      case 'arithmetic': {
        const [left, right] = column.inputs;
        const a = this.#array(left, column.timeframe);
        const b = this.#array(right, column.timeframe);
        return calculate(column.operator, a, b);
      }
    }
  }

  #computeIndicator(column: Extract<Column, { kind: 'indicator' }>): Float64Array {
    const inputs = column.inputs.map((input) => this.#array(input, column.timeframe));
    const params = column.params.map((param) => this.#number(param));
    const definition = INDICATORS[column.indicator];
    checkParams(definition, params);
    const outputs = definition.compute(inputs, params, this.#arithmetic);
    // Sibling outputs (the upper band beside the middle) come from the same pass: keep them for their own nodes.
    const prefix = `${column.indicator}${column.output === 0 ? '' : `.${definition.outputs[column.output]}`}(`;
    const argumentsText = this.#resolvedKey(column.key).slice(prefix.length);
    outputs.forEach((values, index) => {
      const name = index === 0 ? column.indicator : `${column.indicator}.${definition.outputs[index]}`;
      if (index !== column.output) this.#cache.set(`${name}(${argumentsText}`, values);
    });
    return outputs[column.output]!;
  }

  #computeCustom(column: CustomColumn): Float64Array {
    const inputs = column.inputs.map((input) => this.#array(input, column.timeframe));
    const params = column.params.map((param) => this.#number(param));
    const barCount = this.timeframe(column.timeframe).candles.barCount;
    let values: unknown;
    try {
      values = column.compute(inputs, params);
    } catch (cause) {
      throw new AppError('STRATEGY_FAILED', {
        found: `the column "${column.name}" threw: ${String(cause)}.`,
        todo: 'Fix the function, or guard it against NaN in its inputs.',
        cause,
      });
    }
    if (!(values instanceof Float64Array) || values.length !== barCount) {
      throw new AppError('STRATEGY_FAILED', {
        rule: 'A custom column returns one number per bar.',
        found: `"${column.name}" returned ${describe(values)} for ${barCount} bars.`,
        todo: 'Return a new Float64Array of the length of its inputs.',
      });
    }
    return values;
  }

  #computeModel({ model, inputs, params, timeframe }: ModelColumn): Float64Array {
    const values = params.map((param) => this.#number(param));
    checkModelParams(model, values);
    const { time, barCount } = this.timeframe(timeframe).candles;
    const barMs = timeframeMs(timeframe === 'base' ? this.#history.timeframe : timeframe);
    const features = inputs.map((input) => this.#array(input, timeframe));
    return modelColumn(model, features, values, { count: barCount, time, barMs });
  }

  #computeCondition(condition: Condition, shared: boolean): Uint8Array {
    switch (condition.kind) {
      case 'compare': {
        const out = this.#buffer(shared);
        const [left, right] = condition.inputs;
        compareInto(out, condition.operator, this.baseColumn(left), this.baseColumn(right));
        return out;
      }
      case 'cross': {
        const left = this.baseColumn(condition.inputs[0]);
        const right = this.baseColumn(condition.inputs[1]);
        const crossed = condition.direction === 'above' ? crossAbove : crossBelow;
        const events = crossed(this.#filled(left), this.#filled(right));
        if (condition.negated) negateCrossing(events, left, right);
        return events;
      }
      case 'logic': {
        const inputs = condition.inputs.map((input) => this.condition(input));
        const out = this.#buffer(shared);
        combineInto(out, condition.operator, inputs);
        return out;
      }
    }
  }

  #array(column: Column, timeframe: ExpressionTimeframe): Float64Array {
    const values = column.timeframe === timeframe ? this.column(column) : this.baseColumn(column);
    if (typeof values !== 'number') return values;
    return new Float64Array(this.timeframe(timeframe).candles.barCount).fill(values);
  }

  #filled(values: Values): Float64Array {
    return typeof values === 'number' ? new Float64Array(this.#history.barCount).fill(values) : values;
  }

  /** A scratch buffer for an unshared condition, or a fresh one for a condition that will be kept. */
  #buffer(shared: boolean): Uint8Array {
    if (shared) return new Uint8Array(this.#history.barCount);
    const buffer = this.#spare.pop() ?? new Uint8Array(this.#history.barCount);
    this.#lent.push(buffer);
    return buffer;
  }

  #number(scalar: Scalar): number {
    if (typeof scalar === 'number') return scalar;
    const value = this.#parameters[scalar.parameter];
    assert(value !== undefined, `parameter ${scalar.parameter} has a value`);
    return value;
  }

  #lookUp(key: string): Float64Array | Uint8Array | undefined {
    const value = this.#cache.get(key);
    if (value === undefined) this.#misses++;
    else this.#hits++;
    return value;
  }

  /** The symbolic key with this variant's numbers in place of `$name`. */
  #resolvedKey(key: string): string {
    return key.replace(/\$([a-zA-Z][a-zA-Z0-9]*)/g, (_, name: string) => String(this.#number({ parameter: name })));
  }
}

function higher(history: Candles, timeframe: Exclude<ExpressionTimeframe, 'base'>): TimeframeCandles {
  const candles = resampleCandles(history, timeframe);
  return { candles, closedAt: alignHigherTimeframe(history, candles) };
}

/** Spreads a higher timeframe's column over the base bars by the index of the last closed candle. */
export function layOut(values: Float64Array, closedAt: Int32Array): Float64Array {
  const out = new Float64Array(closedAt.length);
  for (let i = 0; i < out.length; i++) out[i] = closedAt[i]! < 0 ? Number.NaN : values[closedAt[i]!]!;
  return out;
}

function lagged(values: Float64Array, bars: number): Float64Array {
  if (!Number.isInteger(bars) || bars < 0) {
    throw new AppError('STRATEGY_FAILED', {
      rule: 'A lag is a whole number of bars into the past.',
      found: `lag by ${bars} bars.`,
      todo: 'Use 0 or more; a negative lag would look into the future.',
    });
  }
  const out = new Float64Array(values.length).fill(Number.NaN, 0, Math.min(bars, values.length));
  out.set(values.subarray(0, Math.max(0, values.length - bars)), Math.min(bars, values.length));
  return out;
}

function calculate(operator: '+' | '-' | '*' | '/', a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  if (operator === '+') for (let i = 0; i < out.length; i++) out[i] = a[i]! + b[i]!;
  else if (operator === '-') for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
  else if (operator === '*') for (let i = 0; i < out.length; i++) out[i] = a[i]! * b[i]!;
  else for (let i = 0; i < out.length; i++) out[i] = a[i]! / b[i]!;
  return out;
}

function describe(values: unknown): string {
  if (ArrayBuffer.isView(values)) return `${values.constructor.name}(${(values as Float64Array).length})`;
  return values === null ? 'null' : typeof values;
}

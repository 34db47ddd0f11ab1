// Scores variants by their values, call after call, over one window: the kernels' memory and finished columns stay.

import type { StopToken } from '../core/cancel.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { KernelProvider } from '../kernels/kernels.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Barriers } from '../simulate/simulation.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { ColumnCatalog } from './column-catalog.ts';
import { ColumnStore } from './columns.ts';
import { openFastMemory, planFastMemory } from './fast-memory.ts';
import { createFastScorer, INNER_COLUMNS_MAX } from './fast-scorer.ts';
import type { Grid } from './grid.ts';
import type { ExecutionRequest } from './request.ts';
import { giveUpWhenStopped, metricsFromRow } from './score.ts';
import type { Window } from './window.ts';

export interface ValueScorerOptions {
  readonly strategy: Strategy;
  /** What the fast engine covers: see engineFor. */
  readonly execution: ExecutionRequest;
  readonly window: Window;
  /** Most bytes of finished columns that are kept. */
  readonly cacheBytes: number;
  readonly provider?: KernelProvider;
}

export interface ValueVariant {
  readonly parameters: ParameterValues;
  readonly barriers: Barriers;
}

export interface ValueScorer {
  /**
   * What each variant comes to: its metrics, or what was thrown for it. `onVariant` hears which one is next.
   * Errors: CANCELLED, DEADLINE once `stop` answers.
   */
  score(
    variants: readonly ValueVariant[],
    stop: StopToken,
    onVariant?: (index: number) => void,
  ): (Metrics | { readonly thrown: unknown })[];
}

/** Variants of one program. */
const GROUP_VARIANTS = 2048;

export function createValueScorer(options: ValueScorerOptions): ValueScorer {
  const scorer = new Scorer(options);
  return { score: (variants, stop, onVariant = () => undefined) => scorer.score(variants, stop, onVariant) };
}

/** Variants that are scored by one program, as points of the grid that their values span. */
interface Group {
  readonly grid: Grid;
  readonly members: number[];
  readonly baseIndices: number[];
}

class Scorer {
  readonly #options: ValueScorerOptions;
  readonly #memory: ReturnType<typeof openFastMemory>;
  readonly #store: ColumnStore;
  /** Slots by column and the values it depends on, the one used longest ago first. */
  readonly #slots = new Map<string, number>();
  /** Slots whose column failed. */
  readonly #free: number[] = [];
  /** Which parameters each compared column depends on. */
  readonly #operands: readonly (readonly string[])[];

  constructor(options: ValueScorerOptions) {
    const { strategy, window, cacheBytes, execution, provider } = options;
    const { arithmetic } = execution.profile;
    const grid = gridOf(strategy, arithmetic, [], GROUP_VARIANTS);
    const columnBudget = Math.min(cacheBytes, LIMITS.columnBytesMax);
    const plan = planFastMemory(strategy, grid, window, { threads: 1, columnBudget, columns: LIMITS.columnEntriesMax });
    this.#options = options;
    this.#memory = openFastMemory(plan, window.history, provider);
    this.#store = new ColumnStore({
      history: window.history,
      arithmetic,
      cacheBytes: columnBudget,
      cacheEntries: INNER_COLUMNS_MAX,
      isShared: () => false,
    });
    // Parameters with two values each: a column moves along the axes that it depends on.
    const names = Object.keys(strategy.parameters);
    const axes = names.map((name) => ({ name, values: [0, 1] }));
    this.#operands = new ColumnCatalog(strategy, { axes }).operands.map(({ strides }) =>
      names.filter((_, axis) => strides[axis]! > 0),
    );
  }

  score(
    variants: readonly ValueVariant[],
    stop: StopToken,
    onVariant: (index: number) => void,
  ): (Metrics | { readonly thrown: unknown })[] {
    const results: (Metrics | { readonly thrown: unknown })[] = new Array(variants.length);
    let from = 0;
    while (from < variants.length) {
      const to = this.#endOfGroup(variants, from, results);
      this.#scoreGroup(variants, from, to, { results, stop, onVariant });
      from = to;
    }
    return results;
  }

  /** The first variant from `from` on that has no room beside those before it; incomplete ones are marked as failed. */
  #endOfGroup(variants: readonly ValueVariant[], from: number, results: { [index: number]: unknown }): number {
    const { strategy } = this.#options;
    const names = Object.keys(strategy.parameters);
    const values = names.map(() => new Set<number>());
    const columns = new Set<string>();
    const { slots } = this.#memory.plan;
    for (let at = from; at < variants.length; at++) {
      const { parameters } = variants[at]!;
      const wrong = incomplete(strategy, parameters);
      if (wrong !== undefined) {
        results[at] = { thrown: wrong };
        continue;
      }
      for (const [axis, name] of names.entries()) values[axis]!.add(parameters[name]!);
      for (let operand = 0; operand < this.#operands.length; operand++) columns.add(this.#keyOf(operand, parameters));
      // Beyond 2^53 points their numbers are not exact.
      const points = values.reduce((product, { size }) => product * size, 1);
      if (at > from && (points > Number.MAX_SAFE_INTEGER || columns.size > slots)) return at;
    }
    return variants.length;
  }

  #scoreGroup(variants: readonly ValueVariant[], from: number, to: number, call: Call): void {
    const { strategy, execution, window } = this.#options;
    const { results, stop, onVariant } = call;
    const group = this.#group(variants, from, to, results);
    const { grid, members, baseIndices } = group;
    const scorer = createFastScorer(
      { strategy, execution, grid, window, cacheBytes: 0, memory: this.#memory, store: this.#store, stop },
      (n) => {
        if (n < members.length) onVariant(members[n]!);
      },
    );
    const placed = this.#place(variants, group, scorer, call);
    const addresses = placed.map((slots) => slots.map(scorer.columnAddress));
    const barriers = internBarriers(members.map((at) => variants[at]!.barriers));
    const rows = scorer.scoreEach(
      { baseIndices, addresses, barriers },
      (n, thrown) => void (results[members[n]!] = { thrown }),
    );
    for (const [row, at] of members.entries()) results[at] ??= metricsFromRow(rows, row);
  }

  /** The variants of a group that are to be scored, as points of the grid of their values. */
  #group(variants: readonly ValueVariant[], from: number, to: number, results: Call['results']): Group {
    const { strategy, execution } = this.#options;
    const names = Object.keys(strategy.parameters);
    const digits = names.map(() => new Map<number, number>());
    const members: number[] = [];
    for (let at = from; at < to; at++) {
      if (results[at] !== undefined) continue;
      members.push(at);
      for (const [axis, name] of names.entries()) {
        const value = variants[at]!.parameters[name]!;
        if (!digits[axis]!.has(value)) digits[axis]!.set(value, digits[axis]!.size);
      }
    }
    const axes = names.map((name, axis) => ({ name, values: [...digits[axis]!.keys()] }));
    const points = axes.reduce((product, { values }) => product * values.length, 1);
    const baseIndices = members.map((at) => {
      const { parameters } = variants[at]!;
      return names.reduce((index, name, axis) => index * digits[axis]!.size + digits[axis]!.get(parameters[name]!)!, 0);
    });
    return { grid: gridOf(strategy, execution.profile.arithmetic, axes, points), members, baseIndices };
  }

  /** The slots of the columns of each member, computed where they are missing. Members whose columns fail are taken out. */
  #place(
    variants: readonly ValueVariant[],
    { grid, members, baseIndices }: Group,
    scorer: ReturnType<typeof createFastScorer>,
    { results, stop, onVariant }: Call,
  ): number[][] {
    const catalog = new ColumnCatalog(this.#options.strategy, grid);
    const pinned = new Set<string>();
    const failed = new Map<string, unknown>();
    const placed: number[][] = [];
    let kept = 0;
    for (const [n, at] of members.entries()) {
      const { parameters } = variants[at]!;
      const keys = this.#operands.map((_, operand) => this.#keyOf(operand, parameters));
      let ids: number[] | undefined;
      let broken: string | undefined;
      for (const [operand, key] of keys.entries()) {
        if (failed.has(key)) broken = key;
        else if (!this.#pin(key, pinned)) {
          ids ??= catalog.idsOf(baseIndices[n]!);
          giveUpWhenStopped(stop);
          onVariant(at);
          const slot = this.#slotFor(pinned);
          try {
            scorer.computeColumns!([{ id: ids[operand]!, slot }]);
          } catch (error) {
            this.#free.push(slot);
            failed.set(key, error);
            broken = key;
            continue;
          }
          this.#slots.set(key, slot);
          pinned.add(key);
        }
      }
      if (broken !== undefined) {
        results[at] = { thrown: failed.get(broken) };
        continue;
      }
      members[kept] = at;
      baseIndices[kept++] = baseIndices[n]!;
      placed.push(keys.map((key) => this.#slots.get(key)!));
    }
    members.length = kept;
    baseIndices.length = kept;
    return placed;
  }

  /** Marks a finished column as in use by this group; false when there is none. */
  #pin(key: string, pinned: Set<string>): boolean {
    if (pinned.has(key)) return true;
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    pinned.add(key);
    return true;
  }

  /** A slot that no column of this group lies in. */
  #slotFor(pinned: Set<string>): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slots.size < this.#memory.plan.slots) return this.#slots.size;
    for (const [key, slot] of this.#slots) {
      if (pinned.has(key)) continue;
      this.#slots.delete(key);
      return slot;
    }
    throw new Error('a group has slots for all its columns');
  }

  #keyOf(operand: number, parameters: ParameterValues): string {
    let key = `${operand}`;
    for (const name of this.#operands[operand]!) key += ` ${parameters[name]}`;
    return key;
  }
}

interface Call {
  readonly results: (Metrics | { readonly thrown: unknown })[];
  readonly stop: StopToken;
  readonly onVariant: (index: number) => void;
}

const gridOf = (strategy: Strategy, arithmetic: Grid['arithmetic'], axes: Grid['axes'], basePoints: number): Grid => ({
  strategyName: strategy.name,
  arithmetic,
  axes,
  riskAxes: [],
  basePoints,
  riskPoints: 1,
  constraint: undefined,
});

/** Equal barriers as one object: a program writes the settings of each object once. */
function internBarriers(all: readonly Barriers[]): Barriers[] {
  const known = new Map<string, Barriers>();
  return all.map((barriers) => {
    const { stopLoss, takeProfit, trailingStop, timeLimit } = barriers;
    const key = `${stopLoss} ${takeProfit} ${trailingStop} ${timeLimit}`;
    const same = known.get(key);
    if (same === undefined) known.set(key, barriers);
    return same ?? barriers;
  });
}

/** Why the values are not those of one variant. */
function incomplete(strategy: Strategy, parameters: ParameterValues): AppError | undefined {
  const names = Object.keys(strategy.parameters);
  const given = Object.keys(parameters);
  if (given.length === names.length && names.every((name) => typeof parameters[name] === 'number')) return undefined;
  return new AppError('GRID_INVALID', {
    rule: 'A selection has one value for each parameter of the strategy.',
    found: JSON.stringify(parameters),
    todo: `${strategy.name} has: ${names.join(', ') || 'none'}.`,
  });
}

// Conditions of one variant after the other as bitmaps over the history, computed once where variants share them.
import type { Kernels } from '../kernels/kernels.ts';
import type { Column, CompareCondition, Condition, CrossCondition } from '../strategy/expression.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { ColumnStats, ColumnStore } from './columns.ts';
import { type ComparedPair, type ComparisonJob, type CrossingPair, pairKey, SideBySide } from './fast-crossings.ts';
import type { SlotCache } from './fast-slots.ts';

/** Where the bitmaps and columns of a `FastConditions` lie. */
export interface ConditionMemory {
  /** Slots of one value per history bar. At least two, so that both sides of a comparison have one. */
  readonly columns: SlotCache<Float64Array>;
  /** Slots of one bit per history bar. */
  readonly bitmaps: SlotCache<Uint32Array>;
  /** Bitmaps for what only one variant needs: as many as `scratchBitmaps` says. */
  readonly scratch: readonly Uint32Array[];
  /** By variant of a group, one for each of `pairs`. */
  readonly ahead: readonly (readonly ComparedPair[])[];
}

export interface FastConditionsOptions {
  readonly kernels: Kernels;
  readonly store: ColumnStore;
  readonly memory: ConditionMemory;
  readonly barCount: number;
  /** Pairs of columns that `compareAhead` compares. */
  readonly pairs: readonly CrossingPair[];
  /** Whether a condition of this symbolic key serves several variants and is worth keeping. */
  readonly isShared: (key: string) => boolean;
}

/** Most scratch bitmaps that so many conditions need at once: one each, and five more for a crossing. */
export const scratchBitmaps = (conditions: number): number => 6 * conditions;

const OPERATORS = { '>': 0, '>=': 1, '<': 2, '<=': 3 } as const;
const SWAPPED = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' } as const;

export class FastConditions {
  readonly #options: FastConditionsOptions;
  readonly #sideBySide: SideBySide;
  /** Bitmaps of the current variant by symbolic key, and those of them that lie in slots. */
  readonly #current = new Map<string, Uint32Array>();
  readonly #pinned = new Set<Uint32Array>();
  /** What was compared ahead, by the selection it is for. */
  readonly #ahead = new Map<ParameterValues, readonly ComparedPair[]>();
  #scratchUsed = 0;
  #parameters: ParameterValues = {};

  constructor(options: FastConditionsOptions) {
    this.#options = options;
    this.#sideBySide = new SideBySide(options.kernels, options.barCount);
  }

  get stats(): ColumnStats {
    const { store, memory } = this.#options;
    return {
      columnsComputed: store.stats.columnsComputed,
      hits: memory.columns.hits + memory.bitmaps.hits,
      misses: memory.columns.misses + memory.bitmaps.misses,
    };
  }

  /**
   * Compares the crossing columns of these selections side by side, as many of them as there is memory for; each is
   * then started with the very same object. What was compared ahead before is forgotten.
   */
  compareAhead(selections: readonly ParameterValues[]): void {
    const { pairs, memory } = this.#options;
    const jobs: ComparisonJob[] = [];
    const held = new Set<Float64Array>();
    this.#ahead.clear();
    if (pairs.length === 0) return;
    for (const [n, parameters] of selections.slice(0, memory.ahead.length).entries()) {
      this.begin(parameters);
      const compared = memory.ahead[n]!;
      const columns = pairs.map(({ left, right }) => ({
        left: this.#hold(left, held),
        right: this.#hold(right, held),
      }));
      if (columns.some(({ left, right }) => left === undefined || right === undefined)) break;
      columns.forEach(({ left, right }, i) => {
        jobs.push({ ...compared[i]!, left: left!, right: right! });
      });
      this.#ahead.set(parameters, compared);
    }
    this.#sideBySide.compare(jobs);
  }

  /** A column that stays in its slot as long as it is in `held`; undefined when there is no slot left. */
  #hold(column: Column, held: Set<Float64Array>): Float64Array | undefined {
    const values = this.#valueBeside(column, held) as Float64Array | undefined;
    if (values !== undefined) held.add(values);
    return values;
  }

  /** Starts a variant: its bitmaps are valid until the next one starts. */
  begin(parameters: ParameterValues): void {
    this.#parameters = parameters;
    this.#current.clear();
    this.#pinned.clear();
    this.#scratchUsed = 0;
    this.#options.store.begin(parameters);
  }

  /** The bitmap of a condition. Read-only. */
  bitmap(condition: Condition): Uint32Array {
    return this.#remember(condition.key, this.#options.isShared(condition.key), (out) => {
      if (condition.kind === 'compare') this.#compare(out, condition);
      else if (condition.kind === 'cross') this.#cross(out, condition);
      else this.#combine(out, condition.operator, condition.inputs);
    });
  }

  /** The bitmap under `key`: of this variant, of a slot, or computed now. */
  #remember(key: string, shared: boolean, compute: (out: Uint32Array) => void): Uint32Array {
    const known = this.#current.get(key);
    if (known !== undefined) return known;
    const { bitmaps } = this.#options.memory;
    let bitmap = shared ? bitmaps.get(this.#resolved(key)) : undefined;
    if (bitmap === undefined) {
      // Inputs are computed into other memory before the slot is taken, so that `compute` cannot evict its own output.
      bitmap = this.#scratch();
      compute(bitmap);
      const slot = shared ? bitmaps.take(this.#resolved(key), this.#pinned) : undefined;
      if (slot !== undefined) {
        slot.set(bitmap);
        bitmap = slot;
      }
    }
    this.#pinned.add(bitmap);
    this.#current.set(key, bitmap);
    return bitmap;
  }

  #scratch(): Uint32Array {
    return this.#options.memory.scratch[this.#scratchUsed++]!;
  }

  #compare(out: Uint32Array, { operator, inputs: [left, right] }: CompareCondition): void {
    const { kernels } = this.#options;
    const a = this.#value(left);
    const b = this.#value(right);
    if (typeof a === 'number' && typeof b === 'number') this.#fill(out, holds(operator, a, b));
    else if (typeof a === 'number') kernels.compareNumber(out, OPERATORS[SWAPPED[operator]], b as Float64Array, a);
    else if (typeof b === 'number') kernels.compareNumber(out, OPERATORS[operator], a, b);
    else if (operator === '>' || operator === '>=') kernels.compareColumns(out, operator === '>=', a, b);
    else kernels.compareColumns(out, operator === '<=', b, a);
  }

  #cross(out: Uint32Array, { direction, negated, inputs: [left, right] }: CrossCondition): void {
    const { kernels } = this.#options;
    const pair = pairKey(left, right);
    this.#takeAhead(pair);
    const known = this.#current.get(`${pair} greater`);
    const greater = known ?? this.#scratch();
    const less = this.#current.get(`${pair} less`) ?? this.#scratch();
    if (known === undefined) {
      this.#compareBoth(greater, less, left, right);
      this.#current.set(`${pair} greater`, greater);
      this.#current.set(`${pair} less`, less);
    }
    const valid = this.#valid(left, right);
    if (direction === 'above') kernels.crossing(out, greater, less, valid);
    else kernels.crossing(out, less, greater, valid);
    if (negated) for (let word = 0; word < out.length; word++) out[word] = valid[word]! & ~out[word]!;
  }

  /** Makes what was compared ahead for this variant known under its pair. */
  #takeAhead(pair: string): void {
    const n = this.#options.pairs.findIndex(({ key }) => key === pair);
    const compared = this.#ahead.get(this.#parameters)?.[n];
    if (compared === undefined) return;
    this.#current.set(`${pair} greater`, compared.greater);
    this.#current.set(`${pair} less`, compared.less);
  }

  #compareBoth(greater: Uint32Array, less: Uint32Array, left: Column, right: Column): void {
    const { kernels } = this.#options;
    const a = this.#value(left);
    const b = this.#value(right);
    if (typeof a === 'number' && typeof b === 'number') {
      this.#fill(greater, a > b);
      this.#fill(less, a < b);
    } else if (typeof a === 'number') {
      kernels.compareNumber(greater, OPERATORS['<'], b as Float64Array, a);
      kernels.compareNumber(less, OPERATORS['>'], b as Float64Array, a);
    } else if (typeof b === 'number') {
      kernels.compareNumber(greater, OPERATORS['>'], a, b);
      kernels.compareNumber(less, OPERATORS['<'], a, b);
    } else kernels.compareBoth(greater, less, a, b);
  }

  /** The bars on which both sides have a value. */
  #valid(left: Column, right: Column): Uint32Array {
    if (left.kind === 'constant') return this.#present(right);
    if (right.kind === 'constant') return this.#present(left);
    return this.#remember(`${left.key} and ${right.key} present`, false, (out) => {
      this.#options.kernels.and(out, this.#present(left), this.#present(right));
    });
  }

  #present(column: Column): Uint32Array {
    return this.#remember(`${column.key} present`, true, (out) => {
      const value = this.#value(column);
      if (typeof value === 'number') this.#fill(out, true);
      else this.#options.kernels.compareNumber(out, OPERATORS['>='], value, Number.NEGATIVE_INFINITY);
    });
  }

  /** Word by word, as `and` and `or` of the kernels, which take no output that is an input too. */
  #combine(out: Uint32Array, operator: 'and' | 'or', inputs: readonly Condition[]): void {
    const bitmaps = inputs.map((input) => this.bitmap(input));
    out.set(bitmaps[0]!);
    for (const bitmap of bitmaps.slice(1)) {
      if (operator === 'and') for (let word = 0; word < out.length; word++) out[word] = out[word]! & bitmap[word]!;
      else for (let word = 0; word < out.length; word++) out[word] = out[word]! | bitmap[word]!;
    }
  }

  #value(column: Column): Float64Array | number {
    return this.#valueBeside(column, undefined)!;
  }

  /** A column on the base bars in arena memory, or its number. Undefined when only columns of `held` could give way. */
  #valueBeside(column: Column, held: ReadonlySet<Float64Array> | undefined): Float64Array | number | undefined {
    const { store, memory } = this.#options;
    if (column.kind === 'constant') return store.baseColumn(column);
    const key = this.#resolved(column.key);
    const known = memory.columns.get(key);
    if (known !== undefined) return known;
    const values = store.baseColumn(column) as Float64Array;
    const slot = memory.columns.take(key, held);
    slot?.set(values);
    return slot;
  }

  #fill(out: Uint32Array, bit: boolean): void {
    out.fill(bit ? 0xffffffff : 0);
    const rest = this.#options.barCount & 31;
    if (bit && rest !== 0) out[out.length - 1] = 2 ** rest - 1;
  }

  /** The symbolic key with this variant's numbers in place of `$name`. */
  #resolved(key: string): string {
    return key.replace(/\$([a-zA-Z][a-zA-Z0-9]*)/g, (_, name: string) => String(this.#parameters[name]));
  }
}

function holds(operator: CompareCondition['operator'], a: number, b: number): boolean {
  if (operator === '>') return a > b;
  if (operator === '>=') return a >= b;
  return operator === '<' ? a < b : a <= b;
}

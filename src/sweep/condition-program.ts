// Compiles the conditions of variants into operations over tiles: each distinct condition of a program once.
import { assert } from '../core/assert.ts';
import {
  OP_ABOVE,
  OP_ABOVE_NUMBER,
  OP_AND,
  OP_AND_NOT,
  OP_AT_OR_ABOVE,
  OP_AT_OR_ABOVE_NUMBER,
  OP_AT_OR_BELOW_NUMBER,
  OP_BELOW_NUMBER,
  OP_BOTH_WAYS,
  OP_CROSSING,
  OP_CROSSINGS,
  OP_FILL,
  OP_OR,
  TILE_BITMAP_BYTES,
} from '../kernels/program-layout.ts';
import type { Column, CompareCondition, Condition, CrossCondition } from '../strategy/expression.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import { collectGraph } from './graph.ts';
import type { Graph } from './graph-node.ts';
import type { Grid } from './grid.ts';
import type { ProgramMemory } from './program-memory.ts';

const NUMBER_OPS = {
  '>': OP_ABOVE_NUMBER,
  '>=': OP_AT_OR_ABOVE_NUMBER,
  '<': OP_BELOW_NUMBER,
  '<=': OP_AT_OR_BELOW_NUMBER,
};
const SWAPPED = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' } as const;

/** A bitmap that conditions are made of: a condition, what one compares, or where a column has values. */
export interface ConditionPart {
  /** Per axis: how much one step on it moves the number of the instance; 0 where the part does not depend on it. */
  readonly strides: readonly number[];
  /** Whether several variants may have the same instance. */
  readonly shared: boolean;
  /** Bitmaps it writes, one behind the other. */
  readonly bitmaps: number;
  /** Adds the operations that write to address `out`, for the current variant. */
  readonly emit: (out: number) => void;
  /** Addresses of the instances of this program, where they are shared. */
  readonly known: Map<number, number>;
  /** Where it is one of the bitmaps of another part: that part, and how far behind its first. */
  readonly within?: { readonly part: ConditionPart; readonly offset: number };
  /** The variant that wrote the private bitmap, and where it lies. */
  variant: number;
  address: number;
}

/** What a comparison reads: a column of the catalog by its place there, or a number. */
type Operand = { readonly place: number } | { readonly number: () => number };

/** Bitmaps that are the same for all programs. */
export interface ConstantBitmaps {
  readonly zeros: number;
  readonly ones: number;
}

export interface ConditionProgramOptions {
  readonly strategy: Strategy;
  readonly grid: Grid;
  readonly catalog: ColumnCatalog;
  readonly memory: ProgramMemory;
  readonly constants: ConstantBitmaps;
  /** Bitmaps that one variant alone writes; reused by the next one. */
  readonly privates: readonly number[];
}

export class ConditionProgram {
  readonly #options: ConditionProgramOptions;
  readonly #graph: Graph;
  readonly #parts = new Map<string, ConditionPart>();
  readonly #digits: number[];
  #variant = 0;
  #privatesUsed = 0;
  #columns: readonly number[] = [];

  constructor(options: ConditionProgramOptions) {
    this.#options = options;
    this.#digits = options.grid.axes.map(() => 0);
    this.#graph = collectGraph(options.strategy);
  }

  /** Forgets the instances of the program before. */
  clear(): void {
    for (const part of this.#parts.values()) part.known.clear();
    this.#variant++;
  }

  /** Starts a variant; `columns` holds the address of each operand of the catalog. */
  begin(baseIndex: number, columns: readonly number[]): void {
    const { axes } = this.#options.grid;
    let rest = baseIndex;
    for (let a = axes.length - 1; a >= 0; a--) {
      const radix = axes[a]!.values.length;
      this.#digits[a] = rest % radix;
      rest = Math.floor(rest / radix);
    }
    this.#columns = columns;
    this.#variant++;
    this.#privatesUsed = 0;
  }

  /** The part of a condition, to be asked for by `bitmap` of each variant. */
  part(condition: Condition): ConditionPart {
    const known = this.#parts.get(condition.key);
    if (known !== undefined) return known;
    if (condition.kind === 'compare') return this.#newPart(condition.key, [condition], 1, this.#comparison(condition));
    if (condition.kind === 'cross') return this.#crossingPart(condition);
    return this.#newPart(condition.key, [condition], 1, this.#combination(condition.operator, condition.inputs));
  }

  /** Address of the bitmap of a part; that of no bars for none. */
  bitmap(part: ConditionPart | undefined): number {
    if (part === undefined) return this.#options.constants.zeros;
    if (part.within !== undefined) return this.bitmap(part.within.part) + part.within.offset;
    if (!part.shared) {
      if (part.variant === this.#variant) return part.address;
      const address = this.take(part.bitmaps);
      part.emit(address);
      part.variant = this.#variant;
      part.address = address;
      return address;
    }
    const { strides } = part;
    let instance = 0;
    for (let a = 0; a < strides.length; a++) instance += this.#digits[a]! * strides[a]!;
    let address = part.known.get(instance);
    if (address === undefined) {
      address = this.#options.memory.bitmaps(part.bitmaps);
      part.emit(address);
      part.known.set(instance, address);
    }
    return address;
  }

  /** `count` bitmaps, one behind the other, that are this variant's own until the next one starts. */
  take(count: number): number {
    const { privates } = this.#options;
    assert(this.#privatesUsed + count <= privates.length, 'a variant has private bitmaps enough');
    const address = privates[this.#privatesUsed]!;
    this.#privatesUsed += count;
    return address;
  }

  /** A part that depends on what `nodes` depend on. */
  #newPart(
    key: string,
    nodes: readonly { readonly key: string }[],
    bitmaps: number,
    emit: (out: number) => void,
    within?: ConditionPart['within'],
  ): ConditionPart {
    const parameters = new Set(nodes.flatMap((node) => this.#graph.get(node.key)?.parameters ?? []));
    const { axes } = this.#options.grid;
    const strides = axes.map(() => 0);
    let count = 1;
    for (let a = axes.length - 1; a >= 0; a--) {
      const { name, values } = axes[a]!;
      if (!parameters.has(name)) continue;
      strides[a] = count;
      count *= values.length;
    }
    const shared = axes.some(({ name, values }) => values.length > 1 && !parameters.has(name));
    const known = new Map<number, number>();
    const part = { strides, shared, bitmaps, emit, known, within, variant: -1, address: 0 };
    this.#parts.set(key, part);
    return part;
  }

  #comparison({ operator, inputs }: CompareCondition): (out: number) => void {
    const { memory } = this.#options;
    const [left, right] = [this.#operand(inputs[0]), this.#operand(inputs[1])];
    if ('number' in left) {
      if ('place' in right) {
        const code = NUMBER_OPS[SWAPPED[operator]];
        return (out) => memory.addNumber(code, out, this.#columns[right.place]!, left.number());
      }
      return (out) => memory.add(OP_FILL, out, holds(operator, left.number(), right.number()) ? 1 : 0, 0);
    }
    if ('number' in right) {
      const code = NUMBER_OPS[operator];
      return (out) => memory.addNumber(code, out, this.#columns[left.place]!, right.number());
    }
    const code = operator === '>' || operator === '<' ? OP_ABOVE : OP_AT_OR_ABOVE;
    const [a, b] = operator === '<' || operator === '<=' ? [right, left] : [left, right];
    return (out) => memory.add(code, out, this.#columns[a.place]!, this.#columns[b.place]!);
  }

  /** Crossings in both directions are one operation where both are asked for. */
  #crossingPart(condition: CrossCondition): ConditionPart {
    const { direction, negated, inputs } = condition;
    const [left, right] = inputs;
    const isPair = !negated && this.#isCrossed('above', left, right) && this.#isCrossed('below', left, right);
    if (!isPair) return this.#newPart(condition.key, [condition], 1, this.#crossing(condition));
    const key = `${left.key} ?? ${right.key}`;
    const part = this.#parts.get(key) ?? this.#newPart(key, inputs, 2, this.#crossingsBothWays(left, right));
    const within = { part, offset: direction === 'above' ? 0 : TILE_BITMAP_BYTES };
    return this.#newPart(condition.key, [condition], 1, () => undefined, within);
  }

  #isCrossed(direction: CrossCondition['direction'], left: Column, right: Column): boolean {
    for (const { node } of this.#graph.values()) {
      if (node.kind !== 'cross' || node.negated || node.direction !== direction) continue;
      if (node.inputs[0].key === left.key && node.inputs[1].key === right.key) return true;
    }
    return false;
  }

  #crossingsBothWays(left: Column, right: Column): (out: number) => void {
    const { memory, constants } = this.#options;
    const pair = this.#pair(left, right);
    const leftPresent = this.#presence(left);
    const rightPresent = this.#presence(right);
    return (out) => {
      const sides = this.bitmap(pair);
      const a = leftPresent === undefined ? constants.ones : this.bitmap(leftPresent);
      const b = rightPresent === undefined ? constants.ones : this.bitmap(rightPresent);
      memory.add(OP_CROSSINGS, out, sides, a, b, memory.state(2));
    };
  }

  /** Where one column is above another, and where below. */
  #pair(left: Column, right: Column): ConditionPart {
    const key = `${left.key} ? ${right.key}`;
    return this.#parts.get(key) ?? this.#newPart(key, [left, right], 2, this.#bothWays(left, right));
  }

  #crossing({ direction, negated, inputs: [left, right] }: CrossCondition): (out: number) => void {
    const { memory } = this.#options;
    const pair = this.#pair(left, right);
    const leftPresent = this.#presence(left);
    const rightPresent = this.#presence(right);
    const { ones } = this.#options.constants;
    const isAbove = direction === 'above';
    return (out) => {
      const greater = this.bitmap(pair);
      const less = greater + TILE_BITMAP_BYTES;
      const a = leftPresent === undefined ? ones : this.bitmap(leftPresent);
      const b = rightPresent === undefined ? ones : this.bitmap(rightPresent);
      const after = isAbove ? greater : less;
      const before = isAbove ? less : greater;
      if (!negated) {
        memory.add(OP_CROSSING, out, after, before, a, b, memory.state());
        return;
      }
      const crossed = this.take(2);
      const valid = crossed + TILE_BITMAP_BYTES;
      memory.add(OP_CROSSING, crossed, after, before, a, b, memory.state());
      memory.add(OP_AND, valid, a, b);
      memory.add(OP_AND_NOT, out, valid, crossed);
    };
  }

  /** Two bitmaps: left > right, and behind it left < right. */
  #bothWays(leftColumn: Column, rightColumn: Column): (out: number) => void {
    const { memory } = this.#options;
    const [left, right] = [this.#operand(leftColumn), this.#operand(rightColumn)];
    if ('place' in left && 'place' in right) {
      return (pair) => memory.add(OP_BOTH_WAYS, pair, this.#columns[left.place]!, this.#columns[right.place]!);
    }
    return (pair) => {
      const less = pair + TILE_BITMAP_BYTES;
      if ('place' in left) {
        const number = (right as Extract<Operand, { number: unknown }>).number();
        memory.addNumber(OP_ABOVE_NUMBER, pair, this.#columns[left.place]!, number);
        memory.addNumber(OP_BELOW_NUMBER, less, this.#columns[left.place]!, number);
      } else if ('place' in right) {
        memory.addNumber(OP_BELOW_NUMBER, pair, this.#columns[right.place]!, left.number());
        memory.addNumber(OP_ABOVE_NUMBER, less, this.#columns[right.place]!, left.number());
      } else {
        memory.add(OP_FILL, pair, left.number() > right.number() ? 1 : 0, 0);
        memory.add(OP_FILL, less, left.number() < right.number() ? 1 : 0, 0);
      }
    };
  }

  /** The bars on which a column has a value; undefined for a number, which has one on each. */
  #presence(column: Column): ConditionPart | undefined {
    const operand = this.#operand(column);
    if ('number' in operand) return undefined;
    const key = `${column.key} present`;
    const { memory } = this.#options;
    const emit = (out: number): void =>
      memory.addNumber(OP_AT_OR_ABOVE_NUMBER, out, this.#columns[operand.place]!, Number.NEGATIVE_INFINITY);
    return this.#parts.get(key) ?? this.#newPart(key, [column], 1, emit);
  }

  #combination(operator: 'and' | 'or', inputs: readonly Condition[]): (out: number) => void {
    const { memory } = this.#options;
    const code = operator === 'and' ? OP_AND : OP_OR;
    const parts = inputs.map((input) => this.part(input));
    const [first, second = first] = parts;
    return (out) => {
      const a = this.bitmap(first);
      memory.add(code, out, a, this.bitmap(second));
      for (let i = 2; i < parts.length; i++) memory.add(code, out, out, this.bitmap(parts[i]));
    };
  }

  #operand(column: Column): Operand {
    if (column.kind !== 'constant') {
      return { place: this.#options.catalog.operands.findIndex((operand) => operand.column.key === column.key) };
    }
    const { value } = column;
    if (typeof value === 'number') return { number: () => value };
    const axis = this.#options.grid.axes.findIndex(({ name }) => name === value.parameter);
    const { values } = this.#options.grid.axes[axis]!;
    return { number: () => values[this.#digits[axis]!]! };
  }
}

function holds(operator: CompareCondition['operator'], a: number, b: number): boolean {
  if (operator === '>') return a > b;
  if (operator === '>=') return a >= b;
  return operator === '<' ? a < b : a <= b;
}

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
  OP_FILL,
  OP_OR,
  TILE_BITMAP_BYTES,
} from '../kernels/program-layout.ts';
import type { Column, CompareCondition, Condition, CrossCondition } from '../strategy/expression.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import { collectGraph } from './graph.ts';
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
interface Part {
  /** Per axis: how much one step on it moves the number of the instance; 0 where the part does not depend on it. */
  readonly strides: readonly number[];
  /** Whether several variants may have the same instance. */
  readonly shared: boolean;
  /** Addresses of the instances of this program, where they are shared. */
  readonly known: Map<number, number>;
  /** The variant that wrote the private bitmap, and where it lies. */
  variant: number;
  address: number;
}

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
  readonly #parts = new Map<string, Part>();
  readonly #operands: ReadonlyMap<string, number>;
  readonly #digits: number[];
  #variant = 0;
  #privatesUsed = 0;
  #columns: readonly number[] = [];

  constructor(options: ConditionProgramOptions) {
    this.#options = options;
    this.#digits = options.grid.axes.map(() => 0);
    this.#operands = new Map(options.catalog.operands.map(({ column }, i) => [column.key, i]));
    const graph = collectGraph(options.strategy);
    const part = (key: string, ...of: readonly string[]): void => {
      const names = new Set(of.flatMap((node) => graph.get(node)?.parameters ?? []));
      this.#parts.set(key, newPart(options.grid, [...names]));
    };
    for (const { node } of graph.values()) {
      if (node.kind === 'compare' || node.kind === 'logic') part(node.key, node.key);
      if (node.kind !== 'cross') continue;
      const [left, right] = node.inputs;
      part(node.key, node.key);
      part(pairKey(left, right), left.key, right.key);
      for (const column of node.inputs) part(presentKey(column), column.key);
    }
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

  /** Address of the bitmap of a condition; that of no bars for none. */
  bitmap(condition: Condition | undefined): number {
    if (condition === undefined) return this.#options.constants.zeros;
    return this.#part(condition.key, 1, (out) => {
      if (condition.kind === 'compare') this.#compare(out, condition);
      else if (condition.kind === 'cross') this.#cross(out, condition);
      else this.#combine(out, condition.operator, condition.inputs);
    });
  }

  /** `count` bitmaps, one behind the other, that are this variant's own until the next one starts. */
  take(count: number): number {
    const { privates } = this.#options;
    assert(this.#privatesUsed + count <= privates.length, 'a variant has private bitmaps enough');
    const address = privates[this.#privatesUsed]!;
    this.#privatesUsed += count;
    return address;
  }

  #part(key: string, bitmaps: number, compute: (out: number) => void): number {
    const part = this.#parts.get(key)!;
    if (!part.shared) {
      if (part.variant === this.#variant) return part.address;
      const address = this.take(bitmaps);
      compute(address);
      part.variant = this.#variant;
      part.address = address;
      return address;
    }
    const { strides } = part;
    let instance = 0;
    for (let a = 0; a < strides.length; a++) instance += this.#digits[a]! * strides[a]!;
    let address = part.known.get(instance);
    if (address === undefined) {
      address = this.#options.memory.bitmaps(bitmaps);
      compute(address);
      part.known.set(instance, address);
    }
    return address;
  }

  #compare(out: number, { operator, inputs: [left, right] }: CompareCondition): void {
    const { memory } = this.#options;
    if (left.kind === 'constant' && right.kind === 'constant') {
      memory.add(OP_FILL, out, holds(operator, this.#number(left), this.#number(right)) ? 1 : 0, 0);
    } else if (left.kind === 'constant') {
      memory.addNumber(NUMBER_OPS[SWAPPED[operator]], out, this.#column(right), this.#number(left));
    } else if (right.kind === 'constant') {
      memory.addNumber(NUMBER_OPS[operator], out, this.#column(left), this.#number(right));
    } else {
      const swapped = operator === '<' || operator === '<=';
      const code = operator === '>' || operator === '<' ? OP_ABOVE : OP_AT_OR_ABOVE;
      const a = this.#column(swapped ? right : left);
      memory.add(code, out, a, this.#column(swapped ? left : right));
    }
  }

  #cross(out: number, { direction, negated, inputs: [left, right] }: CrossCondition): void {
    const { memory } = this.#options;
    const greater = this.#part(pairKey(left, right), 2, (pair) => this.#bothWays(pair, left, right));
    const less = greater + TILE_BITMAP_BYTES;
    const a = this.#present(left);
    const b = this.#present(right);
    const after = direction === 'above' ? greater : less;
    const before = direction === 'above' ? less : greater;
    if (!negated) {
      memory.add(OP_CROSSING, out, after, before, a, b, memory.state());
      return;
    }
    const crossed = this.take(2);
    const valid = crossed + TILE_BITMAP_BYTES;
    memory.add(OP_CROSSING, crossed, after, before, a, b, memory.state());
    memory.add(OP_AND, valid, a, b);
    memory.add(OP_AND_NOT, out, valid, crossed);
  }

  #bothWays(pair: number, left: Column, right: Column): void {
    const { memory } = this.#options;
    const less = pair + TILE_BITMAP_BYTES;
    if (left.kind === 'constant' && right.kind === 'constant') {
      memory.add(OP_FILL, pair, this.#number(left) > this.#number(right) ? 1 : 0, 0);
      memory.add(OP_FILL, less, this.#number(left) < this.#number(right) ? 1 : 0, 0);
    } else if (left.kind === 'constant') {
      memory.addNumber(OP_BELOW_NUMBER, pair, this.#column(right), this.#number(left));
      memory.addNumber(OP_ABOVE_NUMBER, less, this.#column(right), this.#number(left));
    } else if (right.kind === 'constant') {
      memory.addNumber(OP_ABOVE_NUMBER, pair, this.#column(left), this.#number(right));
      memory.addNumber(OP_BELOW_NUMBER, less, this.#column(left), this.#number(right));
    } else memory.add(OP_BOTH_WAYS, pair, this.#column(left), this.#column(right));
  }

  /** The bars on which a column has a value: a number has one on each. */
  #present(column: Column): number {
    if (column.kind === 'constant') return this.#options.constants.ones;
    return this.#part(presentKey(column), 1, (out) => {
      const { memory } = this.#options;
      memory.addNumber(OP_AT_OR_ABOVE_NUMBER, out, this.#column(column), Number.NEGATIVE_INFINITY);
    });
  }

  #combine(out: number, operator: 'and' | 'or', inputs: readonly Condition[]): void {
    const { memory } = this.#options;
    const code = operator === 'and' ? OP_AND : OP_OR;
    const bitmaps = inputs.map((input) => this.bitmap(input));
    memory.add(code, out, bitmaps[0]!, bitmaps[1] ?? bitmaps[0]!);
    for (const bitmap of bitmaps.slice(2)) memory.add(code, out, out, bitmap);
  }

  #column(column: Column): number {
    return this.#columns[this.#operands.get(column.key)!]!;
  }

  #number(column: Extract<Column, { kind: 'constant' }>): number {
    const { value } = column;
    if (typeof value === 'number') return value;
    const axis = this.#options.grid.axes.findIndex(({ name }) => name === value.parameter);
    return this.#options.grid.axes[axis]!.values[this.#digits[axis]!]!;
  }
}

const pairKey = (left: Column, right: Column): string => `${left.key} ? ${right.key}`;
const presentKey = (column: Column): string => `${column.key} present`;

function newPart(grid: Grid, parameters: readonly string[]): Part {
  const strides = grid.axes.map(() => 0);
  let count = 1;
  for (let a = grid.axes.length - 1; a >= 0; a--) {
    const { name, values } = grid.axes[a]!;
    if (!parameters.includes(name)) continue;
    strides[a] = count;
    count *= values.length;
  }
  const shared = grid.axes.some(({ name, values }) => values.length > 1 && !parameters.includes(name));
  return { strides, shared, known: new Map(), variant: -1, address: 0 };
}

function holds(operator: CompareCondition['operator'], a: number, b: number): boolean {
  if (operator === '>') return a > b;
  if (operator === '>=') return a >= b;
  return operator === '<' ? a < b : a <= b;
}

// The distinct columns that a grid compares, numbered: which of them a variant needs, and what a number stands for.
import type { Column } from '../strategy/expression.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { collectGraph } from './graph.ts';
import { inputsOf } from './graph-node.ts';
import type { Grid } from './grid.ts';

/** A column of the expression graph that some condition compares. */
export interface OperandColumn {
  readonly column: Exclude<Column, { kind: 'constant' }>;
  /** Id of its first instance; ids of one operand are consecutive. */
  readonly firstId: number;
  /** Instances over the grid, before the constraint. */
  readonly count: number;
  /** Per axis of the grid: how much one step on it moves the id; 0 where the column does not depend on it. */
  readonly strides: readonly number[];
}

/**
 * Numbers every instance of every compared column of a grid from 0 to `count - 1`, without listing them: an id is mixed
 * radix over the axes its column depends on, so that a grid of any size is catalogued in constant memory.
 */
export class ColumnCatalog {
  readonly operands: readonly OperandColumn[];
  readonly count: number;
  readonly #grid: Pick<Grid, 'axes'>;

  constructor(strategy: Strategy, grid: Pick<Grid, 'axes'>) {
    this.#grid = grid;
    const graph = collectGraph(strategy);
    const compared = new Set<string>();
    for (const { node, isCondition } of graph.values()) {
      if (isCondition) for (const input of inputsOf(node)) compared.add(input.key);
    }
    const operands: OperandColumn[] = [];
    let firstId = 0;
    for (const { node, isCondition, parameters } of graph.values()) {
      if (isCondition || node.kind === 'constant' || !compared.has(node.key)) continue;
      let count = 1;
      const strides = grid.axes.map(() => 0);
      for (let a = grid.axes.length - 1; a >= 0; a--) {
        const { name, values } = grid.axes[a]!;
        if (!parameters.includes(name)) continue;
        strides[a] = count;
        count *= values.length;
      }
      operands.push({ column: node as OperandColumn['column'], firstId, count, strides });
      firstId += count;
    }
    this.operands = operands;
    this.count = firstId;
  }

  /** Ids of the columns that a base variant compares, one per operand, in the order of `operands`. */
  idsOf(baseIndex: number): number[] {
    const { operands } = this;
    const { axes } = this.#grid;
    const ids: number[] = [];
    for (let i = 0; i < operands.length; i++) ids.push(operands[i]!.firstId);
    let rest = baseIndex;
    for (let a = axes.length - 1; a >= 0; a--) {
      const radix = axes[a]!.values.length;
      const digit = rest % radix;
      rest = Math.floor(rest / radix);
      for (let i = 0; i < ids.length; i++) ids[i] = ids[i]! + digit * operands[i]!.strides[a]!;
    }
    return ids;
  }

  /** The column an id stands for, and the parameters that it depends on. */
  describe(id: number): { readonly column: OperandColumn['column']; readonly parameters: ParameterValues } {
    const operand = this.operands.findLast(({ firstId }) => firstId <= id)!;
    const instance = id - operand.firstId;
    const parameters: Record<string, number> = {};
    this.#grid.axes.forEach(({ name, values }, a) => {
      const stride = operand.strides[a]!;
      if (stride > 0) parameters[name] = values[Math.floor(instance / stride) % values.length]!;
    });
    return { column: operand.column, parameters };
  }
}

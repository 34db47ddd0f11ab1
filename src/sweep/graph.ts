// The expression graph of a strategy: its distinct nodes, the parameters each depends on, and their instances in a grid.
import type { Column, Condition } from '../strategy/expression.ts';
import type { Scalar } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import type { Grid } from './grid.ts';

export type ExpressionNode = Column | Condition;

export interface GraphNode {
  readonly node: ExpressionNode;
  readonly isCondition: boolean;
  /** Names of the parameters its value depends on, sorted. */
  readonly parameters: readonly string[];
}

/** Every distinct node by key, inputs before the nodes that use them. */
export type Graph = ReadonlyMap<string, GraphNode>;

const scalarsOf = (node: ExpressionNode): readonly Scalar[] => {
  switch (node.kind) {
    case 'constant':
      return [node.value];
    case 'indicator':
    case 'custom':
    case 'model':
      return node.params;
    case 'lag':
      return [node.bars];
    default:
      return [];
  }
};

export const inputsOf = (node: ExpressionNode): readonly ExpressionNode[] => ('inputs' in node ? node.inputs : []);

/** Collects the graph below the conditions of an expression strategy; empty for function strategies. */
export function collectGraph(strategy: Strategy): Graph {
  const graph = new Map<string, GraphNode>();
  const visit = (node: ExpressionNode): GraphNode => {
    const known = graph.get(node.key);
    if (known !== undefined) return known;
    const names = new Set<string>();
    for (const input of inputsOf(node)) for (const name of visit(input).parameters) names.add(name);
    for (const scalar of scalarsOf(node)) if (typeof scalar !== 'number') names.add(scalar.parameter);
    const isCondition = node.kind === 'compare' || node.kind === 'cross' || node.kind === 'logic';
    const entry = { node, isCondition, parameters: [...names].sort() };
    graph.set(node.key, entry);
    return entry;
  };
  for (const condition of Object.values(strategy.signals ?? {})) if (condition !== undefined) visit(condition);
  return graph;
}

/** How many different values a node takes over the grid, before the constraint. */
export function instanceCount(entry: GraphNode, grid: Grid): number {
  return grid.axes
    .filter((axis) => entry.parameters.includes(axis.name))
    .reduce((product, axis) => product * axis.values.length, 1);
}

/** True when some other parameter varies, so that several variants share one value of this node. */
export function isShared(entry: GraphNode, grid: Grid): boolean {
  return grid.axes.some((axis) => axis.values.length > 1 && !entry.parameters.includes(axis.name));
}

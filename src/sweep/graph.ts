// The expression graph of a strategy: its distinct nodes, the parameters each depends on, and their instances in a grid.
import type { Scalar } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { type ExpressionNode, type Graph, type GraphNode, inputsOf, isConditionNode } from './graph-node.ts';
import type { Grid } from './grid.ts';
import { programGraph } from './program-graph.ts';

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

/** Collects the graph below the conditions of an expression strategy, or what a bar strategy declares; empty for others. */
export function collectGraph(strategy: Strategy): Graph {
  if (strategy.program?.kind === 'bars') return programGraph(strategy, strategy.program);
  const graph = new Map<string, GraphNode>();
  const visit = (node: ExpressionNode): GraphNode => {
    const known = graph.get(node.key);
    if (known !== undefined) return known;
    const names = new Set<string>();
    for (const input of inputsOf(node)) for (const name of visit(input).parameters) names.add(name);
    for (const scalar of scalarsOf(node)) if (typeof scalar !== 'number') names.add(scalar.parameter);
    const entry = { node, isCondition: isConditionNode(node), parameters: [...names].sort() };
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

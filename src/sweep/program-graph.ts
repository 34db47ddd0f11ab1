// The expression graph of a bar strategy: its init is code, so which parameter a column depends on is found by trying.
import { declaredNodes } from '../bars/declared-nodes.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import type { ParameterValues } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { type ExpressionNode, type Graph, type GraphNode, inputsOf, isConditionNode } from './graph-node.ts';

/**
 * Every distinct node for the first value of each axis, with the parameters whose second value makes it another one.
 * A plan made from it is an estimate where init decides by parameters what to declare. Empty when init fails here: the
 * error shows where the variant is run.
 */
export function programGraph(strategy: Strategy, program: BarProgram): Graph {
  const keysAt = (parameters: ParameterValues): Map<string, ExpressionNode> | undefined => {
    try {
      return declaredGraph(strategy, program, parameters);
    } catch {
      return undefined;
    }
  };
  const points = neighbours(strategy.parameters);
  const first = keysAt(points.first);
  const graph = new Map<string, GraphNode>();
  if (first === undefined) return graph;
  const others = points.changed.map(({ name, parameters }) => [name, keysAt(parameters)] as const);
  for (const [key, node] of first) {
    const parameters = others.filter(([, keys]) => keys !== undefined && !keys.has(key)).map(([name]) => name);
    graph.set(key, { node, isCondition: isConditionNode(node), parameters: parameters.sort() });
  }
  return graph;
}

/** The point of all first values, and those where one axis has its second. */
export function neighbours(parameters: Strategy['parameters']): {
  readonly first: ParameterValues;
  readonly changed: readonly { readonly name: string; readonly parameters: ParameterValues }[];
} {
  const axes = Object.entries(parameters);
  const first = Object.fromEntries(axes.map(([name, { values }]) => [name, values[0]!]));
  const changed = axes
    .filter(([, { values }]) => values.length > 1)
    .map(([name, { values }]) => ({ name, parameters: { ...first, [name]: values[1]! } }));
  return { first, changed };
}

/** Every node below what init declares, by key, inputs first. Errors: whatever init throws. */
export function declaredGraph(
  { name }: Strategy,
  program: BarProgram,
  parameters: ParameterValues,
): Map<string, ExpressionNode> {
  const nodes = new Map<string, ExpressionNode>();
  const visit = (node: ExpressionNode): void => {
    if (nodes.has(node.key)) return;
    for (const input of inputsOf(node)) visit(input);
    nodes.set(node.key, node);
  };
  for (const node of declaredNodes(program, name, parameters, parseTimeframe('1m'))) visit(node);
  return nodes;
}

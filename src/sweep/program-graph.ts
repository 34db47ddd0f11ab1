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
  const axes = Object.entries(strategy.parameters);
  const at = (changed?: string): ParameterValues =>
    Object.fromEntries(
      axes.map(([name, { values }]) => [name, (name === changed ? values[1] : undefined) ?? values[0]!]),
    );
  const keysAt = (parameters: ParameterValues): Map<string, ExpressionNode> | undefined => {
    try {
      return declaredGraph(strategy, program, parameters);
    } catch {
      return undefined;
    }
  };
  const first = keysAt(at());
  const graph = new Map<string, GraphNode>();
  if (first === undefined) return graph;
  const others = axes.filter(([, { values }]) => values.length > 1).map(([name]) => [name, keysAt(at(name))] as const);
  for (const [key, node] of first) {
    const parameters = others.filter(([, keys]) => keys !== undefined && !keys.has(key)).map(([name]) => name);
    graph.set(key, { node, isCondition: isConditionNode(node), parameters: parameters.sort() });
  }
  return graph;
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

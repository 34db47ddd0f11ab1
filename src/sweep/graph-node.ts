// A node of an expression graph, and what it is made of.
import type { Column, Condition } from '../strategy/expression.ts';

export type ExpressionNode = Column | Condition;

export interface GraphNode {
  readonly node: ExpressionNode;
  readonly isCondition: boolean;
  /** Names of the parameters its value depends on, sorted. */
  readonly parameters: readonly string[];
}

/** Every distinct node by key, inputs before the nodes that use them. */
export type Graph = ReadonlyMap<string, GraphNode>;

export const inputsOf = (node: ExpressionNode): readonly ExpressionNode[] => ('inputs' in node ? node.inputs : []);

export const isConditionNode = (node: ExpressionNode): node is Condition =>
  node.kind === 'compare' || node.kind === 'cross' || node.kind === 'logic';

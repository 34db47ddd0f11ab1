// A strategy made of what a fenced process told of it: data where it had data, refusals where it had functions.
import { AppError } from '../core/errors.ts';
import { ModelFile } from '../models/model-file.ts';
import type { BarsDescription, StrategyDescription } from '../pool/messages.ts';
import { defineBarStrategy } from '../strategy/bar-strategy.ts';
import type { CustomColumn } from '../strategy/expression.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { BarProgram } from '../strategy/program.ts';
import { defineStrategy, type Strategy } from '../strategy/strategy.ts';
import { isConditionNode } from '../sweep/graph-node.ts';
import { baseIndexOf } from '../sweep/grid.ts';

/** Errors: STRATEGY_INVALID for a description that no strategy would give. */
export function standIn(described: StrategyDescription, given: Readonly<Record<string, Axis>>): Strategy {
  const { name, description, parameters, risk, signals, bars, allowed } = described;
  const axes = Object.entries(parameters).map(([axis, { values }]) => ({
    name: axis,
    values: given[axis]?.values ?? values,
  }));
  const constraint =
    allowed === undefined
      ? undefined
      : (point: Readonly<Record<string, number>>): boolean => {
          const index = baseIndexOf({ axes }, point);
          return ((allowed[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
        };
  const head = { name, description, parameters, risk, constraint };
  restore(signals ?? bars);
  if (bars !== undefined) return defineBarStrategy({ ...head, ...standInBars(bars) });
  if (signals === undefined) return defineStrategy({ ...head, compute: elsewhere });
  return defineStrategy({ ...head, signals: () => signals });
}

/** Its init declares again what the strategy declared, so that plans are those of the strategy itself. */
function standInBars({ models, points }: BarsDescription): Pick<BarProgram, 'init' | 'onBar' | 'models'> {
  const keyOf = (parameters: object): string => JSON.stringify(Object.entries(parameters).sort());
  const declaredAt = new Map(points.map(({ parameters, declared }) => [keyOf(parameters), declared]));
  const init: BarProgram['init'] = ({ parameters, column, condition }) => {
    for (const node of declaredAt.get(keyOf(parameters)) ?? elsewhere()) {
      if (isConditionNode(node)) condition(node);
      else column(node);
    }
  };
  return { models, init, onBar: elsewhere };
}

/** What came as data gets back its class, and functions that refuse in place of those that stayed behind. */
function restore(described: unknown): void {
  for (const node of partsOf(described)) {
    if ((node as Partial<CustomColumn>).kind === 'custom') Object.assign(node, { compute: elsewhere });
    const { model } = node as { readonly model?: { readonly file?: ModelFile } };
    if (model?.file !== undefined) {
      const { kind, path, features } = model.file;
      Object.assign(model, { file: new ModelFile(kind, String(path), Number(features)) });
    }
  }
}

function elsewhere(): never {
  throw new AppError('STRATEGY_FORBIDDEN', {
    rule: 'With --isolate process strategy code runs in fenced processes only.',
    found: 'a call of it in the process that plans.',
    todo: 'Leave out what needs it here, such as --report or --estimate.',
  });
}

/** All objects of a description, each once. */
function partsOf(described: unknown): object[] {
  const parts = new Set<object>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || parts.has(part)) return;
    parts.add(part);
    for (const member of Object.values(part)) visit(member);
  };
  visit(described);
  return [...parts];
}

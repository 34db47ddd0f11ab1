// Parameters named with --set: that the strategy has them, and that its indicators accept their values.
import { checkControllerAxes } from '../controllers/controller-strategy.ts';
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import { INDICATORS } from '../indicators/registry.ts';
import type { Axis } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { collectGraph } from '../sweep/graph.ts';

type Axes = Readonly<Record<string, Axis>>;

/** Errors: GRID_INVALID with the nearest name, REQUEST_INVALID naming the parameter whose value no indicator takes. */
export function checkParameters(strategy: Strategy, given: Axes): void {
  if (strategy.program?.kind === 'controller') {
    checkControllerAxes(strategy.program.given, { ...strategy.parameters, ...given });
    return;
  }
  checkNames(strategy, given);
  checkValues(strategy, { ...strategy.parameters, ...given });
}

/** Results show barriers beside the parameters, under these names. */
const BARRIER_OPTIONS: Readonly<Record<string, string>> = {
  stopLoss: '--stop-loss',
  takeProfit: '--take-profit',
  trailingStop: '--trailing',
  timeLimit: '--time-limit',
};

function barrierHint(name: string): string {
  const option = Object.hasOwn(BARRIER_OPTIONS, name) ? BARRIER_OPTIONS[name] : undefined;
  return option === undefined ? '' : ` A barrier has an option of its own: ${option}.`;
}

function checkNames({ name: strategyName, parameters }: Strategy, given: Axes): void {
  const names = Object.keys(parameters);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new AppError('GRID_INVALID', {
    rule: '--set must name a parameter of the strategy.',
    found: `"${unknown}".${didYouMean(unknown, names)}`,
    todo: `${strategyName} has: ${names.join(', ') || 'none'}.${barrierHint(unknown)}`,
  });
}

/** The engine checks them too, but knows a parameter by the indicator's name for it only: length, not fast. */
function checkValues(strategy: Strategy, axes: Axes): void {
  for (const { node } of collectGraph(strategy).values()) {
    if (node.kind !== 'indicator') continue;
    const definition = INDICATORS[node.indicator];
    node.params.forEach((scalar, n) => {
      if (typeof scalar === 'number') return;
      const { name, integer, min } = definition.params[n]!;
      const axis = axes[scalar?.parameter];
      if (axis === undefined) throw noScalar(definition.name, name, scalar);
      const fits = (value: number): boolean =>
        (integer ? Number.isSafeInteger(value) : Number.isFinite(value)) && value >= min;
      const wrong = axis.values.find((value) => !fits(value));
      if (wrong === undefined) return;
      throw new AppError('REQUEST_INVALID', {
        rule: `${scalar.parameter} is the ${name} of ${definition.name}: a ${integer ? 'whole ' : ''}number of at least ${min}.`,
        found: `${scalar.parameter} = ${wrong}.`,
        todo: 'Change it, or leave the value out of the grid.',
      });
    });
  }
}

/** `p.slow + 1` makes a text of a parameter: its number is known only when a variant is scored. */
const noScalar = (indicator: string, name: string, found: unknown): AppError =>
  new AppError('STRATEGY_INVALID', {
    rule: `The ${name} of ${indicator} is a number, or a parameter as it stands.`,
    found: `${JSON.stringify(found)}.`,
    todo: 'Write p.slow, not p.slow + 1; declare another parameter, or use a function (compute), where numbers are needed.',
  });

// A controller configuration as a strategy: its numbers are parameters, and combinations that make no sense are left out.
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import type { Axis, ParameterValues } from '../strategy/parameters.ts';
import type { Strategy } from '../strategy/strategy.ts';
import {
  CONTROLLER_FIELDS,
  type ControllerConfig,
  type ControllerName,
  readControllerConfig,
} from './controller-config.ts';
import { type GivenFields, type GridField, gridFields, withGridValues } from './grid-fields.ts';

const DESCRIPTIONS: Readonly<Record<ControllerName, string>> = {
  bollinger_v1: 'Hummingbot controller: long below a place between the Bollinger bands, short above another.',
  macd_bb_v1: 'Hummingbot controller: the places of bollinger_v1, when MACD and its histogram turn the same way.',
  supertrend_v1: 'Hummingbot controller: with the supertrend, while the price is near its line.',
  dman_v3: 'Hummingbot controller: the places of bollinger_v1, entered in stages (DCA).',
  pmm_simple: 'Hummingbot controller: limit orders at fixed spreads on both sides of the price.',
  pmm_dynamic: 'Hummingbot controller: limit orders whose spreads follow the range and whose centre follows MACD.',
  dman_maker_v2: 'Hummingbot controller: at each spread a DCA executor that buys (sells) in stages.',
  grid_strike: 'Hummingbot controller: a grid of orders between two prices.',
};

/**
 * The strategy of a configuration. Its parameters are the numbers that the file sets, and those named in `fields`, each
 * with the one value in force. Errors: REQUEST_INVALID for the configuration, GRID_INVALID for `fields` that it has not.
 */
export function controllerStrategy(given: GivenFields, fields: readonly string[] = []): Strategy {
  const config = readControllerConfig(given);
  const all = gridFields(given);
  checkNames(config.controller_name, all, fields);
  const shown = all.filter(({ name, field }) => Object.hasOwn(given, field) || fields.includes(name));
  return {
    kind: 'gridmill-strategy',
    name: config.controller_name,
    description: DESCRIPTIONS[config.controller_name],
    parameters: Object.fromEntries(shown.map(({ name, value }): [string, Axis] => [name, { values: [value] }])),
    constraint: sensible(all),
    risk: {},
    signals: undefined,
    compute: undefined,
    program: { kind: 'controller', given },
  };
}

/** The same strategy with `names` among its parameters; strategies of other kinds as they are. Errors: GRID_INVALID. */
export function withControllerFields(strategy: Strategy, names: readonly string[]): Strategy {
  if (strategy.program?.kind !== 'controller') return strategy;
  const missing = names.filter((name) => !Object.hasOwn(strategy.parameters, name));
  if (missing.length === 0) return strategy;
  return controllerStrategy(strategy.program.given, [...Object.keys(strategy.parameters), ...missing]);
}

function checkNames(controller: string, all: readonly GridField[], wanted: readonly string[]): void {
  const names = all.map(({ name }) => name);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const fields: Readonly<Record<string, { readonly hasEffect: boolean }>> =
    CONTROLLER_FIELDS[controller as ControllerName];
  const isIdle = fields[unknown]?.hasEffect === false;
  throw new AppError('GRID_INVALID', {
    rule: `--set must name a number of ${controller} that a back-test reads.`,
    found: isIdle ? `${unknown}, which no back-test reads.` : `"${unknown}".${didYouMean(unknown, names)}`,
    todo: `It has: ${names.join(', ')}.`,
  });
}

/** Reads every value of the axes by itself, so that a mistake has the name of its field. Errors: REQUEST_INVALID. */
export function checkControllerAxes(given: GivenFields, axes: Readonly<Record<string, Axis>>): void {
  const fields = fieldMap(given);
  const together: Record<string, number> = {};
  // Numbers that only count together, such as those of a trailing stop, are read with the first values of the others.
  for (const [name, axis] of Object.entries(axes)) together[name] = axis.values.find((value) => value !== 0) ?? 0;
  for (const [name, axis] of Object.entries(axes)) {
    for (const value of axis.values)
      readControllerConfig(withGridValues(given, fields, { ...together, [name]: value }));
  }
  for (const name of Object.keys(axes)) checkTrailing(name, axes, fields);
}

function checkTrailing(
  name: string,
  axes: Readonly<Record<string, Axis>>,
  fields: ReadonlyMap<string, GridField>,
): void {
  const other = name.endsWith('.activation_price')
    ? name.replace('activation_price', 'trailing_delta')
    : name.replace('trailing_delta', 'activation_price');
  if (other === name || Object.hasOwn(axes, other) || fields.get(other)!.value !== 0) return;
  if (axes[name]!.values.every((value) => value === 0)) return;
  throw new AppError('GRID_INVALID', {
    rule: 'A trailing stop needs an activation price and a trailing delta.',
    found: `${name} alone, in a configuration without a trailing stop.`,
    todo: `Set ${other} too.`,
  });
}

const fieldMap = (given: GivenFields): ReadonlyMap<string, GridField> =>
  new Map(gridFields(given).map((field) => [field.name, field]));

/** Pairs of which the first must be the smaller one. */
const ASCENDING = [
  ['macd_fast', 'macd_slow'],
  ['start_price', 'end_price'],
] as const;

function sensible(all: readonly GridField[]): Strategy['constraint'] {
  const value = new Map(all.map((field) => [field.name, field.value]));
  const pairs = ASCENDING.filter(([low, high]) => value.has(low) && value.has(high));
  if (pairs.length === 0) return undefined;
  return (parameters) =>
    pairs.every(([low, high]) => (parameters[low] ?? value.get(low)!) < (parameters[high] ?? value.get(high)!));
}

/** Makes configurations of one file, one after the other. */
export function configurator(given: GivenFields): (parameters: ParameterValues) => ControllerConfig {
  const fields = fieldMap(given);
  return (parameters) => readControllerConfig(withGridValues(given, fields, parameters));
}

/** The money of a configuration in quote currency, with the largest of the values that an axis gives it. */
export function controllerCapital(given: GivenFields, axes: Readonly<Record<string, Axis>>): number {
  const values = axes['total_amount_quote']?.values ?? [fieldMap(given).get('total_amount_quote')!.value];
  return values.reduce((a, b) => Math.max(a, b));
}

// The fields of a configuration that a grid can vary: their names, their numbers, and putting other numbers in place.
import { type Decimal, decimalToNumber } from '../core/decimal.ts';
import { timeframeMs, timeframeOfMs } from '../market/timeframe.ts';
import type { BarrierFields, Field, TrailingStop } from './config-fields.ts';
import { CONTROLLER_FIELDS, type ControllerConfig, readControllerConfig } from './controller-config.ts';

/** Fields of a configuration as they are written in its file. */
export type GivenFields = Readonly<Record<string, unknown>>;

/** One number of a configuration. In numbers, 0 stands for none, 1 and 0 for true and false, 1 and 2 for BUY and SELL. */
export interface GridField {
  /** Dotted: `trailing_stop.trailing_delta`, `buy_spreads.0`, and `interval_minutes` for the interval. */
  readonly name: string;
  /** The field of the file that holds it. */
  readonly field: string;
  /** The number in the configuration now. */
  readonly value: number;
  /** Whether 0 means that there is none. */
  readonly isOptional: boolean;
}

const MINUTE_MS = 60_000;
const BARRIER_KEYS = { stop_loss: 'stopLoss', take_profit: 'takeProfit', time_limit: 'timeLimit' } as const;

const numberOf = (value: unknown): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null || value === undefined ? 0 : decimalToNumber(value as Decimal);
};

/** Every number of a configuration that a back-test reads, in the order of the fields. Errors: REQUEST_INVALID. */
export function gridFields(given: GivenFields): readonly GridField[] {
  const config = readControllerConfig(given);
  const fields: Readonly<Record<string, Field<unknown>>> = CONTROLLER_FIELDS[config.controller_name];
  return Object.entries(fields).flatMap(([name, field]) =>
    field.hasEffect ? numbersOf(config, name, field, (config as unknown as GivenFields)[name]) : [],
  );
}

function numbersOf(config: ControllerConfig, field: string, { form }: Field<unknown>, value: unknown): GridField[] {
  const one = (name: string, number: number, isOptional = false): GridField => ({
    name,
    field,
    value: number,
    isOptional,
  });
  switch (form) {
    case 'number':
    case 'flag':
      return [one(field, numberOf(value))];
    case 'optional':
      return [one(field, numberOf(value), true)];
    case 'side':
      return [one(field, value === 1 ? 1 : 2)];
    case 'interval':
      return [one(`${field}_minutes`, timeframeMs(value as never) / MINUTE_MS)];
    case 'list':
      return listOf(config, field, value).map((item, i) => one(`${field}.${i}`, numberOf(item)));
    case 'trailing': {
      const trailing = value as TrailingStop | null;
      return [
        one(`${field}.activation_price`, numberOf(trailing?.activationPrice), true),
        one(`${field}.trailing_delta`, numberOf(trailing?.trailingDelta), true),
      ];
    }
    case 'barriers':
      return Object.entries(BARRIER_KEYS).map(([key, member]) =>
        one(`${field}.${key}`, numberOf((value as BarrierFields)[member]), true),
      );
    case 'other':
      return [];
  }
}

/** The items of a list; shares that were left out are all 1, as the controllers have them. */
function listOf(config: ControllerConfig, field: string, value: unknown): readonly unknown[] {
  if (value !== null) return value as readonly unknown[];
  const levels = field === 'dca_amounts_pct' ? 'dca_spreads' : field.replace('amounts_pct', 'spreads');
  return ((config as unknown as GivenFields)[levels] as readonly unknown[]).map(() => 1);
}

/**
 * The fields with some of their numbers replaced, each as its shortest decimal text. Numbers that are there already
 * leave every digit of the file as it is. `fields` are those of `given`.
 */
export function withGridValues(
  given: GivenFields,
  fields: ReadonlyMap<string, GridField>,
  values: Readonly<Record<string, number>>,
): GivenFields {
  let changed: Record<string, unknown> | undefined;
  for (const name in values) {
    const field = fields.get(name);
    const value = values[name]!;
    if (field === undefined || field.value === value) continue;
    changed ??= { ...given };
    changed[field.field] = replaced(changed[field.field], field, value, fields, values);
  }
  return changed ?? given;
}

function replaced(
  current: unknown,
  { name, field, isOptional }: GridField,
  value: number,
  fields: ReadonlyMap<string, GridField>,
  values: Readonly<Record<string, number>>,
): unknown {
  const text = isOptional && value === 0 ? null : String(value);
  if (name === field) return text;
  if (name === `${field}_minutes`) return timeframeOfMs(value * MINUTE_MS) ?? `${value} minutes`;
  const part = name.slice(field.length + 1);
  const now = (key: string): number => values[`${field}.${key}`] ?? fields.get(`${field}.${key}`)?.value ?? 0;
  if (part === 'activation_price' || part === 'trailing_delta') {
    const [activation, delta] = [now('activation_price'), now('trailing_delta')];
    return activation === 0 || delta === 0 ? null : `${activation},${delta}`;
  }
  if (part in BARRIER_KEYS) {
    const all = Object.keys(BARRIER_KEYS).map((key) => [key, now(key) === 0 ? null : String(now(key))]);
    return { ...((current ?? Object.fromEntries(all)) as object), [part]: text };
  }
  const items = listItems(current, field, fields);
  items[Number(part)] = text;
  return items;
}

/** The items as they are written, or the numbers in force where the file has none. */
function listItems(current: unknown, field: string, fields: ReadonlyMap<string, GridField>): unknown[] {
  if (Array.isArray(current)) return [...current];
  if (typeof current === 'string' && current !== '') return current.split(',');
  if (typeof current === 'number') return [current];
  const items: unknown[] = [];
  for (let i = 0; ; i++) {
    const item = fields.get(`${field}.${i}`);
    if (item === undefined) return items;
    items.push(String(item.value));
  }
}

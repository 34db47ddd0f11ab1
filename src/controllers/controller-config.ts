// Configurations of Hummingbot's controllers under its own names: which fields each has, their defaults, and the reader.
import { decimal } from '../core/decimal.ts';
import { AppError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest-name.ts';
import {
  anyNumber,
  barrierFields,
  count,
  decimals,
  type Field,
  flag,
  interval,
  optionalDecimals,
  optionalFraction,
  optionalSeconds,
  positiveDecimal,
  positiveNumber,
  refuse,
  seconds,
  side,
  text,
  trailingStop,
  unused,
} from './config-fields.ts';

/** Fields of every controller. */
const base = {
  id: unused(),
  total_amount_quote: positiveDecimal('100'),
  manual_kill_switch: unused(false),
  initial_positions: unused(),
  candles_config: unused(),
  leverage: unused(20),
  position_mode: unused('HEDGE'),
  trading_pair: text('WLD-USDT'),
  connector_name: text('binance_perpetual'),
};

const barriers = {
  stop_loss: optionalFraction('0.03'),
  take_profit: optionalFraction('0.02'),
  time_limit: optionalSeconds(2700),
  take_profit_order_type: unused('LIMIT'),
  trailing_stop: trailingStop(null),
};

const ownCandles = (fallback: string) => ({
  candles_connector: unused(),
  candles_trading_pair: unused(),
  interval: interval(fallback),
});

const directional = {
  ...base,
  ...barriers,
  max_executors_per_side: count(2),
  cooldown_time: positiveNumber(300),
};

const bands = {
  bb_length: count(100, 2),
  bb_std: positiveNumber(2),
  bb_long_threshold: anyNumber(0),
  bb_short_threshold: anyNumber(1),
};

const macdLengths = (fast: number, slow: number, signal: number) => ({
  macd_fast: count(fast),
  macd_slow: count(slow),
  macd_signal: count(signal),
});

const quoting = {
  ...base,
  ...barriers,
  buy_spreads: decimals('0.01,0.02'),
  sell_spreads: decimals('0.01,0.02'),
  buy_amounts_pct: optionalDecimals(),
  sell_amounts_pct: optionalDecimals(),
  executor_refresh_time: seconds(300),
  cooldown_time: seconds(15),
  position_rebalance_threshold_pct: positiveDecimal('0.05'),
  skip_rebalance: flag(false),
};

/** The fields of each controller, by its `controller_name`. */
export const CONTROLLER_FIELDS = {
  bollinger_v1: { ...directional, ...ownCandles('3m'), ...bands },
  macd_bb_v1: { ...directional, ...ownCandles('3m'), ...bands, ...macdLengths(21, 42, 9) },
  supertrend_v1: {
    ...directional,
    ...ownCandles('3m'),
    length: count(20),
    multiplier: positiveNumber(4),
    percentage_threshold: positiveNumber(0.01),
  },
  dman_v3: {
    ...directional,
    ...ownCandles('3m'),
    ...bands,
    trailing_stop: trailingStop('0.015,0.005'),
    // The executor that this controller makes has no take-profit, in live trading neither.
    take_profit: unused('0.02'),
    dca_spreads: decimals('0.001,0.018,0.15,0.25'),
    dca_amounts_pct: optionalDecimals(),
    dynamic_order_spread: flag(false),
    dynamic_target: flag(false),
    activation_bounds: unused(),
  },
  pmm_simple: { ...quoting },
  pmm_dynamic: {
    ...quoting,
    ...ownCandles('3m'),
    ...macdLengths(21, 42, 9),
    buy_spreads: decimals('1,2,4'),
    sell_spreads: decimals('1,2,4'),
    natr_length: count(14),
  },
  dman_maker_v2: {
    ...quoting,
    dca_spreads: decimals('0.01,0.02,0.04,0.08'),
    dca_amounts: decimals('0.1,0.2,0.4,0.8'),
    top_executor_refresh_time: optionalSeconds(null),
    executor_activation_bounds: unused(),
  },
  grid_strike: {
    ...base,
    total_amount_quote: positiveDecimal('1000'),
    side: side(1),
    start_price: positiveDecimal('0.58'),
    end_price: positiveDecimal('0.95'),
    limit_price: optionalFraction('0.55'),
    min_spread_between_orders: optionalFraction('0.001'),
    min_order_amount_quote: optionalFraction('5'),
    max_open_orders: unused(2),
    max_orders_per_batch: unused(1),
    order_frequency: unused(3),
    activation_bounds: unused(),
    keep_position: flag(false),
    coerce_tp_to_step: flag(false),
    triple_barrier_config: barrierFields({
      stopLoss: null,
      takeProfit: decimal('0.001'),
      timeLimit: null,
      trailingStop: null,
    }),
  },
} as const satisfies Record<string, Readonly<Record<string, Field<unknown>>>>;

export type ControllerName = keyof typeof CONTROLLER_FIELDS;
export const CONTROLLER_NAMES = Object.keys(CONTROLLER_FIELDS) as readonly ControllerName[];

type Values<Fields> = { readonly [Name in keyof Fields]: Fields[Name] extends Field<infer T> ? T : never };

/** A checked configuration: every field with its value, or Hummingbot's default. */
export type ControllerConfigOf<Name extends ControllerName> = Values<(typeof CONTROLLER_FIELDS)[Name]> & {
  readonly controller_name: Name;
};

export type ControllerConfig = { [Name in ControllerName]: ControllerConfigOf<Name> }[ControllerName];

type Named<Name extends ControllerName> = Extract<ControllerConfig, { readonly controller_name: Name }>;

export type DirectionalConfig = Named<'bollinger_v1' | 'macd_bb_v1' | 'supertrend_v1' | 'dman_v3'>;
export type MarketMakingConfig = Named<'pmm_simple' | 'pmm_dynamic' | 'dman_maker_v2'>;
export type GridStrikeConfig = Named<'grid_strike'>;

/** `controller_type` of Hummingbot by controller. */
const TYPES: Readonly<Record<ControllerName, string>> = {
  bollinger_v1: 'directional_trading',
  macd_bb_v1: 'directional_trading',
  supertrend_v1: 'directional_trading',
  dman_v3: 'directional_trading',
  pmm_simple: 'market_making',
  pmm_dynamic: 'market_making',
  dman_maker_v2: 'market_making',
  grid_strike: 'generic',
};

/**
 * Reads a configuration as Hummingbot's YAML or JSON files hold it, once parsed. Unknown fields are refused with the
 * nearest name. Errors: REQUEST_INVALID.
 */
export function readControllerConfig(given: Readonly<Record<string, unknown>>): ControllerConfig {
  const name = controllerName(given['controller_name']);
  checkType(name, given['controller_type']);
  const fields: Readonly<Record<string, Field<unknown>>> = CONTROLLER_FIELDS[name];
  const known = ['controller_name', 'controller_type', ...Object.keys(fields)];
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new AppError('REQUEST_INVALID', {
      rule: `A configuration of ${name} must hold known fields only.`,
      found: `"${unknown[0]}".${didYouMean(unknown[0], known)}`,
      todo: `Fields: ${known.join(', ')}.`,
    });
  }
  const values: Record<string, unknown> = { controller_name: name };
  for (const [key, field] of Object.entries(fields)) {
    values[key] = Object.hasOwn(given, key) ? field.read(given[key], key) : field.fallback;
  }
  const config = values as unknown as ControllerConfig;
  checkTogether(config);
  return config;
}

/** Fields that were set and that no back-test reads, Hummingbot's neither; for a note beside the result. */
export function fieldsWithoutEffect(given: Readonly<Record<string, unknown>>): readonly string[] {
  const fields: Readonly<Record<string, Field<unknown>>> = CONTROLLER_FIELDS[controllerName(given['controller_name'])];
  return Object.keys(given).filter((key) => fields[key]?.hasEffect === false && key !== 'id');
}

function controllerName(value: unknown): ControllerName {
  const names: readonly string[] = CONTROLLER_NAMES;
  if (typeof value === 'string' && names.includes(value)) return value as ControllerName;
  throw new AppError('REQUEST_INVALID', {
    rule: 'controller_name must be a controller that can be back-tested.',
    found:
      value === undefined
        ? 'no controller_name.'
        : `${JSON.stringify(value)}.${typeof value === 'string' ? didYouMean(value, names) : ''}`,
    todo: `Choose one of ${names.join(', ')}.`,
  });
}

function checkType(name: ControllerName, value: unknown): void {
  if (value === undefined || value === TYPES[name]) return;
  refuse('controller_type', value, `${TYPES[name]} for ${name}`, 'Correct it, or leave it out.');
}

/** Rules that concern two fields. */
function checkTogether(config: ControllerConfig): void {
  if ('buy_spreads' in config) {
    sameLength('buy_amounts_pct', config.buy_amounts_pct, 'buy_spreads', config.buy_spreads);
    sameLength('sell_amounts_pct', config.sell_amounts_pct, 'sell_spreads', config.sell_spreads);
    if (config.buy_spreads.length + config.sell_spreads.length === 0) {
      refuse('buy_spreads', [], 'given when sell_spreads is empty', 'Give at least one level.');
    }
  }
  if (config.controller_name === 'dman_maker_v2') {
    sameLength('dca_amounts', config.dca_amounts, 'dca_spreads', config.dca_spreads);
  }
  if (config.controller_name === 'dman_v3') {
    sameLength('dca_amounts_pct', config.dca_amounts_pct, 'dca_spreads', config.dca_spreads);
  }
  if ('dca_spreads' in config && config.dca_spreads.length === 0) {
    refuse('dca_spreads', [], 'a list with at least one spread', 'Write for example 0.01,0.02.');
  }
}

function sameLength(name: string, values: readonly unknown[] | null, other: string, others: readonly unknown[]): void {
  if (values === null || values.length === others.length) return;
  refuse(name, `${values.length} values`, `as long as ${other} (${others.length})`, 'Give one value per level.');
}

// Readers of single configuration values: Hummingbot's spellings in, checked values out.
import { type Decimal, decimal, parseDecimal } from '../core/decimal.ts';
import { AppError } from '../core/errors.ts';
import { isTimeframe } from '../market/timeframe.ts';

/**
 * What a field holds: a number, a number or nothing, a list of numbers, true or false, buy or sell, candles of a length,
 * a trailing stop, an object of barriers, or what cannot be counted.
 */
export type FieldForm =
  | 'number'
  | 'optional'
  | 'list'
  | 'flag'
  | 'side'
  | 'interval'
  | 'trailing'
  | 'barriers'
  | 'other';

/** Reads the value of one field, or refuses it. */
export interface Field<T> {
  readonly fallback: T;
  readonly form: FieldForm;
  /** Whether a back-test does anything with it. */
  readonly hasEffect: boolean;
  read(value: unknown, name: string): T;
}

export interface TrailingStop {
  readonly activationPrice: Decimal;
  readonly trailingDelta: Decimal;
}

export interface BarrierFields {
  readonly stopLoss: Decimal | null;
  readonly takeProfit: Decimal | null;
  /** Seconds. */
  readonly timeLimit: number | null;
  readonly trailingStop: TrailingStop | null;
}

export function refuse(name: string, value: unknown, rule: string, todo: string): never {
  throw new AppError('REQUEST_INVALID', { rule: `${name} must be ${rule}.`, found: `${show(value)}.`, todo });
}

const show = (value: unknown): string => {
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return text === undefined ? String(value) : text.slice(0, 80);
};

const isBlank = (value: unknown): boolean => value === null || value === undefined || value === '';

/** A number, or a text that is one, with all its digits. */
function readDecimal(value: unknown, name: string): Decimal {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  const parsed = typeof text === 'string' ? parseDecimal(text) : undefined;
  return parsed ?? refuse(name, value, 'a number', 'Write for example 0.02.');
}

const toNumber = (value: Decimal): number => Number(`${value.coefficient}e${value.exponent}`);

function readNumber(value: unknown, name: string): number {
  return toNumber(readDecimal(value, name));
}

const field = <T>(form: FieldForm, fallback: T, read: Field<T>['read'], hasEffect = true): Field<T> => ({
  fallback,
  form,
  hasEffect,
  read,
});

export const positiveDecimal = (fallback: string): Field<Decimal> =>
  field('number', decimal(fallback), (value, name) => {
    const read = readDecimal(value, name);
    return read.coefficient > 0n ? read : refuse(name, value, 'a number above 0', `Set ${name} above 0.`);
  });

/** A fraction above 0, or nothing: null and an empty text switch it off. */
export const optionalFraction = (fallback: string | null): Field<Decimal | null> =>
  field('optional', fallback === null ? null : decimal(fallback), (value, name) => {
    if (isBlank(value)) return null;
    const read = readDecimal(value, name);
    if (read.coefficient > 0n) return read;
    return refuse(name, value, 'a fraction above 0, or null', 'Write 0.02 for 2 %, or null for none.');
  });

export const anyNumber = (fallback: number): Field<number> => field('number', fallback, readNumber);

export const positiveNumber = (fallback: number): Field<number> =>
  field('number', fallback, (value, name) => {
    const read = readNumber(value, name);
    return read > 0 ? read : refuse(name, value, 'a number above 0', `Set ${name} above 0.`);
  });

export const count = (fallback: number, min = 1): Field<number> =>
  field('number', fallback, (value, name) => {
    const read = readNumber(value, name);
    if (Number.isInteger(read) && read >= min) return read;
    return refuse(name, value, `a whole number of at least ${min}`, `Set ${name} to a whole number.`);
  });

/** Seconds, at least 0. */
export const seconds = (fallback: number): Field<number> =>
  field('number', fallback, (value, name) => {
    const read = readNumber(value, name);
    return read >= 0 ? read : refuse(name, value, 'a number of seconds, at least 0', 'Write 300 for five minutes.');
  });

export const optionalSeconds = (fallback: number | null): Field<number | null> =>
  field('optional', fallback, (value, name) => {
    if (isBlank(value)) return null;
    const read = readNumber(value, name);
    return read > 0 ? read : refuse(name, value, 'seconds above 0, or null', 'Write 2700 for 45 minutes.');
  });

export const flag = (fallback: boolean): Field<boolean> =>
  field('flag', fallback, (value, name) => {
    if (isBlank(value)) return false;
    if (typeof value === 'boolean') return value;
    if (/^(true|yes|on|1)$/i.test(String(value))) return true;
    if (/^(false|no|off|0)$/i.test(String(value))) return false;
    return refuse(name, value, 'true or false', 'Write true or false.');
  });

export const text = (fallback: string): Field<string> =>
  field('other', fallback, (value, name) =>
    typeof value === 'string' ? value : refuse(name, value, 'a text', 'Write it in quotes.'),
  );

/** A timeframe such as 3m. */
export const interval = (fallback: string): Field<string> =>
  field('interval', fallback, (value, name) =>
    isTimeframe(value) ? value : refuse(name, value, 'a timeframe', 'Write for example 1m, 5m or 1h.'),
  );

/** A field that is accepted, so that configurations load unchanged, and that no back-test reads. */
export const unused = (fallback: unknown = null): Field<unknown> => field('other', fallback, (value) => value, false);

/** A list, or a text with commas: `[0.01, 0.02]` or `0.01,0.02`. */
export const decimals = (fallback: string): Field<readonly Decimal[]> =>
  field('list', splitDecimals(fallback, 'default'), splitDecimals);

/** As `decimals`, or null: nothing was given. */
export const optionalDecimals = (): Field<readonly Decimal[] | null> =>
  field<readonly Decimal[] | null>('list', null, (value, name) => (isBlank(value) ? null : splitDecimals(value, name)));

function splitDecimals(value: unknown, name: string): readonly Decimal[] {
  if (isBlank(value)) return [];
  const parts: readonly unknown[] = Array.isArray(value) ? value : String(value).split(',');
  return parts.map((part) => readDecimal(part, name));
}

/** 1 long, −1 short. Hummingbot writes BUY and SELL, or 1 and 2. */
export const side = (fallback: 1 | -1): Field<1 | -1> =>
  field('side', fallback, (value, name) => {
    const word = String(value).replace('TradeType.', '').toUpperCase();
    if (word === 'BUY' || word === '1') return 1;
    if (word === 'SELL' || word === '2') return -1;
    return refuse(name, value, 'BUY or SELL', 'Write BUY or SELL (1 or 2).');
  });

/** `activation_price,trailing_delta`, a pair, or an object with these two names; null is none. */
export const trailingStop = (fallback: string | null): Field<TrailingStop | null> =>
  field('trailing', fallback === null ? null : readTrailing(fallback, 'trailing_stop'), readTrailing);

function readTrailing(value: unknown, name: string): TrailingStop | null {
  if (isBlank(value)) return null;
  let pair: readonly unknown[] = [];
  if (typeof value === 'string') pair = value.split(',');
  else if (Array.isArray(value)) pair = value;
  else if (typeof value === 'object') {
    const { activation_price, trailing_delta } = value as Record<string, unknown>;
    pair = [activation_price, trailing_delta];
  }
  if (pair.length !== 2) {
    refuse(name, value, 'an activation price and a trailing delta', 'Write "0.015,0.003", or null for none.');
  }
  return { activationPrice: readDecimal(pair[0], name), trailingDelta: readDecimal(pair[1], name) };
}

const OPTIONAL_FRACTION = optionalFraction(null);
const OPTIONAL_SECONDS = optionalSeconds(null);
const BARRIER_NAMES = [
  'stop_loss',
  'take_profit',
  'time_limit',
  'trailing_stop',
  'open_order_type',
  'take_profit_order_type',
  'stop_loss_order_type',
  'time_limit_order_type',
];

/** An object of barriers under Hummingbot's names, as `triple_barrier_config`. */
export const barrierFields = (fallback: BarrierFields): Field<BarrierFields> =>
  field('barriers', fallback, (value, name) => {
    if (typeof value !== 'object' || value === null) {
      return refuse(name, value, 'an object of barriers', 'Write stop_loss, take_profit, … below it.');
    }
    const given = value as Record<string, unknown>;
    const unknown = Object.keys(given).find((key) => !BARRIER_NAMES.includes(key));
    if (unknown !== undefined)
      refuse(`${name}.${unknown}`, given[unknown], `one of ${BARRIER_NAMES.join(', ')}`, 'Remove it.');
    return {
      stopLoss: OPTIONAL_FRACTION.read(given['stop_loss'], `${name}.stop_loss`),
      takeProfit: OPTIONAL_FRACTION.read(given['take_profit'], `${name}.take_profit`),
      timeLimit: OPTIONAL_SECONDS.read(given['time_limit'], `${name}.time_limit`),
      trailingStop: readTrailing(given['trailing_stop'], `${name}.trailing_stop`),
    };
  });

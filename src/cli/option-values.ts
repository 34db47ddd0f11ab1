// How values are written on the command line: numbers, shares, bytes, durations, counts.
import { AppError, isAppError } from '../core/errors.ts';
import { type Axis, parseAxis } from '../strategy/parameters.ts';

const DECIMAL = /^[-+]?(\d+(_\d{3})*(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;

function invalidValue(option: string, text: string, todo: string): AppError {
  return new AppError('REQUEST_INVALID', {
    rule: `${option} must have a value in range.`,
    found: `"${text}".`,
    todo,
  });
}

const numberIn = (text: string): number => (DECIMAL.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN);

/** A parser of one option: throws REQUEST_INVALID naming the option. */
export type ValueParser<T> = (text: string) => T;

/** A number >= `low` (or > `low` when `open`). */
export function numberAtLeast(option: string, low: number, open = false): ValueParser<number> {
  return (text) => {
    const value = numberIn(text);
    if (!Number.isFinite(value) || value < low || (open && value === low)) {
      throw invalidValue(option, text, `Write a number ${open ? 'above' : 'of at least'} ${low}.`);
    }
    return value;
  };
}

/** A share of a price in [0, 1): 0.001, 0.1% or 10bps. */
export function share(option: string): ValueParser<number> {
  return (text) => {
    const match = /^(.+?)\s*(%|bps?)?$/i.exec(text.trim());
    const unit = match?.[2]?.toLowerCase();
    // Dividing by a power of ten rounds once, so that 0.1% is the same double as 0.001.
    const value = numberIn(match?.[1] ?? '') / (unit === undefined ? 1 : unit === '%' ? 100 : 10_000);
    if (!(value >= 0 && value < 1)) throw invalidValue(option, text, 'Write a share below 1: 0.001, 0.1% or 10bps.');
    return value;
  };
}

/** An axis as parseAxis reads it. Errors: GRID_INVALID naming the option. */
export function axis(option: string): ValueParser<Axis> {
  return (text) => {
    try {
      return parseAxis(text);
    } catch (error) {
      if (!isAppError(error, 'GRID_INVALID')) throw error;
      const rule = `${option} must be a range or a list of numbers.`;
      const shares = text.includes('%') ? ' Shares are numbers here: 0.01 for 1%.' : '';
      throw new AppError('GRID_INVALID', { rule, found: error.found, todo: `${error.todo}${shares}`, cause: error });
    }
  };
}

/**
 * An axis of shares of a price: plain as parseAxis reads it, or with % on every number but 0: 5%, 0,2%,4% or
 * 1%..3%:0.5%. Errors: GRID_INVALID naming the option.
 */
export function shareAxis(option: string): ValueParser<Axis> {
  return (text) => {
    if (!text.includes('%')) return axis(option)(text);
    const parts = text.split(/(\.\.|[:,])/);
    const plain = parts.map((part, at) => {
      // Separators stand between the numbers.
      if (at % 2 === 1) return part;
      const [, number = '', percent] = /^\s*([^%\s]*)\s*(%?)\s*$/.exec(part) ?? [];
      const value = numberIn(number) / (percent === '%' ? 100 : 1);
      return percent === '%' || value === 0 ? String(value) : 'NaN';
    });
    if (plain.includes('NaN')) {
      throw new AppError('GRID_INVALID', {
        rule: `${option} takes shares of a price, all of them with % or none.`,
        found: `"${text}".`,
        todo: 'Write for example 2%, 0,2%,4% or 1%..3%:1%.',
      });
    }
    return axis(option)(plain.join(''));
  };
}

/** A whole number in [low, high]. */
export function wholeNumber(option: string, low: number, high = Number.MAX_SAFE_INTEGER): ValueParser<number> {
  return (text) => {
    const value = numberIn(text);
    if (!Number.isSafeInteger(value) || value < low || value > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
      throw invalidValue(option, text, `Write a whole number ${range}.`);
    }
    return value;
  };
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Bytes: 512MB, 2GB, 1.5GiB or a plain count. */
export function bytes(option: string): ValueParser<number> {
  return (text) => {
    const match = /^([\d._]+)\s*([kmg]?i?b?)$/i.exec(text.trim());
    const unit = (match?.[2] ?? '').toLowerCase();
    const factor = BYTE_UNITS[unit === '' ? 'b' : unit.endsWith('b') ? unit : `${unit}b`];
    const value = numberIn(match?.[1] ?? '') * (factor ?? Number.NaN);
    if (!(value >= 1 && Number.isFinite(value))) throw invalidValue(option, text, 'Write for example 512MB or 2GB.');
    return Math.floor(value);
  };
}

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 };

/** A duration in ms: 500ms, 60s, 5m, 1h; a plain number counts seconds. */
export function duration(option: string): ValueParser<number> {
  return (text) => {
    const match = /^([\d._]+)\s*(ms|s|min|m|h)?$/i.exec(text.trim());
    const value = numberIn(match?.[1] ?? '') * DURATION_MS[(match?.[2] ?? 's').toLowerCase()]!;
    if (!(value > 0 && Number.isFinite(value))) throw invalidValue(option, text, 'Write for example 60s, 5m or 1h.');
    return value;
  };
}

// Decimal arithmetic with 28 significant digits, rounded half to even: what Python's decimal module does by default.
import { assert } from './assert.ts';

/** coefficient × 10^exponent. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** Significant digits kept by every operation; conversions are exact. */
const PRECISION = 28;
const TEN = 10n;

const powerOfTen = (exponent: number): bigint => TEN ** BigInt(exponent);
const absolute = (value: bigint): bigint => (value < 0n ? -value : value);
const digitCount = (value: bigint): number => absolute(value).toString().length;

/** The exact value of a decimal text such as `-0.0005` or `1e-8`; undefined when it is not one. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  return { coefficient: sign === '-' ? -digits : digits, exponent: Number(power) - fraction.length };
}

/** The decimal whose text is `text`; it must be one. */
export function decimal(text: string): Decimal {
  const value = parseDecimal(text);
  assert(value !== undefined, `"${text}" is a decimal number`);
  return value;
}

/** The decimal that prints like `value` (its shortest text): 0.1 gives one tenth. */
export const decimalOfText = (value: number): Decimal => decimal(String(value));

/** Every digit of the double `value`: 0.1 gives 0.1000000000000000055511151231257827… */
export function decimalOfDouble(value: number): Decimal {
  assert(Number.isFinite(value), 'a decimal is made of a finite number');
  let exponent = 0;
  let scaled = value;
  // A double is an integer times a power of two; scaling by two is exact.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    exponent++;
  }
  return { coefficient: BigInt(scaled) * 5n ** BigInt(exponent), exponent: -exponent };
}

function divideHalfEven(numerator: bigint, divisor: bigint): bigint {
  const quotient = numerator / divisor;
  const twice = absolute(numerator - quotient * divisor) * 2n;
  const limit = absolute(divisor);
  const up = twice > limit || (twice === limit && (quotient & 1n) === 1n);
  if (!up) return quotient;
  return numerator < 0n !== divisor < 0n ? quotient - 1n : quotient + 1n;
}

function rounded(coefficient: bigint, exponent: number): Decimal {
  const excess = digitCount(coefficient) - PRECISION;
  if (excess <= 0) return { coefficient, exponent };
  // Rounding up 999…9 gives one digit more, a zero: still exact.
  return { coefficient: divideHalfEven(coefficient, powerOfTen(excess)), exponent: exponent + excess };
}

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.coefficient * powerOfTen(a.exponent - exponent);
  return rounded(left + b.coefficient * powerOfTen(b.exponent - exponent), exponent);
}

export const negateDecimal = (a: Decimal): Decimal => ({ coefficient: -a.coefficient, exponent: a.exponent });

export const subtractDecimal = (a: Decimal, b: Decimal): Decimal => addDecimal(a, negateDecimal(b));

export const multiplyDecimal = (a: Decimal, b: Decimal): Decimal =>
  rounded(a.coefficient * b.coefficient, a.exponent + b.exponent);

/** a / b; b must not be zero. */
export function divideDecimal(a: Decimal, b: Decimal): Decimal {
  assert(b.coefficient !== 0n, 'a divisor is not zero');
  // Two digits more than kept, and the remainder as one more digit, so that the final rounding sees a tie only if it is one.
  const shift = Math.max(0, PRECISION + 2 + digitCount(b.coefficient) - digitCount(a.coefficient));
  const numerator = a.coefficient * powerOfTen(shift);
  const quotient = numerator / b.coefficient;
  const isExact = quotient * b.coefficient === numerator;
  if (isExact) return rounded(quotient, a.exponent - b.exponent - shift);
  const sign = numerator < 0n !== b.coefficient < 0n ? -1n : 1n;
  return rounded(quotient * TEN + sign, a.exponent - b.exponent - shift - 1);
}

/** Negative, zero or positive as a is below, equal to or above b. Exact. */
export function compareDecimal(a: Decimal, b: Decimal): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.coefficient * powerOfTen(a.exponent - exponent);
  const right = b.coefficient * powerOfTen(b.exponent - exponent);
  return left < right ? -1 : left > right ? 1 : 0;
}

export const maxDecimal = (a: Decimal, b: Decimal): Decimal => (compareDecimal(a, b) >= 0 ? a : b);

/** The nearest double. */
export const decimalToNumber = (a: Decimal): number => Number(`${a.coefficient}e${a.exponent}`);

/** The whole part, towards zero. */
export function truncateDecimal(a: Decimal): number {
  if (a.exponent >= 0) return Number(a.coefficient * powerOfTen(a.exponent));
  return Number(a.coefficient / powerOfTen(-a.exponent));
}

// Price levels and percentages that are decimals, made comparable with doubles without losing the last digit.
import { compareDecimal, type Decimal, decimalOfDouble, decimalToNumber } from '../core/decimal.ts';
import type { DoubleDouble } from '../core/double-double.ts';

/**
 * A level that need not be a double. For any double x: x <= level is x <= atMost, x >= level is x >= atLeast,
 * x > level is x > atMost, x < level is x < atLeast.
 */
export interface ExactLevel {
  /** The nearest double. */
  readonly value: number;
  /** The largest double not above the level. */
  readonly atMost: number;
  /** The smallest double not below the level. */
  readonly atLeast: number;
}

const bits = new BigInt64Array(1);
const view = new Float64Array(bits.buffer);

/** The next double above a positive or zero value, or of a negative one the next towards zero. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  view[0] = value;
  bits[0] = bits[0]! + (value > 0 ? 1n : -1n);
  return view[0]!;
}

export const nextDown = (value: number): number => -nextUp(-value);

function around(value: number, side: number): ExactLevel {
  if (side === 0) return { value, atMost: value, atLeast: value };
  return side > 0
    ? { value, atMost: value, atLeast: nextUp(value) }
    : { value, atMost: nextDown(value), atLeast: value };
}

export function levelOfDecimal(level: Decimal): ExactLevel {
  const value = decimalToNumber(level);
  return around(value, compareDecimal(level, decimalOfDouble(value)));
}

/**
 * Relative width within which a double-double counts as the double it lies next to: its own rounding noise is below
 * it, and a 28-digit decimal that is no double lies further away, except when it was rounded onto one.
 */
const SAME = 2 ** -88;

/** Whether `level` is so near a double that only decimal arithmetic tells the two apart. */
export const isNearDouble = (level: DoubleDouble): boolean => Math.abs(level.lo) <= SAME * Math.abs(level.hi);

export function levelOfDouble(level: DoubleDouble): ExactLevel {
  return around(level.hi, isNearDouble(level) ? 0 : level.lo);
}

export const levelOfNumber = (value: number): ExactLevel => ({ value, atMost: value, atLeast: value });

/** The two doubles that add up to a decimal, to about 31 digits. */
export function doubleOfDecimal(value: Decimal): DoubleDouble {
  const hi = decimalToNumber(value);
  // The difference needs more digits than the 28 that operations keep, so it is taken on the exact coefficients.
  const exact = decimalOfDouble(hi);
  const exponent = Math.min(value.exponent, exact.exponent);
  const scale = (a: Decimal): bigint => a.coefficient * 10n ** BigInt(a.exponent - exponent);
  return { hi, lo: decimalToNumber({ coefficient: scale(value) - scale(exact), exponent }) };
}

// Comparisons and logic of conditions over whole columns: one byte per bar, 1 where true.
import type { Comparison } from '../strategy/expression.ts';

/** A column on the base bars, or one number for all bars. */
export type Values = Float64Array | number;

const SWAPPED: Readonly<Record<Comparison, Comparison>> = { '>': '<', '>=': '<=', '<': '>', '<=': '>=' };

/** Writes `left operator right` per bar into `out`. A NaN on either side gives 0. */
export function compareInto(out: Uint8Array, operator: Comparison, left: Values, right: Values): void {
  if (typeof left === 'number') {
    if (typeof right === 'number') out.fill(compareNumbers(operator, left, right) ? 1 : 0);
    else compareInto(out, SWAPPED[operator], right, left);
  } else if (typeof right === 'number') {
    compareToNumber(out, operator, left, right);
  } else {
    const swap = operator === '<' || operator === '<=';
    const a = swap ? right : left;
    const b = swap ? left : right;
    if (operator === '>' || operator === '<') for (let i = 0; i < out.length; i++) out[i] = a[i]! > b[i]! ? 1 : 0;
    else for (let i = 0; i < out.length; i++) out[i] = a[i]! >= b[i]! ? 1 : 0;
  }
}

function compareNumbers(operator: Comparison, a: number, b: number): boolean {
  if (operator === '>') return a > b;
  if (operator === '>=') return a >= b;
  return operator === '<' ? a < b : a <= b;
}

function compareToNumber(out: Uint8Array, operator: Comparison, a: Float64Array, b: number): void {
  switch (operator) {
    case '>':
      for (let i = 0; i < out.length; i++) out[i] = a[i]! > b ? 1 : 0;
      break;
    case '>=':
      for (let i = 0; i < out.length; i++) out[i] = a[i]! >= b ? 1 : 0;
      break;
    case '<':
      for (let i = 0; i < out.length; i++) out[i] = a[i]! < b ? 1 : 0;
      break;
    case '<=':
      for (let i = 0; i < out.length; i++) out[i] = a[i]! <= b ? 1 : 0;
      break;
  }
}

/** Turns "crossed" into "did not cross although both sides have values", in place. */
export function negateCrossing(crossed: Uint8Array, left: Values, right: Values): void {
  for (let i = 0; i < crossed.length; i++) {
    const a = typeof left === 'number' ? left : left[i]!;
    const b = typeof right === 'number' ? right : right[i]!;
    crossed[i] = crossed[i] === 0 && !Number.isNaN(a) && !Number.isNaN(b) ? 1 : 0;
  }
}

/** Writes the AND (or the OR) of conditions into `out`. */
export function combineInto(out: Uint8Array, operator: 'and' | 'or', inputs: readonly Uint8Array[]): void {
  out.set(inputs[0]!);
  for (const input of inputs.slice(1)) {
    if (operator === 'and') for (let i = 0; i < out.length; i++) out[i] = out[i]! & input[i]!;
    else for (let i = 0; i < out.length; i++) out[i] = out[i]! | input[i]!;
  }
}

// Parameters of a strategy: symbolic references for expressions, and the axes of a grid.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

/** A parameter inside an expression. It stands for one number per variant. */
export interface ParameterRef {
  readonly parameter: string;
}

/** A number, or a parameter that stands for one. */
export type Scalar = number | ParameterRef;

/** Values of one parameter, in the order of the grid. At least one, all finite and distinct. */
export interface Axis {
  readonly values: readonly number[];
}

/** One value per parameter name. */
export type ParameterValues = Readonly<Record<string, number>>;

const decimalsOf = (value: number): number => {
  const [mantissa, exponent] = String(value).split('e') as [string, string | undefined];
  const fraction = mantissa.split('.')[1]?.length ?? 0;
  return Math.max(0, fraction - Number(exponent ?? 0));
};

/**
 * Evenly spaced values from `from` to `to`, both inclusive. `step` defaults to 1 between whole numbers. Each value is
 * rounded to the decimals of `from` and `step`, so range(0.1, 0.3, 0.1) is 0.1, 0.2, 0.3. Errors: GRID_INVALID.
 */
export function range(from: number, to: number, step?: number): Axis {
  if (step === undefined && from !== to && !(Number.isInteger(from) && Number.isInteger(to))) {
    throw gridError(`a range from ${from} to ${to} without a step.`, 'Give a step, such as 0.01..0.05:0.01.');
  }
  const stride = step ?? 1;
  if (![from, to, stride].every(Number.isFinite) || stride <= 0 || from > to) {
    throw gridError(`the range ${from}..${to}:${stride}.`, 'Write low..high:step with low <= high and step > 0.');
  }
  // A hundredth of a step of slack keeps the last value of 0.1..0.3:0.1 in spite of binary rounding.
  const count = Math.floor((to - from) / stride + 0.01) + 1;
  if (count > LIMITS.axisValuesMax) {
    throw gridError(`${count} values on one axis.`, `Use a larger step; the limit is ${LIMITS.axisValuesMax}.`);
  }
  const decimals = Math.min(20, Math.max(decimalsOf(from), decimalsOf(stride)));
  return axisOf(Array.from({ length: count }, (_, i) => Number((from + i * stride).toFixed(decimals))));
}

/** The values given, in the order given. Errors: GRID_INVALID. */
export function choice(...values: readonly number[]): Axis {
  return axisOf(values);
}

/** Not spread into arguments: an axis may have more values than a call may have. */
function axisOf(values: readonly number[]): Axis {
  if (values.length === 0 || !values.every(Number.isFinite) || new Set(values).size !== values.length) {
    throw gridError(`the values [${values.join(', ')}].`, 'Give at least one number, each once, all finite.');
  }
  return { values: values.map((value) => (value === 0 ? 0 : value)) };
}

/**
 * Reads an axis as written on the command line: `lo..hi`, `lo..hi:step`, or a comma-separated list of numbers.
 * Errors: GRID_INVALID.
 */
export function parseAxis(text: string): Axis {
  const number = (part: string): number => (/^\s*[-+]?(\d|\.\d)/.test(part) ? Number(part) : Number.NaN);
  const match = /^(.+?)\.\.([^:]+)(?::(.+))?$/.exec(text);
  if (match !== null) {
    const [from, to, step] = [number(match[1]!), number(match[2]!), number(match[3] ?? '1')];
    if ([from, to, step].some(Number.isNaN)) throw notAnAxis(text);
    return range(from, to, match[3] === undefined ? undefined : step);
  }
  const values = text.split(',').map(number);
  if (values.some(Number.isNaN)) throw notAnAxis(text);
  return axisOf(values);
}

const notAnAxis = (text: string): AppError =>
  gridError(`"${text}".`, 'Write lo..hi, lo..hi:step, or numbers separated by commas.');

function gridError(found: string, todo: string): AppError {
  return new AppError('GRID_INVALID', { rule: 'A parameter axis must be a range or a list of numbers.', found, todo });
}

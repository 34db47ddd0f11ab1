// Ridge regression fitted again and again on the bars before, with labels that were complete at the time of the fit.
import { isRefit, type ModelBars } from './refit-schedule.ts';

/** Share of the rows of a window that must be without missing values. */
const LEAST_SHARE = 0.5;

/** Coefficients of standardised features: intercept + sum of coefficient * (feature - mean) / scale. */
interface Fit {
  readonly intercept: number;
  readonly coefficients: Float64Array;
  readonly mean: Float64Array;
  readonly scale: Float64Array;
}

/**
 * Per bar the return that is foreseen for `horizon` bars ahead: target[i + horizon] / target[i] - 1. `params` are
 * horizon, bars from one fit to the next, rows of a window, and alpha. A fit at bar t reads rows up to t - horizon, the
 * last whose label has come true. Features are standardised within the window; the intercept is not shrunk. NaN before
 * the first fit, where a feature is missing, and after fits with too few whole rows.
 */
export function ridgeWalkForward(
  target: Float64Array,
  features: readonly Float64Array[],
  params: readonly number[],
  bars: ModelBars,
): Float64Array {
  const [horizon, every, window, alpha] = params as readonly [number, number, number, number];
  const out = new Float64Array(target.length).fill(Number.NaN);
  const labels = labelsOf(target, horizon);
  let fit: Fit | undefined;
  for (let i = 0; i < out.length; i++) {
    const from = i - horizon - window + 1;
    if (from >= 0 && isRefit(bars, every, i)) fit = fitRidge(features, labels, from, from + window, alpha);
    if (fit === undefined) continue;
    let value = fit.intercept;
    for (let f = 0; f < features.length; f++) {
      value += fit.coefficients[f]! * ((features[f]![i]! - fit.mean[f]!) / fit.scale[f]!);
    }
    out[i] = value;
  }
  return out;
}

/** At bar i the return from i to i + horizon: known at i + horizon, never before. */
function labelsOf(target: Float64Array, horizon: number): Float64Array {
  const labels = new Float64Array(target.length).fill(Number.NaN);
  for (let i = 0; i + horizon < target.length; i++) labels[i] = target[i + horizon]! / target[i]! - 1;
  return labels;
}

/** Fits rows [from, to) that have no missing value; undefined where those are too few. */
function fitRidge(
  features: readonly Float64Array[],
  labels: Float64Array,
  from: number,
  to: number,
  alpha: number,
): Fit | undefined {
  const width = features.length;
  const rows: number[] = [];
  for (let i = from; i < to; i++) {
    if (Number.isFinite(labels[i]!) && features.every((feature) => Number.isFinite(feature[i]!))) rows.push(i);
  }
  if (rows.length < Math.max(2, (to - from) * LEAST_SHARE)) return undefined;
  const mean = new Float64Array(width);
  const scale = new Float64Array(width);
  const columns = features.map((feature, f) => {
    const values = Float64Array.from(rows, (row) => feature[row]!);
    mean[f] = meanOf(values);
    scale[f] = deviation(values, mean[f]!);
    return values.map((value) => (value - mean[f]!) / scale[f]!);
  });
  const known = Float64Array.from(rows, (row) => labels[row]!);
  const intercept = meanOf(known);
  const wanted = known.map((label) => label - intercept);
  const matrix = columns.map((column, a) =>
    Float64Array.from(columns, (other, b) => product(column, other) + (a === b ? alpha : 0)),
  );
  const coefficients = solve(
    matrix,
    Float64Array.from(columns, (column) => product(column, wanted)),
  );
  return coefficients && { intercept, coefficients, mean, scale };
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Population standard deviation; 1 for values that do not differ, up to rounding: they then weigh nothing. */
function deviation(values: Float64Array, mean: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i]! - mean) * (values[i]! - mean);
  const found = Math.sqrt(sum / values.length);
  return found > 1e-12 * Math.abs(mean) ? found : 1;
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Solves a symmetric positive definite system by Cholesky, in place; undefined where it is singular. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array | undefined {
  const size = right.length;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= matrix[i]![k]! * matrix[j]![k]!;
      if (i !== j) matrix[i]![j] = sum / matrix[j]![j]!;
      else if (sum > 0) matrix[i]![i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  for (let i = 0; i < size; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= matrix[i]![k]! * right[k]!;
    right[i] = sum / matrix[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = right[i]!;
    for (let k = i + 1; k < size; k++) sum -= matrix[k]![i]! * right[k]!;
    right[i] = sum / matrix[i]![i]!;
  }
  return right;
}

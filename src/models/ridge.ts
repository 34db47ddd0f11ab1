// Ridge coefficients as JSON: intercept + sum of coefficient * (feature - mean) / scale.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

export interface RidgeModel {
  readonly kind: 'ridge';
  readonly intercept: number;
  readonly coefficients: readonly number[];
  /** What is taken off each feature, and what it is then divided by. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

const MEMBERS = ['intercept', 'coefficients', 'features', 'mean', 'scale'];

function invalid(name: string, found: string): AppError {
  return new AppError('MODEL_INVALID', {
    found: `${name}: ${found}.`,
    todo: 'Write {"intercept": …, "coefficients": [...]}, and "mean" and "scale" of as many numbers where features were standardised.',
  });
}

/** Reads a ridge file. Errors: MODEL_FORMAT when it is no JSON, MODEL_INVALID, LIMIT_EXCEEDED. */
export function readRidge(name: string, bytes: Uint8Array): RidgeModel {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new AppError('MODEL_FORMAT', {
      found: `${name}, which is no JSON: ${String(cause)}.`,
      todo: 'Write the coefficients as JSON.',
      cause,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalid(name, 'no object');
  const unknown = Object.keys(parsed).find((member) => !MEMBERS.includes(member));
  if (unknown !== undefined) throw invalid(name, `the member "${unknown}"; known are ${MEMBERS.join(', ')}`);
  const { intercept, features, ...lists } = parsed as Record<string, unknown>;
  if (typeof intercept !== 'number' || !Number.isFinite(intercept))
    throw invalid(name, 'an intercept that is no number');
  const coefficients = numbers(name, 'coefficients', lists.coefficients);
  const count = coefficients.length;
  if (count > LIMITS.modelFeaturesMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      found: `${count} coefficients in ${name}; the limit is ${LIMITS.modelFeaturesMax}.`,
      todo: 'Use fewer features.',
    });
  }
  if (count === 0) throw invalid(name, 'no coefficients');
  if (features !== undefined && !(Array.isArray(features) && features.length === count)) {
    throw invalid(name, `features that are not ${count} names`);
  }
  const mean = numbers(name, 'mean', lists.mean ?? new Array(count).fill(0), count);
  const scale = numbers(name, 'scale', lists.scale ?? new Array(count).fill(1), count);
  if (scale.includes(0)) throw invalid(name, `scale[${scale.indexOf(0)}] is 0`);
  return { kind: 'ridge', intercept, coefficients, mean, scale };
}

function numbers(name: string, member: string, value: unknown, length?: number): readonly number[] {
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isFinite(one));
  if (!isList) throw invalid(name, `${member} that is no list of numbers`);
  if (length !== undefined && value.length !== length) {
    throw invalid(name, `${value.length} values of ${member} for ${length} coefficients`);
  }
  return value;
}

/** One prediction per row, NaN where a feature is missing. */
export function evaluateRidge(model: RidgeModel, inputs: readonly Float64Array[], rows: number): Float64Array {
  const out = new Float64Array(rows).fill(model.intercept);
  for (const [f, input] of inputs.entries()) {
    const coefficient = model.coefficients[f]!;
    const mean = model.mean[f]!;
    const scale = model.scale[f]!;
    for (let i = 0; i < rows; i++) out[i] = out[i]! + coefficient * ((input[i]! - mean) / scale);
  }
  return out;
}

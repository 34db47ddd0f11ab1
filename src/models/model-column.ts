// A column of predictions: what an expression says about its model, and the values over bars.
import { assert } from '../core/assert.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { ModelKind } from './foreign-formats.ts';
import { evaluateForest } from './forest-evaluation.ts';
import { garch } from './garch.ts';
import type { ModelFile } from './model-file.ts';
import { evaluateOnnx } from './onnx-session.ts';
import type { PackedForest, PackedModel } from './packed-model.ts';
import type { ModelBars } from './refit-schedule.ts';
import { evaluateRidge } from './ridge.ts';
import { ridgeWalkForward } from './ridge-walk-forward.ts';

export type FittedModel =
  | { readonly kind: 'lightgbm'; readonly file: ModelFile; readonly output: number | undefined; readonly raw: boolean }
  | { readonly kind: 'ridge'; readonly file: ModelFile }
  | {
      readonly kind: 'onnx';
      readonly file: ModelFile;
      readonly output: string | undefined;
      readonly column: number | undefined;
    };

/** Fitted again and again, on the bars before. */
export type WalkForwardModel = { readonly kind: 'garch' } | { readonly kind: 'ridgeWalkForward' };

export type Model = FittedModel | WalkForwardModel;

interface ModelParam {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

const bars = (name: string, least: number): ModelParam => ({ name, least, most: LIMITS.fitWindowMax, whole: true });

/** What walk-forward models are told besides their inputs, in the order of `params`. */
const PARAMS: Readonly<Record<WalkForwardModel['kind'], readonly ModelParam[]>> = {
  garch: [bars('every', 1), bars('window', 50)],
  ridgeWalkForward: [
    bars('horizon', 1),
    bars('every', 1),
    bars('window', 10),
    { name: 'alpha', least: 0, most: Number.MAX_VALUE, whole: false },
  ],
};

/** Accepts the parameters of a model, or says which one is wrong. Errors: REQUEST_INVALID. */
export function checkModelParams({ kind }: Model, values: readonly number[]): void {
  if (kind !== 'garch' && kind !== 'ridgeWalkForward') return;
  for (const [n, { name, least, most, whole }] of PARAMS[kind].entries()) {
    const value = values[n]!;
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) continue;
    throw new AppError('REQUEST_INVALID', {
      rule: `${name} of ${kind} must be a ${whole ? 'whole ' : ''}number of at least ${least}${whole ? ` and at most ${most}` : ''}.`,
      found: `${value}.`,
      todo: 'Change it, or leave the value out of the grid.',
    });
  }
}

/** Bars from the first value of all inputs until the model's own values no longer depend on where history began. */
export function modelWarmUp({ kind }: Model, params: readonly number[]): number {
  if (kind === 'garch') return params[0]! + params[1]! + 1;
  return kind === 'ridgeWalkForward' ? params[0]! + params[1]! + params[2]! : 0;
}

/** Values of a model over bars. `inputs` are its features; a walk-forward ridge has the target in front. */
export function modelColumn(
  model: Model,
  inputs: readonly Float64Array[],
  params: readonly number[],
  over: ModelBars,
): Float64Array {
  switch (model.kind) {
    case 'garch':
      return garch(inputs[0]!, params, over);
    case 'ridgeWalkForward':
      return ridgeWalkForward(inputs[0]!, inputs.slice(1), params, over);
    default:
      return withoutWarmUp(fittedColumn(model, inputs, over.count), inputs);
  }
}

function fittedColumn(model: FittedModel, inputs: readonly Float64Array[], rows: number): Float64Array {
  const { path } = model.file;
  const packed = opened(model.file, model.kind);
  if (packed.kind === 'ridge') {
    refuseOtherFeatures(path, packed.coefficients.length, inputs.length);
    return evaluateRidge(packed, inputs, rows);
  }
  if (packed.kind === 'onnx') {
    assert(model.kind === 'onnx', 'a file is of the kind that the expression names');
    return evaluateOnnx(packed, inputs, model, rows);
  }
  assert(model.kind === 'lightgbm', 'a file is of the kind that the expression names');
  refuseOtherFeatures(path, packed.features, inputs.length);
  return evaluateForest(packed, inputs, { output: classOf(path, packed, model.output), raw: model.raw }, rows);
}

/**
 * Takes away the values before every feature has had one. A value that is missing later is missing to the model, as in
 * training; but a warm-up must never cause a signal.
 */
function withoutWarmUp(values: Float64Array, inputs: readonly Float64Array[]): Float64Array {
  let first = 0;
  for (const input of inputs) {
    const known = input.findIndex((value) => !Number.isNaN(value));
    first = Math.max(first, known < 0 ? input.length : known);
  }
  return values.fill(Number.NaN, 0, first);
}

function opened(file: ModelFile, kind: ModelKind): PackedModel {
  const packed = file.open();
  assert(packed.kind === kind, 'a file is packed as what it is');
  return packed;
}

/** Errors: MODEL_FEATURES. */
export function refuseOtherFeatures(path: string, wanted: number, given: number): void {
  if (wanted === given) return;
  throw new AppError('MODEL_FEATURES', {
    found: `${given} features for ${path}, which takes ${wanted}.`,
    todo: 'List the features in the order of training.',
  });
}

function classOf(path: string, { classes }: PackedForest, wanted: number | undefined): number {
  if (wanted === undefined && classes === 1) return 0;
  if (wanted !== undefined && Number.isInteger(wanted) && wanted >= 0 && wanted < classes) return wanted;
  throw new AppError('MODEL_INVALID', {
    rule: 'A model of several classes must be asked for one of them.',
    found: `class ${wanted ?? 'none'} of ${path}, which has ${classes}.`,
    todo: `Write { class: 0 } to { class: ${classes - 1} } behind the features.`,
  });
}

// Prediction models as a strategy writes them: lightgbm('./model.txt', [rsi(close, 14), …]), garch(close, { … }).
import { AppError } from '../core/errors.ts';
import type { ModelKind } from '../models/foreign-formats.ts';
import { ModelFile } from '../models/model-file.ts';
import { type Column, modelColumn, type Operand } from './expression.ts';
import type { Scalar } from './parameters.ts';
import type { Strategy } from './strategy.ts';

/**
 * Predictions of a LightGBM model saved as text. `file` is named from the folder of the strategy file; `features` come
 * in the order of training. There is no value before each of them has had one; a feature that is missing later is
 * missing to the model too, as in training. `class` chooses one of a
 * model with several; `raw` gives the sum of the trees, before the objective makes a probability of it.
 */
export function lightgbm(
  file: string,
  features: readonly Operand[],
  options: { readonly class?: number; readonly raw?: boolean } = {},
): Column {
  refuseUnknown('lightgbm', options, ['class', 'raw']);
  const { class: output, raw = false } = options;
  const model = { kind: 'lightgbm', file: modelFile('lightgbm', file, features), output, raw } as const;
  return modelColumn(model, label('lightgbm', file, output ?? '', raw ? 'raw' : ''), features);
}

/** Predictions of ridge coefficients saved as JSON. No value where a feature is missing. */
export function ridge(file: string, features: readonly Operand[]): Column {
  return modelColumn({ kind: 'ridge', file: modelFile('ridge', file, features) }, label('ridge', file), features);
}

/**
 * Predictions of an ONNX model with one input of rows and features. `output` names one of several outputs, `column` one
 * of its columns. Needs the package onnxruntime-node beside Gridmill or the strategy.
 */
export function onnx(
  file: string,
  features: readonly Operand[],
  options: { readonly output?: string; readonly column?: number } = {},
): Column {
  refuseUnknown('onnx', options, ['output', 'column']);
  const { output, column } = options;
  const model = { kind: 'onnx', file: modelFile('onnx', file, features), output, column } as const;
  return modelColumn(model, label('onnx', file, output ?? '', column ?? ''), features);
}

/**
 * Volatility of the next bar's return foreseen by GARCH(1,1), 0.01 = 1 %: fitted again every `every` bars on the returns
 * of the `window` bars before.
 */
export function garch(
  prices: Column,
  { every = 500, window = 1000, ...rest }: { readonly every?: Scalar; readonly window?: Scalar } = {},
): Column {
  refuseUnknown('garch', rest, []);
  return modelColumn({ kind: 'garch' }, 'garch', [prices], [every, window]);
}

/**
 * Return of `target` foreseen over the next `horizon` bars, 0.01 = 1 %: ridge regression, fitted again every `every`
 * bars on the `window` rows before whose labels have come true. Features are standardised within each window.
 */
export function ridgeWalkForward(
  target: Column,
  features: readonly Operand[],
  {
    horizon,
    every = 500,
    window = 2000,
    alpha = 1,
    ...rest
  }: { readonly horizon: Scalar; readonly every?: Scalar; readonly window?: Scalar; readonly alpha?: Scalar },
): Column {
  refuseUnknown('ridgeWalkForward', rest, []);
  refuseNone('ridgeWalkForward', features);
  return modelColumn(
    { kind: 'ridgeWalkForward' },
    'ridgeWalkForward',
    [target, ...features],
    [horizon, every, window, alpha],
  );
}

/** In keys `$` marks a parameter, and text of the user must not look like one. */
const label = (name: string, ...parts: readonly (string | number)[]): string =>
  `${name}[${parts.map(encodeURIComponent).join(',')}]`;

function modelFile(kind: ModelKind, path: unknown, features: readonly Operand[]): ModelFile {
  if (typeof path !== 'string' || path === '') {
    throw invalid(`${kind}(${String(path)}, …).`, `Name the file: ${kind}('./model.txt', [ … ]).`);
  }
  refuseNone(kind, features);
  return new ModelFile(kind, path, features.length);
}

function refuseNone(name: string, features: unknown): void {
  if (Array.isArray(features) && features.length > 0) return;
  throw invalid(`${name} without features.`, `Give a list: ${name}( … , [rsi(close, 14), roc(close, 5)]).`);
}

function refuseUnknown(name: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown !== undefined) throw invalid(`the option "${unknown}" of ${name}.`, 'Look at docs/guides/models.md.');
}

function invalid(found: string, todo: string): AppError {
  return new AppError('STRATEGY_INVALID', { rule: 'A model must be named with its features.', found, todo });
}

/** The model files that the expressions of a strategy name, those named twice twice. */
export function modelFilesOf({ signals, program }: Strategy): ModelFile[] {
  const files = new Set<ModelFile>();
  const seen = new Set<unknown>();
  const visit = (node: object): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if ('model' in node) {
      const { model } = node as { readonly model: { readonly file?: ModelFile } };
      if (model.file !== undefined) files.add(model.file);
    }
    if ('inputs' in node) for (const input of node.inputs as readonly object[]) visit(input);
  };
  for (const condition of Object.values(signals ?? {})) if (condition !== undefined) visit(condition);
  if (program?.kind === 'bars') for (const column of program.models) visit(column);
  return [...files];
}

// Finds the model files that a strategy names, checks and hashes them, and reads them when a column needs them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { refuseForeign } from '../models/foreign-formats.ts';
import { packForest } from '../models/lightgbm-forest.ts';
import { readHead } from '../models/lightgbm-text.ts';
import { MODEL_CACHE, tooLarge } from '../models/model-cache.ts';
import { refuseOtherFeatures } from '../models/model-column.ts';
import type { ModelFile } from '../models/model-file.ts';
import { type PackedModel, sharedBytes } from '../models/packed-model.ts';
import { readRidge } from '../models/ridge.ts';
import { modelFilesOf } from '../strategy/model-expressions.ts';
import type { Strategy } from '../strategy/strategy.ts';

export interface AttachedModel {
  /** As the strategy names it. */
  readonly path: string;
  readonly hash: string;
  readonly bytes: number;
}

/**
 * Gives the expressions of a strategy their models: relative paths start at `folder`. Files are hashed here and read
 * again when their first column is computed. Errors: MODEL_NOT_FOUND, MODEL_FORMAT, MODEL_INVALID, MODEL_FEATURES,
 * MODEL_MEMORY, LIMIT_EXCEEDED, DEPENDENCY_MISSING for ONNX files without onnxruntime-node.
 */
export function attachModels(
  strategy: Strategy,
  folder: string,
  bytesMax: number = LIMITS.modelMemoryBytes,
): AttachedModel[] {
  const attached = new Map<string, AttachedModel>();
  for (const file of modelFilesOf(strategy)) {
    const known = attached.get(`${file.kind} ${file.path}`);
    const model = attach(file, folder, bytesMax, known);
    attached.set(`${file.kind} ${file.path}`, model);
  }
  const models = [...attached.values()];
  const bytes = models.reduce((sum, model) => sum + model.bytes, 0);
  if (bytes > bytesMax) throw tooLarge(bytes, bytesMax);
  return models;
}

function attach(file: ModelFile, folder: string, bytesMax: number, known: AttachedModel | undefined): AttachedModel {
  const absolute = isAbsolute(file.path) ? file.path : resolve(folder, file.path);
  const model = known ?? { path: file.path, ...inspect(file, absolute) };
  const runtimeUrl = file.kind === 'onnx' ? onnxRuntime(folder, file.path) : '';
  const load = (): PackedModel => pack(file, readUnchanged(file.path, absolute, model.hash), runtimeUrl);
  const key = `${file.kind} ${model.hash}`;
  file.provide({ hash: model.hash, bytes: model.bytes, open: () => MODEL_CACHE.open(key, bytesMax, load) });
  return model;
}

/** Errors: MODEL_NOT_FOUND, MODEL_FORMAT, MODEL_INVALID, MODEL_FEATURES, LIMIT_EXCEEDED. */
function inspect({ path, kind, features }: ModelFile, absolute: string): Omit<AttachedModel, 'path'> {
  if (!existsSync(absolute) || !statSync(absolute).isFile()) {
    throw new AppError('MODEL_NOT_FOUND', {
      found: `no file "${path}"; looked for ${absolute}.`,
      todo: 'Put it there, or name it from the folder of the strategy file.',
    });
  }
  const { size } = statSync(absolute);
  if (size > LIMITS.modelBytesMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: 'A model file must stay within the limit.',
      found: `${path} of ${size.toLocaleString('en')} bytes; the limit is ${LIMITS.modelBytesMax.toLocaleString('en')}.`,
      todo: 'Train a smaller model.',
    });
  }
  const content = readFileSync(absolute);
  refuseForeign(path, content, kind);
  if (kind === 'lightgbm') {
    const head = readHead(path, content.subarray(0, HEAD_BYTES).toString('latin1'));
    refuseOtherFeatures(path, head.features, features);
  }
  return { hash: sha256Hex(content), bytes: size };
}

/** The head of a LightGBM file lies within this, unless it has very many features. */
const HEAD_BYTES = 65_536;

/** Errors: MODEL_CHANGED, MODEL_NOT_FOUND. */
function readUnchanged(path: string, absolute: string, hash: string): Uint8Array {
  let content: Uint8Array;
  try {
    content = readFileSync(absolute);
  } catch (cause) {
    throw new AppError('MODEL_NOT_FOUND', {
      found: `${absolute}, which was there when the strategy was loaded: ${String(cause)}.`,
      todo: 'Put it back and run again.',
      cause,
    });
  }
  if (sha256Hex(content) === hash) return content;
  throw new AppError('MODEL_CHANGED', {
    found: `${path}, which changed after the strategy was loaded.`,
    todo: 'Run again.',
  });
}

function pack({ kind, path }: ModelFile, content: Uint8Array, runtimeUrl: string): PackedModel {
  if (kind === 'lightgbm') return packForest(path, content);
  if (kind === 'ridge') return readRidge(path, content);
  return { kind, name: path, bytes: sharedBytes(content), runtimeUrl };
}

/** From the strategy's folder first, then from Gridmill's own. Errors: DEPENDENCY_MISSING. */
function onnxRuntime(folder: string, path: string): string {
  for (const from of [pathToFileURL(join(folder, 'strategy.mjs')), import.meta.url]) {
    try {
      return pathToFileURL(createRequire(from).resolve('onnxruntime-node')).href;
    } catch {
      // The next place, or the refusal below.
    }
  }
  throw new AppError('DEPENDENCY_MISSING', {
    found: `${path}, and onnxruntime-node is not installed.`,
    todo: `Run: npm install onnxruntime-node@1.30.0 (where it wants to download CUDA, with ONNXRUNTIME_NODE_INSTALL=skip).`,
  });
}

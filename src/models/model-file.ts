// A model file as a strategy names it, and where its content comes from once the strategy is loaded.
import { AppError } from '../core/errors.ts';
import type { ModelKind } from './foreign-formats.ts';
import type { PackedModel } from './packed-model.ts';

/** Hands out the content of a model file, each time anew where it is not kept. */
export interface ModelProvider {
  /** SHA-256 of the file. */
  readonly hash: string;
  /** Bytes of the file. */
  readonly bytes: number;
  open(): PackedModel;
}

/** Made by `lightgbm('./model.txt', …)`: knows its name, and its content only when the loader has found the file. */
export class ModelFile {
  readonly kind: ModelKind;
  /** As the strategy wrote it: from the folder of its file, or absolute. */
  readonly path: string;
  /** How many features the strategy gives it. */
  readonly features: number;
  #provider: ModelProvider | undefined;

  constructor(kind: ModelKind, path: string, features: number) {
    this.kind = kind;
    this.path = path;
    this.features = features;
  }

  /** Undefined until the strategy was loaded. */
  get provider(): ModelProvider | undefined {
    return this.#provider;
  }

  /** Tells where the content is. The last one told counts. */
  provide(provider: ModelProvider): void {
    this.#provider = provider;
  }

  /** Errors: MODEL_NOT_FOUND for a strategy that did not come through the loader, and those of reading the file. */
  open(): PackedModel {
    if (this.#provider !== undefined) return this.#provider.open();
    throw new AppError('MODEL_NOT_FOUND', {
      found: `"${this.path}" of a strategy that was not loaded from a file.`,
      todo: 'Load the strategy from its file, or call attachModels(strategy, folder) first.',
    });
  }
}

/** Of onnxruntime-node, once it is loaded, in each thread that runs a model. */
const ONNX_RUNTIME_BYTES = 75_000_000;
/** The bytes of a text, and the text made of them, while it is packed. */
const TEXT_COPIES = 2;

/**
 * Most bytes that models take in a process of so many scoring threads. Packed ones take less than their files; an ONNX
 * model is copied by each thread that runs it.
 */
export function modelBytes(files: readonly ModelFile[], threads: number): number {
  const distinct = new Map<string, number>();
  let reading = 0;
  let running = 0;
  for (const { kind, path, provider } of files) {
    const bytes = provider?.bytes ?? 0;
    distinct.set(provider?.hash ?? path, bytes);
    if (kind !== 'onnx') reading = Math.max(reading, bytes * TEXT_COPIES);
    else running = Math.max(running, threads * (ONNX_RUNTIME_BYTES + bytes));
  }
  return [...distinct.values()].reduce((sum, bytes) => sum + bytes, 0) + reading + running;
}

/** What a thread is told of the models of its strategy: content by path. Plain data and shared memory. */
export type SharedModels = readonly {
  readonly path: string;
  readonly hash: string;
  readonly bytes: number;
  readonly packed: PackedModel;
}[];

/** Packs each file once, to be posted to threads. Errors: those of opening a model. */
export function shareModels(files: readonly ModelFile[]): SharedModels {
  const byPath = new Map(files.map((file) => [`${file.kind} ${file.path}`, file]));
  return [...byPath.values()].map((file) => {
    const packed = file.open();
    const { hash, bytes } = file.provider!;
    return { path: file.path, hash, bytes, packed };
  });
}

/** Gives a thread's own copy of the strategy the models that the calling thread has packed. */
export function adoptModels(files: readonly ModelFile[], shared: SharedModels): void {
  for (const file of files) {
    const found = shared.find(({ path, packed }) => path === file.path && packed.kind === file.kind);
    if (found !== undefined) file.provide({ hash: found.hash, bytes: found.bytes, open: () => found.packed });
  }
}

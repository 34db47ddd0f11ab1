// The models a process holds: one copy of each, within a byte bound, and none that nobody has used for a while.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type PackedModel, packedBytes } from './packed-model.ts';

interface Entry {
  readonly model: PackedModel;
  readonly bytes: number;
}

/** Least recently used models go first when there is no room, and all of them once they have been idle. */
export class ModelCache {
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Bytes held at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The model of this key, loaded if it is not here. Errors: MODEL_MEMORY for one that is larger than `bytesMax` alone. */
  open(key: string, bytesMax: number, load: () => PackedModel): PackedModel {
    const entry = this.#entries.get(key) ?? this.#load(bytesMax, load);
    // Last in the order of the map is last used.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#timer?.refresh();
    this.#timer ??= setTimeout(() => this.clear(), LIMITS.modelIdleMsMax).unref();
    return entry.model;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#entries.clear();
    this.#bytes = 0;
  }

  #load(bytesMax: number, load: () => PackedModel): Entry {
    const model = load();
    const bytes = packedBytes(model);
    if (bytes > bytesMax) throw tooLarge(bytes, bytesMax);
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes + bytes <= bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
    this.#bytes += bytes;
    return { model, bytes };
  }
}

export function tooLarge(bytes: number, bytesMax: number): AppError {
  const mb = (value: number): string => `${Math.ceil(value / 1e6).toLocaleString('en')} MB`;
  return new AppError('MODEL_MEMORY', {
    found: `${mb(bytes)} of models; there is room for ${mb(bytesMax)}.`,
    todo: `Give --model-memory ${mb(bytes).replace(/[ ,]/g, '')}, or use smaller models.`,
  });
}

/** All strategies of a process share their models. */
export const MODEL_CACHE = new ModelCache();

// Cuts a stream of base variants into batches: as long as they should take, and no more columns than have room.

/** Milliseconds of a batch in a thread of its own: long beside a message, short beside a sweep. */
export const POOL_BATCH_MS = 120;
/** … in the calling thread, which hears an interrupt only between batches. */
export const LONE_BATCH_MS = 40;
/** With checkpoints a batch is also what a kill costs at most, and each ends in a durable write. */
export const CHECKPOINT_BATCH_MS = 250;
/** Batches do not shrink below this towards the end of a stage. */
const LAST_BATCH_MS = 4;
const BATCH_VARIANTS_MAX = 65_536;

/** Batches of one stage that lie in front of a thread when it works off the end of it. */
const LAST_BATCHES = 2;

/** Learns how long variants take, and sizes batches by it. A base variant counts once for each of its risk points. */
export class BatchSizer {
  readonly #targetMs: number;
  readonly #threads: number;
  /** The last batches, older ones counting half as much as the next. */
  #ms = 0;
  #variants = 0;
  /** Size allowed so far: doubles at most with each batch that is learned from. */
  #allowed: number;

  constructor(targetMs: number, threads: number, firstSize = 1) {
    this.#targetMs = targetMs;
    this.#threads = threads;
    this.#allowed = Math.max(1, firstSize);
  }

  /** Variants of the next batch, when `left` of the stage remain to be handed out, where that is known. */
  size(left = Number.POSITIVE_INFINITY): number {
    const pace = this.#variants === 0 ? 0 : this.#ms / this.#variants;
    const wanted = pace > 0 ? Math.floor(this.#targetMs / pace) : this.#allowed;
    const least = pace > 0 ? Math.floor(LAST_BATCH_MS / pace) : 1;
    const share = this.#threads === 1 ? left : Math.ceil(left / (this.#threads * LAST_BATCHES));
    const bounded = Math.min(wanted, this.#allowed, BATCH_VARIANTS_MAX);
    return Math.max(1, Math.min(bounded, Math.max(share, least)));
  }

  /** Milliseconds of one variant; undefined before any was scored. */
  get variantMs(): number | undefined {
    return this.#variants === 0 ? undefined : this.#ms / this.#variants;
  }

  /** `variants` took `ms` of work, in however many batches. */
  learn(variants: number, ms: number): void {
    if (variants === 0) return;
    this.#ms = this.#ms / 2 + ms;
    this.#variants = this.#variants / 2 + variants;
    this.#allowed = Math.max(this.#allowed, 2 * variants);
  }
}

export interface BatchRules {
  /** Base variants wanted for the next batch; asked again for each. */
  readonly size: () => number;
  /** Most base variants of one batch, whatever is wanted. */
  readonly most: number;
  /** Ids of the columns that a base variant compares; nobody counts them when left out. */
  readonly columnsOf?: (baseIndex: number) => readonly number[];
  /** Most different columns of one batch. A base variant that needs more alone is a batch alone. */
  readonly columnsMax: number;
}

export interface FormedBatch {
  readonly baseIndices: readonly number[];
  /** Different columns of the batch, in the order in which its variants need them. */
  readonly columns: readonly number[];
}

export function* formBatches(bases: Iterable<number>, rules: BatchRules): Generator<FormedBatch> {
  const { columnsOf, columnsMax } = rules;
  let baseIndices: number[] = [];
  let columns = new Set<number>();
  const finish = (): FormedBatch => {
    const batch = { baseIndices, columns: [...columns] };
    baseIndices = [];
    columns = new Set();
    return batch;
  };
  for (const base of bases) {
    const needed = columnsOf?.(base) ?? [];
    if (baseIndices.length > 0) {
      let added = 0;
      for (const id of needed) if (!columns.has(id)) added++;
      // `needed` may name a column twice: then the batch ends a little early.
      if (columns.size + added > columnsMax) yield finish();
    }
    baseIndices.push(base);
    for (const id of needed) columns.add(id);
    if (baseIndices.length >= Math.min(rules.size(), rules.most)) yield finish();
  }
  if (baseIndices.length > 0) yield finish();
}

// Columns before rows: reserves the slots of a batch, has its missing columns computed, then has the batch scored.
import type { ColumnSlots, PlacedColumns } from './column-slots.ts';
import type { ScoreBatches, VariantBatch } from './score.ts';

/** Milliseconds of columns that are worth a message of their own. */
const COLUMNS_MS = 8;

interface Waiting {
  readonly ids: readonly number[];
  readonly resolve: (placed: PlacedColumns) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Pure dataflow: a batch waits for slots, then for its columns, whoever had them computed, and for nothing else. While
 * one batch is scored the columns of the next are computed, as far as slots allow. Batches get their slots in the order
 * in which they come; one that waits for slots holds none, so that no two wait for each other.
 */
export class ColumnFlow {
  readonly #scorer: ScoreBatches;
  readonly #slots: ColumnSlots | undefined;
  readonly #threads: number;
  /** Columns that are being computed. */
  readonly #filling = new Map<number, Promise<void>>();
  readonly #waiting: Waiting[] = [];
  #computed = 0;
  /** Why columns could not be computed. Their slots may still be written to, so that nobody gets slots any more. */
  #failure: unknown;

  /** Without `slots` batches go to the scorer as they are. */
  constructor(scorer: ScoreBatches, slots: ColumnSlots | undefined) {
    this.#scorer = scorer;
    this.#slots = scorer.computeColumns === undefined ? undefined : slots;
    this.#threads = scorer.threads ?? 1;
  }

  /** Columns computed so far. */
  get columnsComputed(): number {
    return this.#computed;
  }

  /** How often a batch found a column in its slot; undefined where the scorer keeps its own columns. */
  get slotStats(): ColumnSlots['stats'] | undefined {
    return this.#slots?.stats;
  }

  /** Rows as ScoreBatches gives them. `ids` are the distinct columns of the batch. */
  async score(batch: VariantBatch, ids: readonly number[]): Promise<Float64Array> {
    const slots = this.#slots;
    if (slots === undefined || ids.length === 0) return this.#scorer.score(batch);
    const placed = await this.#place(slots, ids);
    try {
      this.#compute(placed);
      await Promise.all(ids.map((id) => this.#filling.get(id)));
      return await this.#scorer.score({ ...batch, columns: { ids, slots: placed.slots } });
    } finally {
      slots.release(ids);
      this.#serveWaiting(slots);
    }
  }

  #place(slots: ColumnSlots, ids: readonly number[]): PlacedColumns | Promise<PlacedColumns> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const placed = this.#waiting.length === 0 ? slots.acquire(ids) : undefined;
    return placed ?? new Promise((resolve, reject) => this.#waiting.push({ ids, resolve, reject }));
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }

  #serveWaiting(slots: ColumnSlots): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const placed = slots.acquire(next.ids);
      if (placed === undefined) return;
      this.#waiting.shift();
      next.resolve(placed);
    }
  }

  /** Hands out the missing columns in small lists, so that all threads take part. */
  #compute({ missing }: PlacedColumns): void {
    const columnMs = (this.#scorer.worked?.().columnsMs ?? 0) / Math.max(1, this.#computed);
    const share = Math.ceil(missing.length / (2 * this.#threads));
    const each = Math.max(1, Math.min(share, columnMs > 0 ? Math.floor(COLUMNS_MS / columnMs) : 1));
    for (let from = 0; from < missing.length; from += each) {
      const tasks = missing.slice(from, from + each);
      const done = this.#scorer.computeColumns!(tasks).then(() => {
        this.#computed += tasks.length;
        for (const { id } of tasks) this.#filling.delete(id);
      });
      done.catch((error: unknown) => this.#fail(error));
      for (const { id } of tasks) this.#filling.set(id, done);
    }
  }
}

// The directory of finished columns: which slot of the shared memory holds which column, and which may give way.
import { assert } from '../core/assert.ts';
import type { ColumnTask } from './score.ts';

/** Where the columns of one batch lie, and which of them have to be computed before it is scored. */
export interface PlacedColumns {
  readonly ids: readonly number[];
  /** The slot of each id, in the order of `ids`. */
  readonly slots: readonly number[];
  /** Columns that were not there: their slots are reserved, their values are not written yet. */
  readonly missing: readonly ColumnTask[];
}

interface Entry {
  readonly slot: number;
  pins: number;
}

/**
 * Places columns in `slotCount` equal slots. A column is pinned from `acquire` to `release`, while it is filled or read;
 * of the others the least recently released one gives way. Every operation takes constant time per column.
 */
export class ColumnSlots {
  readonly slotCount: number;
  readonly #free: number[];
  readonly #pinned = new Map<number, Entry>();
  /** In order of release: the first gives way first. */
  readonly #idle = new Map<number, Entry>();
  #hits = 0;
  #misses = 0;

  constructor(slotCount: number) {
    assert(Number.isInteger(slotCount) && slotCount >= 0, 'slots are counted');
    this.slotCount = slotCount;
    // Popped from the end: low slots are used first.
    this.#free = Array.from({ length: slotCount }, (_, i) => slotCount - 1 - i);
  }

  /** Columns found in their slot, and columns that had to be computed. */
  get stats(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#hits, misses: this.#misses };
  }

  /** Columns held at the moment, pinned or not. */
  get size(): number {
    return this.#pinned.size + this.#idle.size;
  }

  /** The slot that holds a column, or undefined. */
  slotOf(id: number): number | undefined {
    return (this.#pinned.get(id) ?? this.#idle.get(id))?.slot;
  }

  /** Pins the slots of `ids`, which are distinct; undefined when pinned columns leave too little room for them. */
  acquire(ids: readonly number[]): PlacedColumns | undefined {
    let absent = 0;
    let idle = 0;
    for (const id of ids) {
      if (this.#idle.has(id)) idle++;
      else if (!this.#pinned.has(id)) absent++;
    }
    // What is wanted itself must not give way to the rest of the batch.
    if (absent > this.#free.length + this.#idle.size - idle) return undefined;
    for (const id of ids) this.#pinIfHeld(id);
    const missing: ColumnTask[] = [];
    const slots = ids.map((id) => {
      const held = this.#pinned.get(id);
      if (held !== undefined) return held.slot;
      const slot = this.#freeSlot();
      this.#pinned.set(id, { slot, pins: 1 });
      missing.push({ id, slot });
      return slot;
    });
    this.#misses += missing.length;
    this.#hits += ids.length - missing.length;
    return { ids, slots, missing };
  }

  /** Takes one pin off each of `ids`, which were acquired. */
  release(ids: readonly number[]): void {
    for (const id of ids) {
      const entry = this.#pinned.get(id);
      assert(entry !== undefined, `column ${id} is pinned when it is released`);
      if (--entry.pins > 0) continue;
      this.#pinned.delete(id);
      this.#idle.set(id, entry);
    }
  }

  #pinIfHeld(id: number): void {
    const idle = this.#idle.get(id);
    if (idle !== undefined) {
      this.#idle.delete(id);
      this.#pinned.set(id, idle);
    }
    const entry = this.#pinned.get(id);
    if (entry !== undefined) entry.pins++;
  }

  #freeSlot(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const [oldest] = this.#idle;
    assert(oldest !== undefined, 'a slot is free or may be freed');
    this.#idle.delete(oldest[0]);
    return oldest[1].slot;
  }
}

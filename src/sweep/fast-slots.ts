// Columns and bitmaps that variants share, in equal slots of the arena; the least recently used one gives way.

/** Views on arena memory by key, at most as many as there are slots. */
export class SlotCache<View> {
  readonly #free: View[];
  /** Insertion order is order of use: the first is the least recently used. */
  readonly #used = new Map<string, View>();
  hits = 0;
  misses = 0;

  constructor(slots: readonly View[]) {
    this.#free = [...slots];
  }

  /** How many keys are held. */
  get size(): number {
    return this.#used.size;
  }

  get(key: string): View | undefined {
    const view = this.#used.get(key);
    if (view === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.#used.delete(key);
    this.#used.set(key, view);
    return view;
  }

  /** A slot for `key` to write into; what it held before is gone. Views in `pinned` stay; undefined when none is left. */
  take(key: string, pinned?: ReadonlySet<View>): View | undefined {
    let view = this.#free.pop();
    if (view === undefined) {
      for (const [old, candidate] of this.#used) {
        if (pinned?.has(candidate) === true) continue;
        this.#used.delete(old);
        view = candidate;
        break;
      }
    }
    if (view !== undefined) this.#used.set(key, view);
    return view;
  }
}

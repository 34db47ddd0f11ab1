// The best k of a stream in O(log k) per item and constant memory, with deterministic ties.

export interface Ranked {
  /** Higher is better. NaN ranks last. */
  readonly score: number;
  /** Ties in score are broken by this key, ascending by UTF-16 code unit. Keys must be distinct. */
  readonly key: string;
}

/** Sort order of ranked rows: score descending, NaN last, then key ascending. -0 and 0 are one score. */
export function compareRanked(a: Ranked, b: Ranked): number {
  if (a.score !== b.score) {
    const aNaN = Number.isNaN(a.score);
    const bNaN = Number.isNaN(b.score);
    if (aNaN !== bNaN) return aNaN ? 1 : -1;
    if (!aNaN) return a.score > b.score ? -1 : 1;
  }
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/**
 * Keeps the best `limit` items by `compare`: compareRanked, or an order that agrees with it on items of different score.
 * The order of `push` calls does not change the outcome.
 */
export class TopK<T extends Ranked> {
  readonly limit: number;
  readonly #compare: (a: T, b: T) => number;
  // A binary heap whose root is the worst item kept, so that a newcomer is compared with it first.
  readonly #heap: T[] = [];

  constructor(limit: number, compare: (a: T, b: T) => number = compareRanked) {
    this.limit = limit;
    this.#compare = compare;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Whether an item of this score could enter; lets callers skip building a row. True on ties. */
  wouldAdmit(score: number): boolean {
    if (this.#heap.length < this.limit) return true;
    const worst = this.#heap[0]?.score ?? Number.NaN;
    return this.limit > 0 && (Number.isNaN(worst) || score >= worst);
  }

  push(item: T): void {
    const heap = this.#heap;
    if (heap.length < this.limit) {
      heap.push(item);
      this.#siftUp(heap.length - 1);
    } else if (this.limit > 0 && this.#compare(item, heap[0]!) < 0) {
      heap[0] = item;
      this.#siftDown(0);
    }
  }

  /** The items kept, best first. The heap is unchanged. */
  sorted(): T[] {
    return [...this.#heap].sort(this.#compare);
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    let child = start;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (this.#compare(heap[child]!, heap[parent]!) <= 0) return;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    let parent = start;
    for (;;) {
      let worst = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && this.#compare(heap[child]!, heap[worst]!) > 0) worst = child;
      }
      if (worst === parent) return;
      [heap[worst], heap[parent]] = [heap[parent]!, heap[worst]!];
      parent = worst;
    }
  }
}

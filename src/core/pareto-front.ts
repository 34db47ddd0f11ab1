// The Pareto front of a stream: items that no other item beats in every objective at once.
import { AppError } from './errors.ts';

export interface Scored {
  /** One score per objective, higher is better. An item with a NaN never enters. */
  readonly scores: readonly number[];
  /** Distinct; orders items whose scores are equal. */
  readonly key: string;
}

/** True when `a` is at least as good as `b` in every objective and better in one. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]! < b[i]!) return false;
    if (a[i]! > b[i]!) better = true;
  }
  return better;
}

/** Keeps the front. The order of `push` calls does not change the outcome; items with equal scores all stay. */
export class ParetoFront<T extends Scored> {
  readonly #limit: number;
  #front: T[] = [];

  /** `limit` bounds the front: beyond it `push` throws LIMIT_EXCEEDED rather than keep an arbitrary part. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether an item of these scores would enter; lets callers skip building it. */
  wouldAdmit(scores: readonly number[]): boolean {
    return !scores.some(Number.isNaN) && !this.#front.some((item) => dominates(item.scores, scores));
  }

  push(item: T): void {
    if (!this.wouldAdmit(item.scores)) return;
    this.#front = this.#front.filter((other) => !dominates(item.scores, other.scores));
    if (this.#front.length >= this.#limit) {
      throw new AppError('LIMIT_EXCEEDED', {
        rule: `A Pareto front must stay within ${this.#limit} items.`,
        found: 'more variants than that, none of which is beaten in every objective.',
        todo: 'Use fewer objectives, or rank by one of them.',
      });
    }
    this.#front.push(item);
  }

  /** The front, best in the first objective first; ties by the next objectives, then by key. */
  sorted(): T[] {
    return [...this.#front].sort((a, b) => {
      const at = a.scores.findIndex((score, i) => score !== b.scores[i]);
      if (at >= 0) return b.scores[at]! - a.scores[at]!;
      return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    });
  }
}

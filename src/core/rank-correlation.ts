// How far two lists of numbers agree in their order: Spearman's coefficient, equal values sharing their mean rank.
import { assert } from './assert.ts';

/**
 * Pearson's coefficient of the ranks of `a` and `b`, which has -1 for the reverse order and 1 for the same. Null when there are
 * fewer than two values, or when one list has one value only: then there is no order. Values must not be NaN.
 */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number | null {
  assert(a.length === b.length, 'there is one value in each list per thing');
  const count = a.length;
  const x = meanRanks(a);
  const y = meanRanks(b);
  const mean = (count - 1) / 2;
  let both = 0;
  let ownA = 0;
  let ownB = 0;
  for (let i = 0; i < count; i++) {
    const left = x[i]! - mean;
    const right = y[i]! - mean;
    both += left * right;
    ownA += left * left;
    ownB += right * right;
  }
  if (count < 2 || ownA === 0 || ownB === 0) return null;
  return Math.max(-1, Math.min(1, both / Math.sqrt(ownA * ownB)));
}

/** From 0 on, by rising value. */
function meanRanks(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length; ) {
    let next = first + 1;
    while (next < order.length && values[order[next]!] === values[order[first]!]) next++;
    for (let at = first; at < next; at++) ranks[order[at]!] = (first + next - 1) / 2;
    first = next;
  }
  return ranks;
}

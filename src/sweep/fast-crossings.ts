// The comparisons behind crossings that no other variant shares, for a group of variants through one stretch of bars after
// the other: a column that several of them compare is read from memory once per stretch.
import type { Kernels } from '../kernels/kernels.ts';
import type { Column, CrossCondition } from '../strategy/expression.ts';
import type { Graph } from './graph.ts';

/** Two columns that cross. */
export interface CrossingPair {
  readonly key: string;
  readonly left: Column;
  readonly right: Column;
}

/** Where the comparison of one pair lies. */
export interface ComparedPair {
  readonly greater: Uint32Array;
  readonly less: Uint32Array;
}

/** Pairs worth comparing ahead: more would take more memory than they save. */
const PAIRS_MAX = 2;
/** Words of one stretch: 4,096 bars, 32 KB of each column. */
const STRETCH_WORDS = 128;

export const pairKey = (left: Column, right: Column): string => `${left.key} ? ${right.key}`;

/** The pairs of columns whose crossings only one variant needs. */
export function crossingPairs(graph: Graph, isShared: (key: string) => boolean): CrossingPair[] {
  const pairs = new Map<string, CrossingPair>();
  for (const [name, { node }] of graph) {
    if (node.kind !== 'cross' || isShared(name)) continue;
    const [left, right] = (node as CrossCondition).inputs;
    if (left.kind === 'constant' || right.kind === 'constant') continue;
    const key = pairKey(left, right);
    pairs.set(key, { key, left, right });
  }
  return [...pairs.values()].slice(0, PAIRS_MAX);
}

interface Job extends ComparedPair {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** Compares all jobs. Columns and bitmaps cover the same bars. */
export function compareSideBySide(kernels: Kernels, jobs: readonly Job[], barCount: number): void {
  const words = Math.ceil(barCount / 32);
  for (let word = 0; word < words; word += STRETCH_WORDS) {
    const lastWord = Math.min(word + STRETCH_WORDS, words);
    const bar = word * 32;
    const lastBar = Math.min(lastWord * 32, barCount);
    for (const { greater, less, left, right } of jobs) {
      const above = greater.subarray(word, lastWord);
      const below = less.subarray(word, lastWord);
      kernels.compareBoth(above, below, left.subarray(bar, lastBar), right.subarray(bar, lastBar));
    }
  }
}

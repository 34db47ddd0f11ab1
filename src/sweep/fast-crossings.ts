// The comparisons behind crossings that no other variant shares, for a group of variants, stretch of bars by stretch:
// a column that several of them compare is read from memory once per stretch.
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
/** Bars of one stretch: 32 KB of each column. */
const STRETCH_BARS = 4096;

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

export interface ComparisonJob extends ComparedPair {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** Compares jobs side by side. It keeps the views on the stretches of every array it has seen: arrays are slots, reused. */
export class SideBySide {
  readonly #kernels: Kernels;
  readonly #barCount: number;
  readonly #columns = new Map<Float64Array, readonly Float64Array[]>();
  readonly #bitmaps = new Map<Uint32Array, readonly Uint32Array[]>();

  /** All columns and bitmaps cover `barCount` bars. */
  constructor(kernels: Kernels, barCount: number) {
    this.#kernels = kernels;
    this.#barCount = barCount;
  }

  compare(jobs: readonly ComparisonJob[]): void {
    const cut = jobs.map(({ greater, less, left, right }) => ({
      greater: this.#stretchesOf(this.#bitmaps, greater, STRETCH_BARS / 32),
      less: this.#stretchesOf(this.#bitmaps, less, STRETCH_BARS / 32),
      left: this.#stretchesOf(this.#columns, left, STRETCH_BARS),
      right: this.#stretchesOf(this.#columns, right, STRETCH_BARS),
    }));
    for (let stretch = 0; stretch * STRETCH_BARS < this.#barCount; stretch++) {
      for (const { greater, less, left, right } of cut) {
        this.#kernels.compareBoth(greater[stretch]!, less[stretch]!, left[stretch]!, right[stretch]!);
      }
    }
  }

  #stretchesOf<View extends Float64Array | Uint32Array>(
    known: Map<View, readonly View[]>,
    view: View,
    length: number,
  ): readonly View[] {
    let stretches = known.get(view);
    if (stretches === undefined) {
      const count = Math.ceil(view.length / length);
      stretches = Array.from({ length: count }, (_, n) => view.subarray(n * length, (n + 1) * length) as View);
      known.set(view, stretches);
    }
    return stretches;
  }
}

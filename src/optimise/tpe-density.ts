// Densities on ordered axes for the Parzen estimator: triangles around good places, smoothed counts of all places.
import type { Prng } from '../core/prng.ts';
import type { Judged } from './standing.ts';

/** One triangle per good trial on one axis, by place and half width, in steps of the axis. */
export interface Kernels {
  readonly centres: readonly number[];
  readonly widths: readonly number[];
  /** Mass of each inside the axis. */
  readonly inside: readonly number[];
}

/** A triangle reaches twice as far as the farther of its neighbours, at most half of the axis. */
export function createKernels(centres: readonly number[], length: number): Kernels {
  const sorted = [...centres].sort((a, b) => a - b);
  const least = Math.max(1, length / (2 * (centres.length + 4)));
  const widths = centres.map((centre) => {
    const at = sorted.indexOf(centre);
    const below = at > 0 ? centre - sorted[at - 1]! : centre + 1;
    const last = sorted.lastIndexOf(centre);
    const above = last + 1 < sorted.length ? sorted[last + 1]! - centre : length - centre;
    return 2 * Math.min(length, Math.max(least, Math.max(Math.min(below, length / 4), Math.min(above, length / 4))));
  });
  const inside = centres.map(
    (centre, i) => cumulative((length - 0.5 - centre) / widths[i]!) - cumulative((-0.5 - centre) / widths[i]!),
  );
  return { centres, widths, inside };
}

/** Mass of kernel `i` on the step `digit`; over the axis they add up to 1. */
export function kernelMass({ centres, widths, inside }: Kernels, i: number, digit: number, length: number): number {
  if (length === 1) return 1;
  const width = widths[i]!;
  const distance = digit - centres[i]!;
  return (cumulative((distance + 0.5) / width) - cumulative((distance - 0.5) / width)) / inside[i]!;
}

/** Distribution function of the triangle on [-1, 1]. */
function cumulative(x: number): number {
  if (x <= -1) return 0;
  if (x >= 1) return 1;
  return x < 0 ? ((1 + x) * (1 + x)) / 2 : 1 - ((1 - x) * (1 - x)) / 2;
}

/** A place drawn from kernel `i`: the sum of two uniform numbers is a triangle. */
export function drawFrom({ centres, widths }: Kernels, i: number, length: number, prng: Prng): number {
  for (let attempt = 0; attempt < 16; attempt++) {
    const digit = Math.round(centres[i]! + widths[i]! * (prng.next() + prng.next() - 1));
    if (digit >= 0 && digit < length) return digit;
  }
  return centres[i]!;
}

/** Bins of an axis: what lies within one is told apart by good kernels only. */
const BINS_MAX = 64;

/** What the whole space has of the density of all places: else those that nobody tried would look too good. */
const UNIFORM_SHARE = 0.2;

/** Places asked for so far, as counts in bins, smoothed when they are read. */
export class BadDensity {
  readonly #lengths: readonly number[];
  readonly #counts: readonly Float64Array[];
  #total = 0;

  constructor(lengths: readonly number[]) {
    this.#lengths = lengths;
    this.#counts = lengths.map((length) => new Float64Array(Math.min(BINS_MAX, length)));
  }

  add(point: readonly number[]): void {
    point.forEach((digit, a) => {
      const counts = this.#counts[a]!;
      counts[this.#bin(a, digit)] = counts[this.#bin(a, digit)]! + 1;
    });
    this.#total++;
  }

  /** Density at a place of axis `a`, of all that was asked for but the good ones; the whole space weighs as one more. */
  without(good: readonly Judged[], a: number, digit: number): number {
    const counts = this.#counts[a]!;
    const bins = counts.length;
    const at = this.#bin(a, digit);
    const reach = Math.max(1, bins / (1 + 2 * Math.sqrt(Math.sqrt(this.#total))));
    let sum = 0;
    const from = Math.max(0, Math.ceil(at - reach));
    const to = Math.min(bins - 1, Math.floor(at + reach));
    for (let bin = from; bin <= to; bin++) sum += counts[bin]! * triangle(bin - at, reach);
    for (const { point } of good) sum -= triangle(this.#bin(a, point[a]!) - at, reach);
    const rest = Math.max(0, this.#total - good.length);
    const kernels = rest === 0 ? 1 : (Math.max(0, sum) * bins) / rest;
    return (UNIFORM_SHARE + (1 - UNIFORM_SHARE) * kernels) / this.#lengths[a]!;
  }

  #bin(a: number, digit: number): number {
    return Math.floor((digit * this.#counts[a]!.length) / this.#lengths[a]!);
  }
}

const triangle = (distance: number, reach: number): number => {
  const x = Math.abs(distance) / (reach + 1);
  return x >= 1 ? 0 : (1 - x) / (reach + 1);
};

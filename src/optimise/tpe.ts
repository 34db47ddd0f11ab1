// The tree-structured Parzen estimator: draws near what did well, and takes the draw that good trials make likelier than bad.
import { createPrng, type Prng } from '../core/prng.ts';
import { sobolPoints } from './plain-samplers.ts';
import type { Sampler, ToldTrial } from './sampler.ts';
import { type Point, pointKey, type Space, trialSeed, Visited } from './space.ts';
import { createLadder, type Judged } from './standing.ts';
import { BadDensity, createKernels, drawFrom, type Kernels, kernelMass } from './tpe-density.ts';

/** Draws compared per trial, as in the literature. */
const CANDIDATES = 24;
const GOOD_SHARE = 0.1;
const GOOD_MAX = 25;
const GOOD_MIN = 5;
const TRIES_MAX = 8;

/**
 * Bergstra, Bardenet, Bengio and Kégl (2011), on ordered axes. Good are the best tenth of the trials told, 25 at most;
 * with several objectives by nondominated fronts, and what misses a condition comes after what meets all. A draw picks a
 * good trial, or the whole space, and draws each axis around it; the ratio of densities is a product over axes. Trials in
 * flight count as bad, so that those asked for side by side keep apart. Kernels are triangles: only + - * / and square
 * roots, so that the same trials follow on every machine.
 */
export function createTpeSampler(
  space: Space,
  options: { readonly seed: number; readonly rung: number; readonly objectives: number },
): Sampler {
  const { seed, rung } = options;
  const visited = new Visited(space);
  const early = sobolPoints(space, seed, visited);
  const ladder = createLadder(options.objectives);
  const startup = Math.max(20, 4 * space.axes.length);
  const asked = new BadDensity(space.axes.map(({ values }) => values.length));
  const propose = (n: number): Point | undefined => {
    if (ladder.size < startup) return early(n);
    const prng = createPrng(trialSeed(seed, n));
    const good = ladder.best(Math.min(GOOD_MAX, Math.max(GOOD_MIN, Math.ceil(GOOD_SHARE * ladder.size))));
    return bestCandidate(space, good, asked, visited, prng) ?? visited.any(prng);
  };
  return {
    learns: true,
    ask(n) {
      const point = propose(n);
      if (point === undefined) return undefined;
      asked.add(point);
      return { point, rung };
    },
    tell: (trial: ToldTrial) => ladder.add(trial),
  };
}

function bestCandidate(
  space: Space,
  good: readonly Judged[],
  asked: BadDensity,
  visited: Visited,
  prng: Prng,
): Point | undefined {
  const lengths = space.axes.map(({ values }) => values.length);
  const kernels = lengths.map((length, a) =>
    createKernels(
      good.map(({ point }) => point[a]!),
      length,
    ),
  );
  const ratioOf = (point: Point): number => {
    let ratio = 1;
    for (let a = 0; a < lengths.length; a++) {
      ratio *= goodDensity(kernels[a]!, point[a]!, lengths[a]!) / asked.without(good, a, point[a]!);
    }
    return ratio;
  };
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    const drawn = new Map<string, { readonly point: Point; readonly ratio: number }>();
    for (let c = 0; c < CANDIDATES; c++) {
      // One place more than there are good trials stands for the whole space.
      const chosen = prng.nextBelow(good.length + 1);
      const point = lengths.map((length, a) =>
        chosen === good.length ? prng.nextBelow(length) : drawFrom(kernels[a]!, chosen, length, prng),
      );
      const key = pointKey(point);
      if (!drawn.has(key)) drawn.set(key, { point, ratio: ratioOf(point) });
    }
    const inOrder = [...drawn.values()].sort((a, b) => b.ratio - a.ratio);
    const taken = inOrder.find(({ point }) => visited.take(point));
    if (taken !== undefined) return taken.point;
  }
  return undefined;
}

/** Each good trial weighs as much as the whole space does. */
function goodDensity(kernels: Kernels, digit: number, length: number): number {
  let sum = 1 / length;
  for (let i = 0; i < kernels.centres.length; i++) sum += kernelMass(kernels, i, digit, length);
  return sum / (kernels.centres.length + 1);
}

// Modes that look at no result: the grid in order, random points without replacement, a Sobol sequence.
import { createPrng } from '../core/prng.ts';
import { createPermutation } from '../sweep/sampler.ts';
import type { Sampler } from './sampler.ts';
import { createSobol } from './sobol.ts';
import { allows, type Point, pointAt, pointOfUnit, type Space, trialSeed, Visited } from './space.ts';

/** Indices that the keyed permutation can draw from: its halves are 26 bits each. */
const PERMUTABLE_POINTS = 2 ** 52;

const plain = (rung: number, next: (n: number) => Point | undefined): Sampler => ({
  learns: false,
  ask(n) {
    const point = next(n);
    return point && { point, rung };
  },
  tell: () => undefined,
});

/** Every point that the constraint allows, the last axis fastest. */
export function createGridSampler(space: Space, rung: number): Sampler {
  return plain(
    rung,
    inOrder(space, (index) => index),
  );
}

/** Random points, each at most once. */
export function createRandomSampler(space: Space, seed: number, rung: number): Sampler {
  if (space.points <= PERMUTABLE_POINTS) return plain(rung, inOrder(space, createPermutation(space.points, seed)));
  const visited = new Visited(space);
  return plain(rung, (n) => visited.any(createPrng(trialSeed(seed, n))));
}

/** Visits indices in the order of `indexAt`, passing over what the constraint forbids. */
function inOrder(space: Space, indexAt: (i: number) => number): () => Point | undefined {
  let next = 0;
  return () => {
    while (next < space.points) {
      const point = pointAt(space, indexAt(next++));
      if (allows(space, point)) return point;
    }
    return undefined;
  };
}

/** A scrambled Sobol sequence; points that fall on a point of the grid already taken are passed over. */
export function createSobolSampler(space: Space, seed: number, rung: number): Sampler {
  return plain(rung, sobolPoints(space, seed, new Visited(space)));
}

/** The next new point of a scrambled Sobol sequence; where the sequence finds none, any other. */
export function sobolPoints(space: Space, seed: number, visited: Visited): (n: number) => Point | undefined {
  const sequence = createSobol(space.axes.length, seed);
  let next = 0;
  return (n) => {
    const found = visited.first(
      () => (next < 2 ** 32 ? pointOfUnit(space, sequence(next++)) : undefined),
      visited.triesMax,
    );
    return found ?? visited.any(createPrng(trialSeed(seed, n)));
  };
}

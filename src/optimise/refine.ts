// Local search around the best: steps along axes, steps in all directions, differences of good points, ever smaller.
import { createPrng, type Prng } from '../core/prng.ts';
import type { Sampler, ToldTrial } from './sampler.ts';
import { type Point, type Space, trialSeed, Visited } from './space.ts';
import { createLadder, type Judged, type Ladder } from './standing.ts';

/** Share of an axis that the first steps reach; steps shrink from there to one value. */
const FIRST_RADIUS = 0.25;
const SHRINK = 0.6;
const GROW = 1.5;
const TRIES_MAX = 256;

export interface Refiner {
  /** A new point near the best ones told; undefined when all around them were tried or none is known. */
  next(n: number): Point | undefined;
  tell(trial: Judged): void;
}

/**
 * Steps shrink when as many results as twice the axes (8 at least) bring nothing better, and grow when one does.
 * Everything is sums and products of draws: no function that machines round differently.
 */
export function createRefiner(space: Space, seed: number, visited: Visited, ladder: Ladder): Refiner {
  const patience = Math.max(8, 2 * space.axes.length);
  let radius = FIRST_RADIUS;
  let sinceBetter = 0;
  let best: Judged | undefined;
  return {
    next(n) {
      const elites = ladder.best(Math.max(4, Math.min(10, space.axes.length + 2)));
      if (elites.length === 0) return undefined;
      const prng = createPrng(trialSeed(seed, n));
      // Where all near points are taken the reach grows with the tries, so that something new is found.
      return visited.first((attempt) => {
        const reach = radius * (1 + Math.floor(attempt / 32));
        return step(space, elites, reach, prng);
      }, TRIES_MAX);
    },
    tell(trial) {
      ladder.add(trial);
      const first = ladder.best(1)[0];
      if (first !== best) {
        best = first;
        sinceBetter = 0;
        radius = Math.min(FIRST_RADIUS, radius * GROW);
      } else if (++sinceBetter >= patience) {
        sinceBetter = 0;
        radius *= SHRINK;
      }
    },
  };
}

function step({ axes }: Space, elites: readonly Judged[], radius: number, prng: Prng): Point {
  const kind = prng.next();
  // The square of a uniform number prefers the first, the best.
  const biased = prng.next();
  const base = elites[Math.floor(biased * biased * elites.length)]!.point;
  const point = [...base];
  const width = (a: number): number => Math.max(1, radius * (axes[a]!.values.length - 1));
  if (kind < 0.35) {
    const a = prng.nextBelow(axes.length);
    const length = 1 + prng.nextBelow(Math.ceil(width(a)));
    point[a] = base[a]! + (prng.next() < 0.5 ? -length : length);
  } else if (kind < 0.75 || elites.length < 3) {
    const share = Math.max(0.4, 2 / axes.length);
    for (let a = 0; a < axes.length; a++) {
      if (prng.next() < share) point[a] = base[a]! + Math.round(triangular(prng) * 2 * width(a));
    }
  } else {
    const [one, other] = [elites[prng.nextBelow(elites.length)]!.point, elites[prng.nextBelow(elites.length)]!.point];
    const factor = 0.4 + 0.6 * prng.next();
    for (let a = 0; a < axes.length; a++) {
      point[a] = base[a]! + Math.round(factor * (one[a]! - other[a]!) + triangular(prng) * radius * width(a));
    }
  }
  return point.map((digit, a) => reflected(digit, axes[a]!.values.length));
}

/** In (-1, 1), most likely near 0. */
const triangular = (prng: Prng): number => prng.next() + prng.next() - 1;

/** A step over the edge comes back as far as it went out. */
export function reflected(digit: number, length: number): number {
  const last = length - 1;
  const inside = digit < 0 ? -digit : digit > last ? 2 * last - digit : digit;
  return Math.max(0, Math.min(last, inside));
}

/** The mode `refine`: the anchors, the best of an earlier study, are tried first, then what lies around the best. */
export function createRefineSampler(
  space: Space,
  options: {
    readonly seed: number;
    readonly rung: number;
    readonly anchors: readonly Point[];
    readonly objectives: number;
  },
): Sampler {
  const { seed, rung, anchors } = options;
  const visited = new Visited(space);
  const ladder = createLadder(options.objectives);
  const refiner = createRefiner(space, seed, visited, ladder);
  const first = anchors.filter((anchor) => visited.take(anchor));
  // Until results come, the anchors themselves are what is best.
  const unknown = first.map(
    (point, i): Judged => ({ n: i, point, standing: { failed: false, scores: [], violation: 0 } }),
  );
  const early = createRefiner(space, seed, visited, fixedLadder(unknown));
  let told = 0;
  return {
    learns: true,
    ask(n) {
      const anchor = first[n];
      const point = anchor ?? (told === 0 ? early : refiner).next(n) ?? visited.any(createPrng(trialSeed(seed, n)));
      return point && { point, rung };
    },
    tell(trial: ToldTrial) {
      told++;
      refiner.tell(trial);
    },
  };
}

const fixedLadder = (trials: readonly Judged[]): Ladder => ({
  size: trials.length,
  add: () => undefined,
  best: (count) => trials.slice(0, count),
});

// The mode `discovery`: many points on short windows, the best on longer ones, then a search around the survivors.
import { createPrng } from '../core/prng.ts';
import { sobolPoints } from './plain-samplers.ts';
import { createRefiner } from './refine.ts';
import type { Proposal, Sampler, ToldTrial } from './sampler.ts';
import { type Space, trialSeed, Visited } from './space.ts';
import { createLadder, type Judged, type Ladder } from './standing.ts';

/** One in so many goes on to the next window. */
export const HALVING_FACTOR = 3;
/** Share of the trials that is spent around the survivors. */
const REFINE_SHARE = 0.2;

interface Rung {
  readonly ladder: Ladder;
  readonly promoted: Set<Judged>;
  /** Size of the ladder when nothing on it was left to go on: there is no use in looking before it grows. */
  searched: number;
}

/** How many points begin on the shortest window, so that all windows and the refinement fit `trials`. */
export function firstRungSize(trials: number, rungs: number): number {
  let weight = 0;
  for (let k = 0, share = 1; k < rungs; k++, share /= HALVING_FACTOR) weight += share;
  return Math.max(1, Math.floor((trials * (1 - REFINE_SHARE)) / weight));
}

/**
 * Successive halving without barriers between its rungs (Li et al., 2020): a trial goes on as soon as it is among the best
 * third of those known on its window, once half of them are. In the end each that is in the best third of all has gone on. While the lag hides
 * results, new points and refinements fill the time.
 */
export function createDiscoverySampler(
  space: Space,
  options: { readonly seed: number; readonly trials: number; readonly rungs: number; readonly objectives: number },
): Sampler {
  const { seed, trials, rungs: rungCount, objectives } = options;
  const last = rungCount - 1;
  const first = firstRungSize(trials, rungCount);
  const rungs = Array.from(
    { length: rungCount },
    (): Rung => ({
      ladder: createLadder(objectives),
      promoted: new Set(),
      searched: 0,
    }),
  );
  const sampled = new Visited(space);
  const finished = new Visited(space);
  const sobol = sobolPoints(space, seed, sampled);
  const refiner = createRefiner(space, seed, finished, rungs[last]!.ladder);
  // Until something is known of the whole window, the best of the shorter ones are refined.
  const early = rungs.slice(0, last).map(({ ladder }) => createRefiner(space, seed, finished, ladder));
  let begun = 0;
  let toBegin = first;

  const promotion = (): Proposal | undefined => {
    for (let k = last - 1; k >= 0; k--) {
      const rung = rungs[k]!;
      const { ladder, promoted } = rung;
      if (2 * ladder.size < Math.max(2, Math.floor(toBegin / HALVING_FACTOR ** k))) continue;
      if (ladder.size === rung.searched) continue;
      for (const trial of ladder.best(Math.max(1, Math.floor(ladder.size / HALVING_FACTOR)))) {
        if (promoted.has(trial)) continue;
        promoted.add(trial);
        const { point } = trial;
        if (k + 1 < last || finished.take(point)) return { point, rung: k + 1 };
      }
      rung.searched = ladder.size;
    }
    return undefined;
  };
  const begin = (n: number): Proposal | undefined => {
    if (begun >= toBegin) return undefined;
    const point = sobol(n);
    if (point === undefined) {
      toBegin = begun;
      return undefined;
    }
    begun++;
    if (last === 0) finished.take(point);
    return { point, rung: 0 };
  };
  const refine = (n: number): Proposal | undefined => {
    let point = refiner.next(n);
    for (let k = last - 1; k >= 0 && point === undefined; k--) point = early[k]!.next(n);
    point ??= finished.any(createPrng(trialSeed(seed, n)));
    return point && { point, rung: last };
  };
  return {
    learns: true,
    ask: (n) => promotion() ?? begin(n) ?? refine(n),
    tell(trial: ToldTrial) {
      if (trial.rung === last) refiner.tell(trial);
      else rungs[trial.rung]!.ladder.add(trial);
    },
  };
}

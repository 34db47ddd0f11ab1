// The best trials of the whole window, and with several objectives their Pareto front, in bounded memory.
import { LIMITS } from '../core/limits.ts';
import { ParetoFront } from '../core/pareto-front.ts';
import { TopK } from '../core/top-k.ts';
import type { TrialRow } from '../trials/trial.ts';
import { type Space, variantKeyOf } from './space.ts';
import { isFeasible, type Standing } from './standing.ts';

export interface RankedTrial {
  readonly n: number;
  readonly point: readonly number[];
  readonly standing: Standing;
  /** One per market. */
  readonly rows: readonly TrialRow[];
}

interface Candidate extends RankedTrial {
  readonly score: number;
  readonly scores: readonly number[];
  readonly key: string;
}

export interface StudyRanking {
  readonly best: RankedTrial | undefined;
  offer(trial: RankedTrial): void;
  /** Best first: score descending, undefined last, key ascending. Trials that miss a condition are not in it. */
  rows(): readonly RankedTrial[];
}

export function createStudyRanking(space: Space, objectives: number, limit: number): StudyRanking {
  const top = new TopK<Candidate>(limit);
  const front = new ParetoFront<Candidate>(LIMITS.paretoFrontMax);
  const isSingle = objectives === 1;
  let best: RankedTrial | undefined;
  return {
    get best() {
      return best;
    },
    offer(trial) {
      const { standing, point } = trial;
      if (!isFeasible(standing)) return;
      const [score = Number.NaN] = standing.scores;
      if (!Number.isNaN(score) && (best === undefined || score > best.standing.scores[0]!)) best = trial;
      if (isSingle ? !top.wouldAdmit(score) : !front.wouldAdmit(standing.scores)) return;
      const candidate = { ...trial, score, scores: standing.scores, key: variantKeyOf(space, point) };
      if (isSingle) top.push(candidate);
      else front.push(candidate);
    },
    rows: () => (isSingle ? top.sorted() : front.sorted().slice(0, limit)),
  };
}

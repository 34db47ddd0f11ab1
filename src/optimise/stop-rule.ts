// When a study ends before its last trial: nothing better for long, or good enough.
import { dominates } from '../core/pareto-front.ts';
import { scoreOf } from './objective.ts';
import { isFeasible, type Standing } from './standing.ts';
import type { StudyRequest } from './study.ts';

export type StudyEnd = 'patience' | 'target';

export interface StopRule {
  /** False when the study has no such rule. */
  readonly exists: boolean;
  /** Hears of the trials of the whole window, in order. */
  tell(standing: Standing): void;
  met(): StudyEnd | undefined;
}

export function createStopRule({
  patience,
  target,
  objectives,
}: Pick<StudyRequest, 'patience' | 'target' | 'objectives'>): StopRule {
  let front: (readonly number[])[] = [];
  let sinceBetter = 0;
  let reached = false;
  return {
    exists: patience !== undefined || target !== undefined,
    tell(standing) {
      sinceBetter++;
      const { scores } = standing;
      if (!isFeasible(standing) || scores.some(Number.isNaN)) return;
      if (target !== undefined && scores[0]! >= scoreOf(objectives[0]!, target)) reached = true;
      if (front.some((other) => dominates(other, scores) || other.every((score, i) => score === scores[i]))) return;
      front = front.filter((other) => !dominates(scores, other));
      front.push(scores);
      sinceBetter = 0;
    },
    met: () => (reached ? 'target' : patience !== undefined && sinceBetter >= patience ? 'patience' : undefined),
  };
}

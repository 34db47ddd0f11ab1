// How far a computation has come, as its thread tells it and as the queue keeps it.
import { LIMITS } from '../core/limits.ts';
import type { JobProgress } from '../jobs/job.ts';
import type { StudyProgress } from '../optimise/run-study.ts';
import type { SweepProgress } from '../sweep/request.ts';

export type TaskProgress = SweepProgress | StudyProgress;

/** Trials that a study reads from its log are no progress: what is shown stays where it was until they are through. */
export const isReplay = ({ done, replayed }: StudyProgress): boolean => replayed > 0 && done <= replayed;

/** Numbered from 1 on as the queue keeps them: the two stages of a sweep, and the trials of a study. */
export const STAGES = ['A', 'B', 'trials'] as const;
const TRIALS = 3;

/** Variants of a stage, or trials of a study; a total of 0 where only time limits them. */
export function jobProgress(made: TaskProgress): JobProgress {
  const best = made.best === undefined || !Number.isFinite(made.best) ? {} : { best: made.best };
  if ('done' in made) {
    const total = made.total >= LIMITS.studyTrialsMax ? 0 : made.total;
    return { done: made.done, total, stage: TRIALS, ...best };
  }
  return { done: made.scored, total: made.total ?? 0, stage: made.stage === 'A' ? 1 : 2, ...best };
}

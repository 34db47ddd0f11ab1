// From the body of a request for a study to a job of the queue, and from such a job to the task it computes.
import type { StudyTask, StudyWish } from '../compute/task.ts';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import type { Job, Submission } from '../jobs/job.ts';
import { withStep } from '../runs/axis-step.ts';
import { checkStudy } from '../runs/study-prepare.ts';
import { parseAxis } from '../strategy/parameters.ts';
import type { RiskAxes } from '../strategy/strategy.ts';
import { DEFAULT_ACROSS } from '../sweep/many-across.ts';
import { DEFAULT_TOP } from '../sweep/request.ts';
import { axesOf } from './given-axes.ts';
import { type JobLimits, type JobRequest, type JobTerms, jobShare, jobTerms, requestOf } from './job-request.ts';
import type { ResumeBody, StudyBody } from './study-schemas.ts';

/** A study that is begun, or one of the store that goes on. */
export type StudyJobBody = Omit<StudyBody, keyof JobTerms> | (Omit<ResumeBody, keyof JobTerms> & { resume: string });

const DEFAULT_ANCHORS = 8;

/** Errors: REQUEST_INVALID, GRID_INVALID: whatever can be seen without loading anything. */
export function studySubmission(
  id: string,
  user: string,
  given: StudyBody | (ResumeBody & { readonly resume: string }),
  key: string | undefined,
): Submission {
  const { idempotencyKey = key, priority, deadlineSeconds, budget, ...body } = given;
  if (!('resume' in body)) checkWish(body);
  const request: JobRequest<StudyJobBody> = { user, body };
  const terms = { idempotencyKey, priority, deadlineSeconds, budget };
  return { id, kind: 'study', request: request as unknown as Json, ...jobTerms(user, terms) };
}

/** Errors: REQUEST_INVALID, GRID_INVALID. */
export function studyJobTask(job: Job, limits: JobLimits): { readonly user: string; readonly task: StudyTask } {
  const { user, body } = requestOf<StudyJobBody>(job);
  const { top = DEFAULT_TOP, save = true, searchSeconds } = body;
  // The time of earlier attempts counts.
  const searchMs = searchSeconds === undefined ? undefined : Math.max(1, searchSeconds * 1000 - job.spentMs);
  const asked = 'resume' in body ? { resume: body.resume } : wishOf(body);
  return { user, task: { kind: 'study', asked, share: jobShare(body, job.budget, limits), top, save, searchMs } };
}

type Wished = Exclude<StudyJobBody, { resume: string }>;

/** As `gridmill optimize` makes it of its options. Errors: GRID_INVALID. */
function wishOf(body: Wished): StudyWish {
  const { strategy, data, timeframe, from, to, coldStart, days, holdout, execution = {}, where, iterations } = body;
  const { mode = 'discovery', rank = 'totalReturn', objectives = [], across = DEFAULT_ACROSS, seed = 1 } = body;
  const { lag, patience, target, around, anchors = DEFAULT_ANCHORS, name } = body;
  const searchAxis = (text: string) => parseAxis(withStep(text));
  return {
    name,
    ...(around === undefined ? {} : { around: { study: around, count: anchors } }),
    selection: {
      strategy,
      markets: typeof data === 'string' ? [data] : data,
      window: { timeframe, from, to, coldStart, policies: {} },
      ...{ days, holdout },
      execution: { ...execution, calendar: execution.calendar ?? 'continuous' },
      parameters: axesOf(body.parameters ?? {}, searchAxis),
      risk: axesOf(body.risk ?? {}, searchAxis) as RiskAxes,
      ...{ mode, seed, lag, rank, where, across, patience, target },
      trials: iterations,
      objectives: typeof objectives === 'string' ? [objectives] : objectives,
    },
  };
}

/** Errors: REQUEST_INVALID, GRID_INVALID. */
function checkWish(body: Wished): void {
  const { selection, around } = wishOf(body);
  const { mode, trials } = selection;
  const refuse = (rule: string, found: string, todo: string): never => {
    throw new AppError('REQUEST_INVALID', { rule, found, todo });
  };
  if (mode !== 'grid' && trials === undefined && body.searchSeconds === undefined) {
    refuse(
      `The mode ${mode} needs to know when to end.`,
      'neither iterations nor searchSeconds.',
      'Add "iterations": 1000, or "searchSeconds": 600.',
    );
  }
  if (around === undefined && mode === 'refine') {
    refuse('The mode refine begins at the best of an earlier study.', 'no around.', 'Name the study: "around".');
  }
  if (mode !== 'refine' && (around !== undefined || body.anchors !== undefined)) {
    refuse('Members around and anchors belong to the mode refine.', `the mode ${mode}.`, 'Leave them out.');
  }
  checkStudy(selection);
}

// Performs a study: the same core as the command line, with the share, the stop and the sinks of a task.
import { createStopSource, type StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { StudyProgress } from '../optimise/run-study.ts';
import { listMarkets } from '../runs/market-list.ts';
import { saveResult } from '../runs/saved-results.ts';
import { bodyOf, findStudy, type TakenStudy, takeStudy } from '../runs/study-files.ts';
import { prepareStudy, type StudySelection } from '../runs/study-prepare.ts';
import { finishStudy, planFor } from '../runs/study-run.ts';
import { anchorsOf, resolvedSelection } from '../runs/study-selection.ts';
import type { RunContext } from '../runs/sweep-run.ts';
import { openStudyStore } from '../store/study-store.ts';
import { isReplay } from './progress.ts';
import type { ComputeEvents, StudyAnswer, StudyTask } from './task.ts';

/** Errors: those of prepareStudy, takeStudy and finishStudy; CANCELLED and DEADLINE while it waits for its lock. */
export async function studyTask(
  task: StudyTask,
  context: RunContext & { readonly settledBytes: () => number },
  stop: StopToken,
  events: ComputeEvents,
): Promise<StudyAnswer> {
  const { share, top } = task;
  const own = createStopSource(context.clock, task.searchMs);
  const { selection: asked, name } = askedOf(task, context);
  checkTrials(asked, share.guards?.variantsMax);
  const prepared = await prepareStudy(asked, context, () => undefined);
  const selection = resolvedSelection(asked, prepared);
  const turbo = { workers: share.workers };
  const residentBytes = context.settledBytes();
  const plan = planFor(prepared, selection, { turbo, budgetBytes: share.budgetBytes, residentBytes }, context);
  const taken = await patiently(() => takeStudy(prepared, selection, name, context), context.clock, stop);
  try {
    events.onStudy?.(taken.name);
    const notes: string[] = [];
    // Of a cancelled one there is nobody who would look for the part that was tried: the study itself is kept.
    const saves = (partial: StudyAnswer['record']['partial']): boolean => task.save && partial !== 'cancelled';
    const progress = paced(events, context.clock);
    const { record } = await finishStudy(
      prepared,
      selection,
      taken,
      {
        ...{ plan, turbo, top, saves },
        budgetBytes: share.budgetBytes,
        stop: { reason: () => stop.reason() ?? own.reason() },
        onNote: (note) => notes.push(note),
        onProgress: progress.take,
      },
      context,
    );
    progress.end();
    const resultId = saves(record.partial) ? saveResult(record, context.storeRoot) : null;
    const answered = record.kind === 'gridmill-sweep' ? { ...record, heatmap: undefined } : record;
    return { kind: 'study', study: taken.name, record: answered, resultId, notes };
  } finally {
    taken.open.close();
  }
}

interface Asked {
  readonly selection: StudySelection;
  readonly name: string | undefined;
}

/** What an earlier attempt took up goes on as it was begun, whatever candles and studies there are by now. */
function askedOf({ asked, taken }: StudyTask, context: RunContext): Asked {
  const { storeRoot } = context;
  if ('resume' in asked) return { selection: bodyOf(findStudy(asked.resume, storeRoot)).selection, name: asked.resume };
  const begun = taken === undefined ? undefined : openStudyStore(storeRoot).find(taken);
  if (begun !== undefined) return { selection: bodyOf(begun).selection, name: begun.name };
  const { selection, name, around } = asked;
  const anchors = around === undefined ? [] : anchorsOf(around.study, around.count, context);
  return { selection: { ...selection, anchors, markets: listMarkets(selection.markets, context) }, name };
}

/** Errors: LIMIT_EXCEEDED. */
function checkTrials({ trials = 0 }: StudySelection, trialsMax = Number.POSITIVE_INFINITY): void {
  if (trials <= trialsMax) return;
  throw new AppError('LIMIT_EXCEEDED', {
    rule: `This job may try at most ${trialsMax.toLocaleString('en')} variants.`,
    found: `${trials.toLocaleString('en')} trials.`,
    todo: 'Ask for fewer.',
  });
}

const LOCK_LOOK_MS = 250;

/** An attempt that was ended elsewhere may hold the lock for a moment. Errors: those of taking, CANCELLED, DEADLINE. */
async function patiently(take: () => TakenStudy, clock: Clock, stop: StopToken): Promise<TakenStudy> {
  const endMs = clock.monotonicMs() + LIMITS.studyLockMsMax;
  for (;;) {
    try {
      return take();
    } catch (error) {
      if (!isAppError(error, 'STUDY_LOCKED') || clock.monotonicMs() >= endMs) throw error;
    }
    const reason = stop.reason();
    if (reason !== undefined) {
      const found = 'a study that waited for another process to let it go.';
      throw new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Ask again later.' });
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_LOOK_MS));
  }
}

const PROGRESS_MS = 100;

/** Trials may take microseconds: what is said of them is said ten times a second, and once more at the end. */
function paced({ onProgress }: ComputeEvents, clock: Clock) {
  let saidMs = Number.NEGATIVE_INFINITY;
  let last: StudyProgress | undefined;
  return {
    take(progress: StudyProgress): void {
      last = progress;
      const nowMs = clock.monotonicMs();
      if (isReplay(progress) || nowMs - saidMs < PROGRESS_MS) return;
      saidMs = nowMs;
      onProgress?.(progress);
    },
    end(): void {
      if (last !== undefined) onProgress?.(last);
    },
  };
}

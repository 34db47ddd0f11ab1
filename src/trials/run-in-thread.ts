// Runs trials in the calling thread, slice by slice, so that interrupts and progress are heard in between.
import type { StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { RunTrials, TrialOutcome, TrialSpec } from './trial.ts';
import type { TrialScorer } from './trial-scorer.ts';

/** Work between two turns of the event loop. */
const SLICE_MS = 25;
const SLICE_TRIALS_MAX = 256;

/** Calls run one after the other, in the order in which they were made. */
export function runInThread(scorer: TrialScorer, clock: Clock): RunTrials {
  let slice = 1;
  let last: Promise<unknown> = Promise.resolve();
  const run: RunTrials['run'] = async (trials, { stop, onOutcome }) => {
    const outcomes: TrialOutcome[] = [];
    while (outcomes.length < trials.length) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      refuseStopped(stop);
      const startedMs = clock.monotonicMs();
      const part: readonly TrialSpec[] = trials.slice(outcomes.length, outcomes.length + slice);
      for (const outcome of scorer.score(part)) {
        outcomes.push(outcome);
        onOutcome?.(outcomes.length - 1, outcome);
      }
      const tookMs = clock.monotonicMs() - startedMs;
      if (tookMs > 2 * SLICE_MS) slice = Math.max(1, slice >> 1);
      else if (tookMs < SLICE_MS && part.length === slice) slice = Math.min(SLICE_TRIALS_MAX, 2 * slice);
    }
    return outcomes;
  };
  return {
    appetite: SLICE_TRIALS_MAX,
    run(trials, options) {
      const mine = last.then(() => run(trials, options));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

function refuseStopped(stop: StopToken): void {
  const reason = stop.reason();
  if (reason === undefined) return;
  const found = reason === 'deadline' ? 'the deadline passed.' : 'an interrupt.';
  throw new AppError(reason === 'deadline' ? 'DEADLINE' : 'CANCELLED', { found, todo: 'Go on later.' });
}

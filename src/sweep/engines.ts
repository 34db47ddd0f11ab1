// The engines behind one port: makes the scorer that a context names, in the calling thread.
import { createFastScorer } from './fast-scorer.ts';
import { createNormativeScorer, type ScoreBatches, type ScoringContext, type VariantScorer } from './score.ts';

/** `onVariant` hears again and again which variant of its batch the scorer is at, counting from 0. */
export function createVariantScorer(context: ScoringContext, onVariant?: (scored: number) => void): VariantScorer {
  return context.engine === 'fast' ? createFastScorer(context, onVariant) : createNormativeScorer(context, onVariant);
}

/** Scores in the calling thread, giving the event loop a turn before each batch or column so that a cancel is heard. */
export function scoreInThread(context: ScoringContext): ScoreBatches {
  const scorer = createVariantScorer(context);
  const { clock } = context;
  const times = { scoringMs: 0, columnsMs: 0 };
  const timed = async <T>(kind: keyof typeof times, work: () => T): Promise<T> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const startedMs = clock?.monotonicMs() ?? 0;
    try {
      return work();
    } finally {
      times[kind] += (clock?.monotonicMs() ?? 0) - startedMs;
    }
  };
  return {
    concurrency: 1,
    kernels: scorer.kernels,
    score: (batch) => timed('scoringMs', () => scorer.score(batch)),
    computeColumns:
      scorer.computeColumns === undefined
        ? undefined
        : (tasks) => timed('columnsMs', () => scorer.computeColumns!(tasks)),
    worked: clock === undefined ? undefined : () => ({ ...times }),
    stats: scorer.stats,
    close: async () => undefined,
  };
}

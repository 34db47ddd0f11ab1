// The engines behind one port: makes the scorer that a context names, in the calling thread.
import { createFastScorer } from './fast-scorer.ts';
import { createNormativeScorer, type ScoreBatches, type ScoringContext, type VariantScorer } from './score.ts';

/** `onVariant` hears again and again which variant of its batch the scorer is at, counting from 0. */
export function createVariantScorer(context: ScoringContext, onVariant?: (scored: number) => void): VariantScorer {
  return context.engine === 'fast' ? createFastScorer(context, onVariant) : createNormativeScorer(context, onVariant);
}

/** Scores in the calling thread, giving the event loop a turn after each batch so that a cancel is heard. */
export function scoreInThread(context: ScoringContext): ScoreBatches {
  const scorer = createVariantScorer(context);
  return {
    concurrency: 1,
    kernels: scorer.kernels,
    async score(batch) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      return scorer.score(batch);
    },
    stats: scorer.stats,
    close: async () => undefined,
  };
}

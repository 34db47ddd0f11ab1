// What a sweep will take, told before it runs: variants, bytes by part, and seconds from a short calibration.
import { NEVER_STOP } from '../core/cancel.ts';
import { createVariantScorer } from './engines.ts';
import type { SweepRequest } from './request.ts';
import { openSweep, type SweepHost } from './run-sweep.ts';
import { baseVariants } from './variants.ts';

export interface SweepEstimate {
  /** Variants of the whole grid; undefined when there are too many points to count. */
  readonly variants: number | undefined;
  /** Variants that both stages together would score. */
  readonly toScore: number | undefined;
  readonly engine: string;
  readonly engineReason: string;
  readonly workers: number;
  readonly distinctColumns: number;
  readonly distinctConditions: number;
  readonly bytes: {
    readonly candles: number;
    /** Of one variant, per thread. */
    readonly variant: number;
    /** Finished columns kept, per thread. */
    readonly columnsKept: number;
    /** All distinct columns. */
    readonly columnsDistinct: number;
    /** The whole process at its peak. */
    readonly total: number;
    /** The smallest budget that would do. */
    readonly minimum: number;
  };
  /** Wall time of scoring; undefined when the variants cannot be counted. */
  readonly seconds: number | undefined;
  readonly calibrationMs: number;
}

/** Variants scored to learn their pace. */
const SAMPLE_VARIANTS = 24;
/** The sample is scored again until this long has passed, for a pace without start-up. */
const CALIBRATION_MS = 300;

/**
 * Estimates a sweep. Scores a seeded sample in the calling thread: once to learn what columns cost, then again for the
 * pace of variants whose columns are there. Errors: those of runSweep.
 */
export function estimateSweep(
  request: SweepRequest,
  host: Pick<SweepHost, 'window' | 'clock' | 'budgetBytes' | 'workers' | 'engine'>,
): SweepEstimate {
  const { grid, bases, toScore, choice, plan } = openSweep(request, host);
  const { clock, window } = host;
  const startedMs = clock.monotonicMs();
  const scorer = createVariantScorer({
    strategy: request.strategy,
    execution: request,
    grid,
    window,
    cacheBytes: plan.cacheBytes,
    engine: choice.engine,
    stop: NEVER_STOP,
  });
  const baseIndices = [...baseVariants(grid, { seed: 1, sample: SAMPLE_VARIANTS })];
  const score = (): number => {
    const began = clock.monotonicMs();
    scorer.score({ stage: 'A', baseIndices });
    return clock.monotonicMs() - began;
  };
  const firstMs = score();
  const { columnsComputed } = scorer.stats();
  let warmMs = score();
  while (clock.monotonicMs() - startedMs < CALIBRATION_MS) warmMs = Math.min(warmMs, score());
  const columnMs = columnsComputed === 0 ? 0 : Math.max(0, firstMs - warmMs) / columnsComputed;
  const variantMs = warmMs / baseIndices.length;
  // When not all columns can be kept, the axis that varies fastest finds its column gone at almost every variant.
  const recomputeMs = plan.cacheBytes < plan.columnBytes ? columnMs : 0;
  // Each thread computes the columns of its own variants, which with few threads are nearly all.
  const ms =
    toScore === undefined
      ? undefined
      : plan.distinctColumns * columnMs + (toScore * (variantMs + recomputeMs)) / plan.workers;
  return {
    variants: bases === undefined ? undefined : bases * grid.riskPoints,
    toScore,
    engine: choice.engine,
    engineReason: choice.reason,
    workers: plan.workers,
    distinctColumns: plan.distinctColumns,
    distinctConditions: plan.distinctConditions,
    bytes: {
      candles: plan.candleBytes,
      variant: plan.variantBytes,
      columnsKept: Math.floor(plan.cacheBytes),
      columnsDistinct: plan.columnBytes,
      total: Math.floor(plan.bytesPredicted),
      minimum: plan.bytesMinimum,
    },
    seconds: ms === undefined ? undefined : ms / 1000,
    calibrationMs: clock.monotonicMs() - startedMs,
  };
}

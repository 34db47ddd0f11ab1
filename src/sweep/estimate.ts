// What a sweep will take, told before it runs: variants, bytes by part, and seconds from a short calibration.
import { NEVER_STOP } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import { ColumnSlots } from './column-slots.ts';
import { createVariantScorer } from './engines.ts';
import type { Grid } from './grid.ts';
import { type OpenedSweep, openSweep, type PlanHost } from './open-sweep.ts';
import type { SweepPlan } from './plan.ts';
import type { SweepRequest } from './request.ts';
import { baseVariants } from './variants.ts';

export interface SweepEstimate {
  /** Variants of the whole grid; undefined when there are too many points to count. */
  readonly variants: number | undefined;
  /** Variants that both stages together would score. */
  readonly toScore: number | undefined;
  readonly engine: string;
  readonly engineReason: string;
  readonly workers: number;
  readonly variantsPerBatch: number;
  readonly distinctColumns: number;
  readonly distinctConditions: number;
  /** Columns that would be computed, those computed again included; undefined when the variants cannot be counted. */
  readonly columnsToCompute: number | undefined;
  readonly bytes: SweepPlan['bytes'] & {
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

/** Variants scored to learn their pace, unless a few of them take so long that the few must do. */
const SAMPLE_VARIANTS = 256;
const FEW_VARIANTS = 8;
const FEW_MS = 40;
/** Places of the grid from which shares of the sample are taken. */
const SAMPLE_PLACES = 4;
/** The sample is scored again until this long has passed, for a pace without start-up. */
const CALIBRATION_MS = 300;
/** Base variants whose columns are followed through the slots; the rest is taken to need as many. */
const FOLLOWED_VARIANTS = 200_000;

/**
 * Estimates a sweep. Scores a seeded sample in the calling thread: once to learn what columns cost, then again for the
 * pace of variants whose columns are there. Errors: those of runSweep.
 */
export function estimateSweep(request: SweepRequest, host: PlanHost & { readonly clock: Clock }): SweepEstimate {
  const opened = openSweep(request, host);
  const { grid, bases, toScore, choice, plan } = opened;
  const { clock, window } = host;
  const startedMs = clock.monotonicMs();
  const scorer = createVariantScorer({
    strategy: request.strategy,
    execution: request,
    grid,
    window,
    cacheBytes: plan.fast === undefined ? plan.cacheBytes : plan.fast.slots * plan.fast.columnBytes,
    engine: choice.engine,
    stop: NEVER_STOP,
  });
  let baseIndices = sample(opened, FEW_VARIANTS);
  const score = (): number => {
    const began = clock.monotonicMs();
    scorer.score({ stage: 'A', baseIndices });
    return clock.monotonicMs() - began;
  };
  let firstMs = score();
  let { columnsComputed } = scorer.stats();
  if (firstMs < FEW_MS) {
    baseIndices = sample(opened, SAMPLE_VARIANTS);
    firstMs = score();
    columnsComputed = scorer.stats().columnsComputed - columnsComputed;
  }
  let warmMs = score();
  while (clock.monotonicMs() - startedMs < CALIBRATION_MS) warmMs = Math.min(warmMs, score());
  const columnMs = columnsComputed === 0 ? 0 : Math.max(0, firstMs - warmMs) / columnsComputed;
  const variantMs = warmMs / baseIndices.length;
  const columnsToCompute = countComputations(request, opened);
  const ms =
    toScore === undefined || columnsToCompute === undefined
      ? undefined
      : (columnsToCompute * columnMs + toScore * variantMs) / plan.workers;
  return {
    variants: bases === undefined ? undefined : bases * grid.riskPoints,
    toScore,
    engine: choice.engine,
    engineReason: choice.reason,
    workers: plan.workers,
    variantsPerBatch: plan.variantsPerBatch,
    distinctColumns: plan.distinctColumns,
    distinctConditions: plan.distinctConditions,
    columnsToCompute,
    bytes: {
      ...plan.bytes,
      columnsDistinct: plan.columnBytes,
      total: Math.floor(plan.bytesPredicted),
      minimum: plan.bytesMinimum,
    },
    seconds: ms === undefined ? undefined : ms / 1000,
    calibrationMs: clock.monotonicMs() - startedMs,
  };
}

/** At most `count` base variants whose columns have room: some side by side, from each of several places of the grid. */
function sample({ grid, catalog, plan }: OpenedSweep, count: number): number[] {
  const room = catalog === undefined ? count : Math.max(1, plan.fast!.slots - catalog.operands.length);
  const each = Math.ceil(Math.min(count, room) / SAMPLE_PLACES);
  const found = new Set<number>();
  for (const offset of baseVariants(grid, { seed: 1, sample: Math.min(SAMPLE_PLACES, room) })) {
    for (const base of baseVariants(grid, { seed: 0, offset, limit: each })) found.add(base);
  }
  return [...found];
}

/** Columns computed over the whole sweep, by following the first variants through the slots they will have. */
function countComputations(request: SweepRequest, { grid, catalog, plan, selected }: OpenedSweep): number | undefined {
  if (selected === undefined) return undefined;
  const slotCount = plan.fast?.slots ?? 0;
  // Each thread of the normative engine computes the columns of its own variants, which with few threads are all.
  if (catalog === undefined) {
    const again = plan.cacheBytes < plan.columnBytes ? selected : 0;
    return plan.distinctColumns * plan.workers + again;
  }
  if (catalog.count <= slotCount) return Math.min(plan.distinctColumns, selected * catalog.operands.length);
  return followSlots(request, grid, catalog, slotCount, selected);
}

function followSlots(
  request: SweepRequest,
  grid: Grid,
  catalog: ColumnCatalog,
  slotCount: number,
  selected: number,
): number {
  const slots = new ColumnSlots(slotCount);
  let followed = 0;
  for (const base of baseVariants(grid, request, catalog.operands)) {
    if (followed++ >= FOLLOWED_VARIANTS) break;
    const ids = [...new Set(catalog.idsOf(base))];
    slots.acquire(ids);
    slots.release(ids);
  }
  return Math.ceil((slots.stats.misses * selected) / Math.max(1, Math.min(followed, FOLLOWED_VARIANTS)));
}

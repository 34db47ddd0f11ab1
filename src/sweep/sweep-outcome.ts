// What a sweep answers when it has ended: rows, and what they cost.
import type { StopToken } from '../core/cancel.ts';
import type { Clock } from '../core/clock.ts';
import { loadKernels } from '../kernels/wasm-loader.ts';
import type { OpenedSweep } from './open-sweep.ts';
import type { RankedRow, SweepOutcome } from './request.ts';
import type { SecondsPrediction } from './seconds-prediction.ts';
import type { BatchWork } from './stage-run.ts';

interface EndedRun extends BatchWork {
  readonly host: { readonly stop: StopToken; readonly clock: Clock; readonly peakBytes?: () => number };
  readonly opened: OpenedSweep;
  readonly startedMs: number;
  readonly prediction: SecondsPrediction;
  readonly scored: number;
}

/** `wallMs`: from the first batch to the last row. */
export function sweepOutcome(run: EndedRun, top: readonly RankedRow[], wallMs: number): SweepOutcome {
  const { scorer, host, opened, flow, prediction } = run;
  const { plan, choice, grid, bases } = opened;
  const { engine: name, reason } = choice;
  const stats = scorer.stats();
  const { hits, misses } = flow.slotStats ?? stats;
  const worked = scorer.worked?.();
  const threadMs = wallMs * (scorer.threads ?? 1);
  return {
    // Threads choose their twin as this one does: by what the runtime has.
    engine: {
      name,
      reason,
      kernels: scorer.kernels ?? (name === 'fast' ? loadKernels().provider.name : undefined),
    },
    variants: (bases ?? grid.basePoints) * grid.riskPoints,
    scored: run.scored,
    preselect: run.request.preselect,
    top,
    stopped: host.stop.reason(),
    elapsedMs: host.clock.monotonicMs() - run.startedMs,
    plan: {
      distinctColumns: plan.distinctColumns,
      bytesPredicted: plan.bytesPredicted,
      bytesActual: host.peakBytes?.() ?? null,
      secondsPredicted: prediction.seconds ?? null,
      workers: plan.workers,
      columnsComputed: stats.columnsComputed,
      sharedTrades: stats.sharedTrades ?? 0,
      singleTrades: stats.singleTrades ?? 0,
      columnCacheHitRate: hits + misses === 0 ? 0 : hits / (hits + misses),
      usefulShare:
        worked === undefined || threadMs <= 0 ? null : Math.min(1, (worked.scoringMs + worked.columnsMs) / threadMs),
    },
  };
}

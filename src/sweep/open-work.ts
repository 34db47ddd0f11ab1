// What scoring a sweep starts with: the memory of the fast engine, and how batches are cut.
import type { Clock } from '../core/clock.ts';
import type { KernelProvider } from '../kernels/kernels.ts';
import { BatchSizer, CHECKPOINT_BATCH_MS, LONE_BATCH_MS, POOL_BATCH_MS } from './batches.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ColumnFlow } from './column-flow.ts';
import { ColumnSlots } from './column-slots.ts';
import { type FastMemory, openFastMemory } from './fast-memory.ts';
import { borrowFastMemory } from './kept-memory.ts';
import type { OpenedSweep, PlanHost } from './open-sweep.ts';
import type { SweepPlan } from './plan.ts';
import type { SweepRequest } from './request.ts';
import type { ScoreBatches } from './score.ts';
import type { BatchWork } from './stage-run.ts';

/** The first batches of expressions, before their pace is known: about this long at this cost of a bar. */
const FIRST_BATCH_MS = 10;
const FIRST_NS_PER_BAR = 1;

interface WorkHost extends Pick<PlanHost, 'window' | 'budgetBytes'> {
  readonly clock: Clock;
  readonly checkpoint?: Checkpoint | undefined;
  readonly kernels?: KernelProvider | undefined;
  readonly batchSize?: number | undefined;
}

export function openMemory({ fast, bytesPredicted }: SweepPlan, host: WorkHost): FastMemory | undefined {
  if (fast === undefined) return undefined;
  const { history } = host.window;
  if (host.kernels !== undefined) return openFastMemory(fast, history, host.kernels);
  return borrowFastMemory(fast, history, (host.budgetBytes ?? Number.POSITIVE_INFINITY) - bytesPredicted);
}

export function batchWork(request: SweepRequest, host: WorkHost, opened: OpenedSweep, scorer: ScoreBatches): BatchWork {
  const { grid, plan, catalog } = opened;
  const slotCount = plan.fast?.slots ?? 0;
  // Who computes no columns on demand keeps its own.
  const asked = scorer.computeColumns === undefined ? undefined : catalog;
  const threads = scorer.threads ?? 1;
  const targetMs = threads > 1 ? POOL_BATCH_MS : LONE_BATCH_MS;
  return {
    request,
    grid,
    scorer,
    flow: new ColumnFlow(scorer, asked === undefined ? undefined : new ColumnSlots(slotCount)),
    sizer: new BatchSizer(
      host.checkpoint === undefined ? targetMs : CHECKPOINT_BATCH_MS,
      threads,
      // What a strategy's own function takes nobody knows.
      catalog === undefined
        ? 1
        : Math.floor((FIRST_BATCH_MS * 1e6) / (host.window.candles.barCount * FIRST_NS_PER_BAR)),
    ),
    clock: host.clock,
    catalog: asked,
    // Half of the slots, so that the columns of the next batch have room while one is scored.
    columnsMax: Math.floor(slotCount / 2),
    rowsMax: plan.variantsPerBatch,
    batchSize: host.batchSize,
  };
}

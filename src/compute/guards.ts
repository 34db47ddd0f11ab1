// What a computation may take against what its plan says it will.
import { AppError } from '../core/errors.ts';
import { planHost } from '../runs/sweep-host.ts';
import type { PreparedSweep, RunContext } from '../runs/sweep-run.ts';
import { openSweep } from '../sweep/open-sweep.ts';
import type { ComputeGuards, ComputeShare, GuardReport } from './task.ts';

export interface PerformContext extends RunContext {
  /** Collects garbage and answers how many bytes of this process are resident then. */
  readonly settledBytes: () => number;
}

/** What each guard compares. Errors: those of planning, BUDGET_BYTES among them. */
export function guardsOf(
  prepared: PreparedSweep,
  share: ComputeShare,
  residentBytes: number,
  context: PerformContext,
): GuardReport[] {
  const { guards } = share;
  if (guards === undefined) return [];
  const opened = openSweep(prepared.request, planHost(prepared, share, residentBytes, context));
  const variants = opened.toScore ?? prepared.grid.basePoints * prepared.grid.riskPoints;
  const bytes = Math.floor(opened.plan.bytesPredicted);
  return [
    { guard: 'variants', asked: variants, limit: guards.variantsMax, fires: variants > guards.variantsMax },
    { guard: 'bytes', asked: bytes, limit: guards.bytesMax, fires: bytes > guards.bytesMax },
  ];
}

/** Errors: LIMIT_EXCEEDED or BUDGET_BYTES where a guard fires, before anything is scored. */
export function checkGuards(
  prepared: PreparedSweep,
  share: ComputeShare,
  residentBytes: number,
  context: PerformContext,
): void {
  const fired = guardsOf(prepared, share, residentBytes, context).find((guard) => guard.fires);
  if (fired !== undefined) throw guardError(fired, share.guards!.of);
}

function guardError({ guard, asked, limit }: GuardReport, of: ComputeGuards['of']): AppError {
  const unit = guard === 'variants' ? 'variants' : 'bytes';
  return new AppError(guard === 'variants' ? 'LIMIT_EXCEEDED' : 'BUDGET_BYTES', {
    rule: `${of === 'job' ? 'A job' : 'A request that waits for its answer'} may take at most ${limit.toLocaleString('en')} ${unit}.`,
    found: `${asked.toLocaleString('en')} ${unit}.`,
    todo: of === 'job' ? 'Ask for less, or cut it into several.' : 'Submit it as a job, or ask for less.',
  });
}

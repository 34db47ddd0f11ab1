// The guards of a computation: what it may take of variants and bytes, what it would take, and which of them refuses it.
import { AppError, isAppError } from '../core/errors.ts';
import { planHost } from '../runs/sweep-host.ts';
import type { PreparedSweep, RunContext } from '../runs/sweep-run.ts';
import { type OpenedSweep, openSweep } from '../sweep/open-sweep.ts';
import type { ComputeGuards, ComputeShare, GuardReport } from './task.ts';

export interface PerformContext extends RunContext {
  /** Collects garbage and answers how many bytes of this process are resident then. */
  readonly settledBytes: () => number;
}

interface PlanContext {
  /** Most resident bytes of this process so far. */
  readonly peakBytes?: () => number;
}

/** What does not fit the guard is estimated in the least that it takes, as far as a job may take that. */
export function shareThatWouldDo(
  prepared: PreparedSweep,
  share: ComputeShare,
  residentBytes: number,
  context: PlanContext,
): ComputeShare {
  const { budgetBytes, guards } = share;
  if (guards === undefined || budgetBytes === undefined || budgetBytes < guards.bytesMax) return share;
  const open = (within: ComputeShare) =>
    openSweep(prepared.request, planHost(prepared, within, residentBytes, context));
  try {
    open(share);
    return share;
  } catch (error) {
    if (!isAppError(error, 'BUDGET_BYTES')) throw error;
    const { bytesMinimum } = open({ ...share, budgetBytes: undefined }).plan;
    return bytesMinimum > 2 * guards.bytesMax ? share : { ...share, budgetBytes: bytesMinimum };
  }
}

/** What each guard compares. Errors: those of planning; BUDGET_BYTES where the least that it takes is beyond the guard. */
export function guardsOf(
  prepared: PreparedSweep,
  share: ComputeShare,
  residentBytes: number,
  context: PlanContext,
): GuardReport[] {
  const { guards } = share;
  if (guards === undefined) return [];
  const opened = openWithin(share, () =>
    openSweep(prepared.request, planHost(prepared, share, residentBytes, context)),
  );
  const variants = opened.toScore ?? prepared.grid.basePoints * prepared.grid.riskPoints;
  const bytes = Math.floor(opened.plan.bytesPredicted);
  return [
    { guard: 'variants', asked: variants, limit: guards.variantsMax, fires: variants > guards.variantsMax },
    { guard: 'bytes', asked: bytes, limit: guards.bytesMax, fires: bytes > guards.bytesMax },
  ];
}

/** Answers what it compared. Errors: LIMIT_EXCEEDED or BUDGET_BYTES where a guard fires, before anything is scored. */
export function checkGuards(
  prepared: PreparedSweep,
  share: ComputeShare,
  residentBytes: number,
  context: PlanContext,
): GuardReport[] {
  const reports = guardsOf(prepared, share, residentBytes, context);
  const fired = reports.find((guard) => guard.fires);
  if (fired !== undefined) throw guardError(fired, share.guards!.of);
  return reports;
}

/** Where the budget is that of the guard, the guard is what fires. */
function openWithin({ budgetBytes, guards }: ComputeShare, open: () => OpenedSweep): OpenedSweep {
  try {
    return open();
  } catch (error) {
    if (!isAppError(error, 'BUDGET_BYTES') || guards === undefined || budgetBytes === undefined) throw error;
    const { found } = error;
    const isGuard = budgetBytes >= guards.bytesMax;
    const todo = isGuard ? WAY_OUT[guards.of] : 'Give it more bytes, or ask for less.';
    throw new AppError('BUDGET_BYTES', {
      ...(isGuard && { rule: guardRule({ guard: 'bytes', limit: guards.bytesMax }, guards.of) }),
      found,
      todo,
      cause: error,
    });
  }
}

const WAY_OUT: Readonly<Record<ComputeGuards['of'], string>> = {
  job: 'Ask for less, or cut it into several.',
  request: 'Submit it as a job, or ask for less.',
};

function guardRule({ guard, limit }: Pick<GuardReport, 'guard' | 'limit'>, of: ComputeGuards['of']): string {
  const who = of === 'job' ? 'A job' : 'A request that waits for its answer';
  return `${who} may take at most ${limit.toLocaleString('en')} ${guard}.`;
}

function guardError(report: GuardReport, of: ComputeGuards['of']): AppError {
  return new AppError(report.guard === 'variants' ? 'LIMIT_EXCEEDED' : 'BUDGET_BYTES', {
    rule: guardRule(report, of),
    found: `${report.asked.toLocaleString('en')} ${report.guard}.`,
    todo: WAY_OUT[of],
  });
}

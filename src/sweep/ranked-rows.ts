// The ranked rows of a sweep that has ended, with every metric where that is to be had.
import { NEVER_STOP, type StopToken } from '../core/cancel.ts';
import type { MetricName } from '../metrics/metrics.ts';
import { completeRows } from './complete-rows.ts';
import type { RowDetail } from './detail.ts';
import { scoreInThread } from './engines.ts';
import type { OpenedSweep } from './open-sweep.ts';
import { batchWork, type WorkHost } from './open-work.ts';
import type { Ranking, Stage } from './ranking.ts';
import type { RankedRow } from './request.ts';
import type { ScoringContext } from './score.ts';
import type { BatchWork } from './stage-run.ts';

/** After a stop, rows are completed when that takes no longer. */
const COMPLETE_MS = 500;
/** How much longer a complete row may take than one with little detail. */
const COMPLETE_FACTOR = 10;

/** What the last stage that ran has to say. */
export interface Finished {
  readonly ranking: Ranking;
  readonly stage: Stage;
  /** What its rows hold. */
  readonly detail: RowDetail;
}

interface Run extends BatchWork {
  readonly host: WorkHost & { readonly stop: StopToken; readonly part?: unknown };
  readonly opened: OpenedSweep;
  readonly objectives: readonly MetricName[];
}

/** The ranked rows, complete; after a stop those that take long to complete keep what ranking needed. */
export async function rankedRows(run: Run, finished: Finished, context: ScoringContext): Promise<RankedRow[]> {
  const { ranking, stage, detail } = finished;
  // A shortlist may keep more than is ranked.
  const { top } = run.request;
  const places = ranking.places().slice(0, top);
  const isComplete = detail === 'full' || places.length === 0 || run.host.part !== undefined;
  const work = isComplete || run.host.stop.reason() === undefined ? run : await workAfterStop(run, finished, context);
  if (isComplete || work === undefined) return ranking.rows().slice(0, top);
  return ranking.rows(await completeRows(work, stage, places, ranking.kept(), run.objectives)).slice(0, top);
}

/** The calling thread, when no other one works any more and the rows can be completed soon. */
async function workAfterStop(run: Run, { ranking, stage }: Finished, context: ScoringContext) {
  const rows = ranking.places().length * (stage === 'A' ? 1 : run.grid.riskPoints);
  if (rows * (run.sizer.variantMs ?? 0) * COMPLETE_FACTOR > COMPLETE_MS) return undefined;
  if ((await run.scorer.close()) === false) return undefined;
  const scorer = scoreInThread({ ...context, stop: NEVER_STOP });
  return batchWork(run.request, run.host, run.opened, scorer);
}

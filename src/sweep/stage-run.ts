// Runs one stage: batches out with enough of them in flight, rows back in order, ranked, streamed and checkpointed.
import type { Clock } from '../core/clock.ts';
import { isAppError } from '../core/errors.ts';
import { type BatchSizer, formBatches } from './batches.ts';
import type { ColumnCatalog } from './column-catalog.ts';
import type { ColumnFlow } from './column-flow.ts';
import type { RowDetail } from './detail.ts';
import type { Grid } from './grid.ts';
import { meetsConditions } from './metric-condition.ts';
import type { Ranking, Stage } from './ranking.ts';
import { scoredRow } from './ranking.ts';
import type { SweepRequest } from './request.ts';
import type { RowSink, ScoreTaker } from './row-sink.ts';
import type { ScoreBatches, VariantBatch } from './score.ts';

/** How batches of a sweep are cut and scored. */
export interface BatchWork {
  readonly request: SweepRequest;
  readonly grid: Grid;
  readonly scorer: ScoreBatches;
  readonly flow: ColumnFlow;
  readonly sizer: BatchSizer;
  readonly clock: Clock;
  /** Numbers the columns of a base variant; absent where the scorer keeps its own columns. */
  readonly catalog: ColumnCatalog | undefined;
  /** Most different columns of one batch, and most rows. */
  readonly columnsMax: number;
  readonly rowsMax: number;
  /** Fixes the base variants of a batch instead of learning how many are best. */
  readonly batchSize: number | undefined;
}

export interface StageWork {
  readonly stage: Stage;
  readonly detail: RowDetail;
  /** Base variants of the stage, those behind a resumed beginning only. */
  readonly bases: Iterable<number>;
  /** How many they are, where known. */
  readonly count: number | undefined;
  readonly ranking: Ranking;
  /** Rows of the last stage must meet the conditions of the request to be ranked. */
  readonly isLast: boolean;
  readonly sink: RowSink | undefined;
  readonly scores: ScoreTaker | undefined;
  readonly isStopped: () => boolean;
  /** Hears of each batch whose rows were taken; `isGapless` is false once a batch before it was given up. */
  readonly onTaken: (bases: number, rows: number, isGapless: boolean) => void;
  /** Hears of the first batch that was given up, before the rows of any later one are taken. */
  readonly onGap: () => void;
}

/** Scores every base variant of the stage, or those that come before the stop. */
export async function runStage(work: BatchWork, stageWork: StageWork): Promise<void> {
  const { scorer, sizer, grid, flow } = work;
  const { stage, detail } = stageWork;
  const rowsPerBase = stage === 'A' ? 1 : grid.riskPoints;
  let handedOut = 0;
  const left = (): number | undefined =>
    stageWork.count === undefined ? undefined : (stageWork.count - handedOut) * rowsPerBase;
  let isGapless = true;
  const pace = createPace(work);
  const inFlight: { readonly batch: VariantBatch; readonly rows: Promise<Float64Array> }[] = [];
  const settleOldest = async (): Promise<void> => {
    const { batch, rows } = inFlight.shift()!;
    const scored = await rows.catch(unlessGivenUp);
    if (scored === undefined) {
      if (isGapless) stageWork.onGap();
      isGapless = false;
      return;
    }
    const taken = await takeRows(work, stageWork, batch, scored);
    stageWork.onTaken(batch.baseIndices.length, taken, isGapless);
  };
  const batches = formBatches(stageWork.bases, {
    size: () => work.batchSize ?? Math.ceil(sizer.size(left()) / rowsPerBase),
    most: Math.max(1, Math.floor(work.rowsMax / rowsPerBase)),
    columnsOf: work.catalog === undefined ? undefined : (base) => work.catalog!.idsOf(base),
    columnsMax: work.columnsMax,
  });
  // Beyond what threads hold: batches whose columns are being computed, and room for one that takes longer.
  const inFlightMax = scorer.concurrency === 1 ? 1 : scorer.concurrency + 2 * (scorer.threads ?? 1);
  for (const { baseIndices, columns } of batches) {
    if (stageWork.isStopped()) break;
    handedOut += baseIndices.length;
    const batch: VariantBatch = { stage, baseIndices, detail };
    const rows = pace(baseIndices.length * rowsPerBase, () => flow.score(batch, columns));
    // A batch that fails while an older one is awaited must not count as unhandled; settleOldest still sees it.
    rows.catch(() => undefined);
    inFlight.push({ batch, rows });
    if (inFlight.length >= inFlightMax) await settleOldest();
  }
  while (inFlight.length > 0) await settleOldest();
}

/** Runs a batch and lets the sizer learn from the work that scoring took since the last one came back. */
function createPace({ scorer, sizer, clock }: BatchWork) {
  let knownMs = scorer.worked?.().scoringMs ?? 0;
  return async (variants: number, run: () => Promise<Float64Array>): Promise<Float64Array> => {
    const startedMs = clock.monotonicMs();
    const rows = await run();
    const workedMs = scorer.worked?.().scoringMs;
    sizer.learn(variants, workedMs === undefined ? clock.monotonicMs() - startedMs : workedMs - knownMs);
    knownMs = workedMs ?? 0;
    return rows;
  };
}

/** A batch that was given up at the stop was not scored; the rows of all others still count. */
function unlessGivenUp(error: unknown): undefined {
  if (!isAppError(error, 'CANCELLED') && !isAppError(error, 'DEADLINE')) throw error;
}

async function takeRows(
  { request, grid }: BatchWork,
  { ranking, isLast, sink, scores }: StageWork,
  { stage, baseIndices }: VariantBatch,
  rows: Float64Array,
): Promise<number> {
  const { where = [] } = request;
  const perBase = stage === 'A' ? 1 : grid.riskPoints;
  let row = 0;
  for (const baseIndex of baseIndices) {
    for (let risk = 0; risk < perBase; risk++, row++) {
      if (!isLast || meetsConditions(where, rows, row)) ranking.offer(rows, row, baseIndex, risk);
      scores?.take(rows, row, baseIndex, risk);
      if (sink?.wants(baseIndex, risk) !== true) continue;
      await sink.take(scoredRow(grid, stage, rows, row, baseIndex, risk), baseIndex, risk);
    }
  }
  return row;
}

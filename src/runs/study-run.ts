// One study from its request to a record: memory, workers, trials, what is held out, and what is kept of it.
import type { StopToken } from '../core/cancel.ts';
import type { Json } from '../core/hash.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { parameterSummaries } from '../optimise/parameter-summary.ts';
import { runStudy, type StudyOutcome, type StudyProgress } from '../optimise/run-study.ts';
import { barriersAt, parametersOf } from '../optimise/space.ts';
import type { Judged } from '../optimise/standing.ts';
import { marketsOf } from '../optimise/study.ts';
import { REPORT_LIMITS } from '../report/report-data.ts';
import { hasFailed } from '../trials/trial.ts';
import type { ManyRecord } from './many-record.ts';
import type { ResultRecord } from './result-record.ts';
import { RowColumns } from './row-columns.ts';
import type { StudyState, TakenStudy } from './study-files.ts';
import type { HoldoutJson, StudyJson } from './study-json.ts';
import { planStudy, type StudyPlan } from './study-plan.ts';
import type { PreparedStudy, StudySelection } from './study-prepare.ts';
import { objectiveValues, studyRecord } from './study-record.ts';
import { openTrialRunner, poolWorkers, type StudyPool, type TrialRunner } from './study-runner.ts';
import type { RunContext } from './sweep-run.ts';

/** What a study may take of the machine. */
export interface StudyShare {
  readonly budgetBytes?: number;
  readonly residentBytes: number;
  /** Workers of the turbo pool; when left out one worker runs code of the user's, and the calling thread all else. */
  readonly turbo?: StudyPool;
}

export interface StudyLimits extends Pick<StudyShare, 'budgetBytes' | 'turbo'> {
  readonly plan: StudyPlan;
  readonly stop: StopToken;
  readonly top: number;
  /** Whether its caller puts a record that ended so into the result store. */
  readonly saves: (partial: ResultRecord['partial']) => boolean;
  readonly onNote: (note: string) => void;
  readonly onProgress?: (progress: StudyProgress) => void;
}

export interface FinishedStudy {
  readonly record: ResultRecord | ManyRecord;
  readonly outcome: StudyOutcome;
}

/** Bytes of trials are planned for so many where only time limits them. */
const OPEN_ENDED_TRIALS = 100_000;

/** What the trials will take, and by how many workers: for whoever shares out the machine. Errors: BUDGET_BYTES. */
export function planFor(
  { loadedStrategy, markets, cells }: PreparedStudy,
  { trials = OPEN_ENDED_TRIALS }: Pick<StudySelection, 'trials'>,
  { turbo, budgetBytes, residentBytes }: StudyShare,
  context: Pick<RunContext, 'isolate' | 'peakBytes'>,
): StudyPlan {
  return planStudy({
    residentBytes,
    peakBytes: context.peakBytes?.() ?? residentBytes,
    budgetBytes,
    workers: poolWorkers(loadedStrategy, turbo, context),
    bars: Math.max(...markets.map(({ search }) => search.window.history.barCount)),
    cells: cells.length,
    trials,
    runsPrograms: loadedStrategy.strategy.program !== undefined,
  });
}

/** Errors: those of runStudy and of the pool. A study that is stopped early is no error. */
export async function finishStudy(
  prepared: PreparedStudy,
  selection: StudySelection,
  taken: TakenStudy,
  limits: StudyLimits,
  context: RunContext,
): Promise<FinishedStudy> {
  const { plan, turbo, budgetBytes, onNote } = limits;
  for (const note of prepared.notes) onNote(note);
  if (taken.open.log.damaged > 0) {
    onNote(`${taken.open.log.damaged} records of the study's log are damaged; their trials are run again.`);
  }
  const runner = await openTrialRunner(prepared, plan, { turbo, budgetBytes, onNote }, context);
  try {
    return await runAndRecord(prepared, selection, taken, { ...limits, runner }, context);
  } finally {
    await runner.close();
  }
}

async function runAndRecord(
  prepared: PreparedStudy,
  selection: StudySelection,
  taken: TakenStudy,
  limits: StudyLimits & { readonly runner: TrialRunner },
  context: RunContext,
): Promise<FinishedStudy> {
  const { request } = prepared;
  const { space } = request;
  const { runner, plan, top } = limits;
  const names = space.axes.slice(0, space.parameterCount).map(({ name }) => name);
  const columns = new RowColumns(space, names, REPORT_LIMITS.gridRowsMax);
  const whole: Judged[] = [];
  const outcome = await runStudy(request, {
    engineVersion: context.engineVersion,
    run: runner.run,
    stop: limits.stop,
    clock: context.clock,
    top,
    log: taken.log,
    onProgress: limits.onProgress,
    onTrial({ n, point, rung, standing, outcomes }) {
      if (rung !== request.rungs - 1 || standing.failed) return;
      whole.push({ n, point, standing });
      const [first] = outcomes;
      if (outcomes.length > 1 || first === undefined || hasFailed(first)) return;
      // Keys are made when rows are read.
      const params = parametersOf(space, point);
      columns.push({
        variantKey: '',
        indicatorVariantKey: '',
        params,
        risk: barriersAt(space, point),
        metrics: first.metrics,
      });
    },
  });
  const study: StudyJson = {
    ...studyFacts(prepared, selection, outcome),
    name: taken.name,
    identity: taken.identity,
    holdout: outcome.stopped === undefined ? await heldOut(prepared, selection, outcome, limits) : null,
    parameters: parameterSummaries(space, whole),
    workers: limits.turbo?.workers ?? 1,
    usefulShare: runner.usefulShare(),
  };
  const record = studyRecord({ prepared, outcome, study, columns, top, bytesPredicted: plan.bytesPredicted }, context);
  keepState(taken, record, study, limits.saves(record.partial), context);
  return { record, outcome };
}

function studyFacts(prepared: PreparedStudy, selection: StudySelection, outcome: StudyOutcome) {
  const { request, cells } = prepared;
  const { space } = request;
  const markets = marketsOf(request);
  const firstBar = prepared.markets[0]!.search.window.candles.time[0]!;
  return {
    mode: request.mode,
    seed: request.seed,
    lag: request.lag,
    trials: selection.trials ?? null,
    done: outcome.done,
    ranked: outcome.ranked,
    failed: outcome.failed,
    infeasible: outcome.infeasible,
    beyondGap: outcome.beyondGap,
    ended: outcome.ended ?? null,
    rungsFrom: Array.from({ length: request.rungs }, (_, rung) => iso(cells[rung * markets]!.fromMs ?? firstBar)),
    objectives: request.objectives.map(({ text }) => text),
    better: request.objectives.map(({ better }) => better),
    across: request.across,
    points: space.points,
    rows: outcome.rows.map((row) => ({
      trial: row.n,
      values: objectiveValues(
        prepared,
        row.rows.map(({ metrics }) => metrics),
      ),
    })),
    failures: outcome.failures.map(({ n, point, failure }) => ({
      trial: n,
      params: parametersOf(space, point),
      risk: barriersAt(space, point),
      error: failure.error,
      code: failure.code,
    })),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Rows that are run on what was held out. */
const HOLDOUT_ROWS_MAX = 100;

/** The best rows on the bars that the search has not seen. */
async function heldOut(
  prepared: PreparedStudy,
  { holdout }: StudySelection,
  { rows }: StudyOutcome,
  { runner, stop }: { readonly runner: TrialRunner; readonly stop: StopToken },
): Promise<HoldoutJson | null> {
  const { request, markets } = prepared;
  const windows = markets.map((market) => market.holdout);
  const [first] = windows;
  if (holdout === undefined || first === undefined || stop.reason() !== undefined) return null;
  const specs = rows.slice(0, HOLDOUT_ROWS_MAX).flatMap(({ point }) =>
    markets.map((_, m) => ({
      cell: request.cells.length + m,
      parameters: parametersOf(request.space, point),
      barriers: barriersAt(request.space, point),
    })),
  );
  const outcomes = await runner.run.run(specs, { stop });
  const { time, barCount } = first.window.candles;
  return {
    share: holdout,
    from: iso(time[0]!),
    to: iso(time[barCount - 1]!),
    rows: rows.slice(0, HOLDOUT_ROWS_MAX).map((_, i) => {
      const own = outcomes.slice(i * markets.length, (i + 1) * markets.length);
      const metrics = own.map((outcome): Metrics | null => (hasFailed(outcome) ? null : outcome.metrics));
      const known = metrics.filter((one) => one !== null);
      return {
        metrics,
        values: known.length < metrics.length ? request.objectives.map(() => null) : objectiveValues(prepared, known),
      };
    }),
  };
}

/** Keeps how far the study came. The result itself is saved by whoever prints it. */
function keepState(
  { open }: TakenStudy,
  record: ResultRecord | ManyRecord,
  study: StudyJson,
  save: boolean,
  { clock }: RunContext,
): void {
  const resultId = save ? record.resultHash.slice(0, 16) : null;
  const best = study.rows[0]?.values[0] ?? null;
  const status = record.partial === null ? 'finished' : 'stopped';
  const state: StudyState = {
    study,
    studyHash: record.resultHash,
    partial: record.partial,
    top: record.top.slice(0, 20).map(({ variantKey }, i) => ({ variantKey, values: study.rows[i]!.values })),
    resultId,
  };
  const summary = { status, done: study.done, failed: study.failed, best, hash: record.resultHash, resultId };
  open.setState(clock.wallMs(), summary, JSON.parse(JSON.stringify(state)) as Json);
}

// A finished study as a result record: like that of a sweep, so that everything that reads results reads it.

import { METRICS, type MetricName, type Metrics } from '../metrics/metrics.ts';
import { scoreOf } from '../optimise/objective.ts';
import type { StudyOutcome } from '../optimise/run-study.ts';
import { barriersAt, parametersOf } from '../optimise/space.ts';
import type { RankedTrial } from '../optimise/study-ranking.ts';
import { engineFor } from '../sweep/fast-settings.ts';
import { indicatorVariantKey, variantKey } from '../sweep/grid.ts';
import { acrossCells, acrossScore } from '../sweep/many-across.ts';
import { cellMetricNames, type ManyRow } from '../sweep/many-request.ts';
import type { ScoringEngine } from '../sweep/request.ts';
import type { ManyRecord } from './many-record.ts';
import { type RankedRowJson, type ResultRecord, rankedRowJson } from './result-record.ts';
import type { RowColumns } from './row-columns.ts';
import type { StudyJson } from './study-json.ts';
import type { PreparedStudy, StudyMarket } from './study-prepare.ts';
import type { RunContext } from './sweep-run.ts';
import { dataJson, executionJson, strategyJson } from './sweep-run.ts';

export interface StudyRecordParts {
  readonly prepared: PreparedStudy;
  readonly outcome: StudyOutcome;
  readonly study: StudyJson;
  /** Trials of the whole window, for the heatmap; of one market only. */
  readonly columns: RowColumns;
  readonly bytesPredicted: number;
  readonly top: number;
}

/** The metric that tables put first: that of the first objective. */
export const rankedByOf = ({ request }: PreparedStudy): MetricName => request.objectives[0]!.metrics[0]!;

export function studyRecord(parts: StudyRecordParts, context: RunContext): ResultRecord | ManyRecord {
  return parts.prepared.markets.length === 1 ? singleRecord(parts, context) : manyRecord(parts, context);
}

function sharedParts({ prepared, outcome, study, top }: StudyRecordParts, context: RunContext) {
  const { request, loadedStrategy, execution } = prepared;
  const { space } = request;
  const axes = (from: number, to?: number) =>
    Object.fromEntries(space.axes.slice(from, to).map(({ name, values }) => [name, values]));
  return {
    engineVersion: context.engineVersion,
    createdAt: new Date(context.clock.wallMs()).toISOString(),
    profile: execution.profile.name,
    assumption: execution.profile.assumption,
    strategy: strategyJson(loadedStrategy),
    execution: executionJson({ ...execution, profile: execution.profile.name }),
    grid: {
      parameterNames: space.axes.slice(0, space.parameterCount).map(({ name }) => name),
      parameters: axes(0, space.parameterCount),
      risk: axes(space.parameterCount),
      sample: null,
      seed: request.seed,
      offset: null,
      limit: null,
      where: request.where,
    },
    rankedBy: rankedByOf(prepared),
    variants: space.points,
    scored: outcome.done,
    preselect: 0,
    partial: outcome.stopped ?? null,
    elapsedMs: Math.round(outcome.elapsedMs),
    loadMs: Math.round(prepared.markets.reduce((sum, { loaded }) => sum + loaded.loadMs, 0)),
    resultHash: outcome.studyHash,
    study: { ...study, rows: study.rows.slice(0, top) },
  };
}

function singleRecord(parts: StudyRecordParts, context: RunContext): ResultRecord {
  const { prepared, outcome, columns, bytesPredicted, study } = parts;
  const { request, policies } = prepared;
  const market = prepared.markets[0]!;
  const { window } = market.search;
  const [first, ...others] = request.objectives;
  return {
    ...sharedParts(parts, context),
    kind: 'gridmill-sweep',
    dataHash: window.dataHash,
    data: dataJson(market.search, policies),
    alsoRankedBy: others.length === 0 ? [] : others.map(({ metrics }) => metrics[0]!),
    bars: window.candles.barCount,
    downloadMs: null,
    plan: {
      distinctColumns: 0,
      bytesPredicted,
      bytesActual: context.peakBytes?.() ?? null,
      secondsPredicted: null,
      workers: study.workers,
      columnsComputed: 0,
      sharedTrades: 0,
      singleTrades: 0,
      columnCacheHitRate: 0,
      usefulShare: study.usefulShare,
    },
    engine: engineOf(prepared, market),
    top: outcome.rows.map((row, i) => rankedRow(prepared, row, i + 1)),
    heatmap: columns.toGrid(
      first!.metrics[0]!,
      request.space.axes.slice(request.space.parameterCount).map(({ name }) => name),
      outcome.ranked,
    ),
  };
}

function keysOf({ request: { space } }: PreparedStudy, { point }: RankedTrial) {
  const params = parametersOf(space, point);
  const risk = barriersAt(space, point);
  return {
    params,
    risk,
    variantKey: variantKey(space, params, risk),
    indicatorVariantKey: indicatorVariantKey(space, params),
  };
}

const rankedRow = (prepared: PreparedStudy, row: RankedTrial, rank: number): RankedRowJson =>
  rankedRowJson({ rank, ...keysOf(prepared, row), metrics: row.rows[0]!.metrics });

function engineOf({ request, execution, loadedStrategy }: PreparedStudy, { search }: StudyMarket): ScoringEngine {
  const { space } = request;
  const riskAxes = space.axes.slice(space.parameterCount);
  const chosen = engineFor({ ...execution, strategy: loadedStrategy.strategy }, { riskAxes }, search.window.candles);
  return { name: chosen.engine, reason: chosen.reason, kernels: undefined };
}

function manyRecord(parts: StudyRecordParts, context: RunContext): ManyRecord {
  const { prepared, outcome, study, bytesPredicted } = parts;
  const { markets, policies, notes, request } = prepared;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    ...sharedParts(parts, context),
    kind: 'gridmill-sweep-many',
    across: request.across,
    timeframe: markets[0]!.search.window.history.timeframe,
    policies,
    notes,
    markets: markets.map(({ market, loaded }, i) => ({
      market,
      origin: loaded.origin,
      label: loaded.label,
      synthetic: loaded.synthetic,
      quality: loaded.quality,
      cells: [i + 1],
      top: [],
    })),
    cells: markets.map((market, i) => {
      const { bounds, window } = market.search;
      return {
        cell: i + 1,
        market: market.market,
        window: '',
        ...bounds,
        dataHash: window.dataHash,
        bars: window.candles.barCount,
        barsBefore: window.from,
        firstBar: iso(window.candles.time[0]!),
        lastBar: iso(window.candles.time[window.candles.barCount - 1]!),
        engine: engineOf(prepared, market),
        best: null,
      };
    }),
    excluded: outcome.infeasible,
    undefinedScores: 0,
    plan: { bytesPredicted, workers: study.workers, columnsComputed: 0 },
    top: outcome.rows.map((row, i) => manyRow(prepared, row, i + 1)),
  };
}

/** Summaries are of the metric that tables put first, whatever the objective; the order is the objective's. */
function manyRow(prepared: PreparedStudy, row: RankedTrial, rank: number): ManyRow {
  const { across } = prepared.request;
  const rankedBy = rankedByOf(prepared);
  const sign = METRICS[rankedBy].better === 'higher' ? 1 : -1;
  const metrics = row.rows.map((one) => one.metrics);
  const scores = (): Float64Array => Float64Array.from(metrics, (one) => (one[rankedBy] ?? Number.NaN) * sign);
  const { mean, median, worst } = acrossCells(scores());
  const gains = metrics.filter(({ totalReturn }) => (totalReturn ?? 0) > 0).length;
  const score = acrossScore(across, scores(), gains);
  const kept = cellMetricNames(rankedBy);
  return {
    rank,
    ...keysOf(prepared, row),
    score: nullable(across === 'profitable' ? score : score * sign),
    mean: nullable(mean * sign),
    median: nullable(median * sign),
    worst: nullable(worst * sign),
    profitable: gains / metrics.length,
    fewestTrades: Math.min(...metrics.map(({ trades }) => trades ?? 0)),
    cells: metrics.map((one) => Object.fromEntries(kept.map((name) => [name, one[name]]))),
  };
}

/** JSON has neither NaN nor a zero with a sign. */
export const nullable = (value: number): number | null => (Number.isNaN(value) ? null : value + 0);

/** What the objectives of a request come to over its markets, in their own signs. */
export function objectiveValues({ request }: PreparedStudy, metrics: readonly Metrics[]): (number | null)[] {
  const gains = metrics.filter(({ totalReturn }) => (totalReturn ?? 0) > 0).length;
  return request.objectives.map((objective) => {
    const scores = Float64Array.from(metrics, (one) => scoreOf(objective, objective.value(one)));
    const score = metrics.length === 1 ? scores[0]! : acrossScore(request.across, scores, gains);
    return nullable(request.across === 'profitable' && metrics.length > 1 ? score : scoreOf(objective, score));
  });
}

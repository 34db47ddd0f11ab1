// The HTML report of a sweep over many cells: its best rows are run again in every cell for their curves.
import { METRIC_NAMES, METRICS } from '../metrics/metrics.ts';
import { extremeIndexes } from '../report/downsample.ts';
import { formatCount } from '../report/format.ts';
import { loadReportAssets, renderHtmlReport } from '../report/html-report.ts';
import { MANY_REPORT_LIMITS, type ManyReportCurve, type ManyReportData } from '../report/many-report-data.ts';
import { metricPhrase, rankingSentence } from '../report/many-words.ts';
import { orderedMetrics } from '../report/metric-columns.ts';
import { reportMetrics } from '../report/metric-notes.ts';
import { REPORT_LIMITS } from '../report/report-data.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { cellMetricNames, type ManyRow } from '../sweep/many-request.ts';
import { runVariant } from '../sweep/run-variant.ts';
import type { Window } from '../sweep/window.ts';
import { cellLabels, type ManyRecord, windowsPerMarket } from './many-record.ts';
import { executionSettings, gridSettings, isFree } from './report-of-record.ts';

/** The text of the HTML file. `strategy` and `windows`, one per cell, must be those of the record. */
export function renderManyReport(
  record: ManyRecord,
  id: string,
  strategy: Strategy,
  windows: readonly Window[],
): string {
  return renderHtmlReport(manyReportData(record, id, strategy, windows), loadReportAssets());
}

function manyReportData(
  record: ManyRecord,
  id: string,
  strategy: Strategy,
  windows: readonly Window[],
): ManyReportData {
  const { cells, markets, top, rankedBy, across, grid } = record;
  const labels = cellLabels(record);
  const kept = cellMetricNames(rankedBy).map((name) => METRICS[name]);
  const rows = top.slice(0, Math.max(1, Math.floor(MANY_REPORT_LIMITS.matrixValuesMax / cells.length)));
  const engines = new Set(cells.map(({ engine }) => engine.name));
  const perMarket = windowsPerMarket(record);
  return {
    kind: 'many',
    title: titleOf(record),
    createdAt: record.createdAt,
    engineVersion: record.engineVersion,
    resultHash: record.resultHash,
    strategy: {
      name: record.strategy.name,
      description: record.strategy.description,
      source: record.strategy.source?.slice(0, REPORT_LIMITS.sourceBytesMax),
    },
    profile: { name: record.profile, assumption: record.assumption },
    engine:
      engines.size > 1
        ? 'fast and normative'
        : engines.has('fast')
          ? 'from fill to fill (fast)'
          : 'bar by bar (normative)',
    costless: isFree(record.execution.costs),
    timing: { computeMs: record.elapsedMs },
    timeframe: record.timeframe,
    synthetic: markets.some(({ synthetic }) => synthetic),
    quality: markets.flatMap(({ market, quality }) => quality.map((line) => `${market}: ${line}`)),
    notes: record.notes,
    rankedBy,
    rankPhrase: metricPhrase(rankedBy),
    across,
    ranking: rankingSentence({ rankedBy, across, cells: cells.length, where: grid.where }),
    initialCash: record.execution.initialCash,
    settings: [
      { label: 'Profile', value: `${record.profile}: ${record.assumption}` },
      ...executionSettings(record.execution),
      ...gridSettings(record),
    ],
    counts: {
      variants: record.variants,
      scored: record.scored,
      preselect: Object.keys(grid.risk).length > 0 && record.study === undefined ? record.preselect : undefined,
      partial: record.partial ?? undefined,
      excluded: record.excluded,
      undefinedScores: record.undefinedScores,
    },
    metrics: orderedMetrics(
      reportMetrics(METRIC_NAMES.map((name) => METRICS[name]).filter((one) => kept.includes(one))),
      rankedBy,
    ),
    cells: cells.map(({ cell, market, window, firstBar, lastBar, bars, dataHash, best }, i) => ({
      cell,
      market,
      window,
      label: labels[i]!,
      firstBar,
      lastBar,
      bars,
      dataHash,
      best,
    })),
    rows,
    omittedRows: top.length - rows.length,
    // With one window each the best of a market is the best of its cell, and one market is the whole.
    markets:
      perMarket === 1 || markets.length === 1
        ? []
        : markets.map(({ market, cells: own, top: best }) => ({ market, cells: own.length, top: best })),
    curves: curvesOf(record, rows, strategy, windows),
    reproduce: `gridmill run --result ${id} --row {row} --cell {cell}`,
  };
}

/** `sma-cross on 3 markets in 2 windows, 5m`. */
export function titleOf(record: ManyRecord): string {
  const { markets, strategy, timeframe } = record;
  const windows = windowsPerMarket(record);
  const where = markets.length === 1 ? markets[0]!.market : `${formatCount(markets.length)} markets`;
  return `${strategy.name} on ${where}${windows === 1 ? '' : ` in ${formatCount(windows)} windows`}, ${timeframe}`;
}

function curvesOf(
  record: ManyRecord,
  rows: readonly ManyRow[],
  strategy: Strategy,
  windows: readonly Window[],
): ManyReportCurve[] {
  const { curvesMax, curveRowsMax } = MANY_REPORT_LIMITS;
  const count = Math.min(curveRowsMax, Math.floor(curvesMax / windows.length));
  const execution = { ...record.execution, profile: profileNamed(record.execution.profile), strategy };
  return rows.slice(0, count).flatMap(({ rank, params, risk }) =>
    windows.map((window, i) => {
      const { equity } = runVariant(execution, window, params, risk).simulation;
      return curveOf(rank, i + 1, equity, window.candles.close, record.execution.initialCash);
    }),
  );
}

function curveOf(rank: number, cell: number, equity: Float64Array, close: Float64Array, cash: number): ManyReportCurve {
  const bar = extremeIndexes([equity, close], MANY_REPORT_LIMITS.curveStepsMax);
  // Five digits are finer than a pixel of so small a chart.
  const short = (value: number): number => Number(value.toPrecision(5));
  return {
    rank,
    cell,
    bar,
    equity: bar.map((at) => short(equity[at]! / cash - 1)),
    buyAndHold: bar.map((at) => short(close[at]! / close[0]! - 1)),
  };
}

// The HTML report of a result: its best rows are run again for their trades and curves.
import { METRIC_NAMES, METRICS } from '../metrics/metrics.ts';
import { formatCount, formatMoney, formatPercent } from '../report/format.ts';
import { loadReportAssets, renderHtmlReport } from '../report/html-report.ts';
import { reportMetrics } from '../report/metric-notes.ts';
import { REPORT_LIMITS, type ReportData, type ReportSetting } from '../report/report-data.ts';
import { reportCandles, reportDetail, type SimulatedVariant } from '../report/report-detail.ts';
import { profileNamed } from '../simulate/profiles.ts';
import type { Strategy } from '../strategy/strategy.ts';
import { runVariant } from '../sweep/run-variant.ts';
import { instrumentText, runsControllers } from './execution-words.ts';
import { withVariedParameters } from './fixed-parameters.ts';
import { figuresOf } from './profile-figures.ts';
import type { ExecutionJson, ResultRecord } from './result-record.ts';
import type { StudyJson } from './study-json.ts';
import type { LoadedWindow } from './window-selection.ts';

/** Ranked rows whose trades and curves a report holds. */
export const REPORT_DETAILS = 5;

/** The text of the HTML file. `strategy` and `loadedWindow` must be those of the record. */
export function renderReport(record: ResultRecord, id: string, strategy: Strategy, loadedWindow: LoadedWindow): string {
  return renderHtmlReport(reportData(record, id, strategy, loadedWindow), loadReportAssets());
}

function reportData(record: ResultRecord, id: string, strategy: Strategy, loadedWindow: LoadedWindow): ReportData {
  const { candles } = loadedWindow.window;
  const variants = bestVariants(record, strategy, loadedWindow);
  const { data } = record;
  return {
    title: `${record.strategy.name} on ${data.label}, ${data.timeframe}`,
    createdAt: record.createdAt,
    engineVersion: record.engineVersion,
    resultHash: record.resultHash,
    dataHash: record.dataHash,
    strategy: {
      name: record.strategy.name,
      description: record.strategy.description,
      source: record.strategy.source?.slice(0, REPORT_LIMITS.sourceBytesMax),
    },
    profile: { name: record.profile, assumption: record.assumption },
    engine:
      record.engine?.name === 'fast' ? `from fill to fill (fast, ${record.engine.kernels})` : 'bar by bar (normative)',
    market: {
      label: data.label,
      timeframe: data.timeframe,
      from: candles.time[0]!,
      to: candles.time[candles.barCount - 1]!,
      bars: record.bars,
      synthetic: data.synthetic,
      quality: data.quality,
    },
    initialCash: record.execution.initialCash,
    costless: isFree(record.execution.costs),
    rankedBy: record.rankedBy,
    settings: settingsOf(record),
    counts: {
      variants: record.variants,
      scored: record.scored,
      preselect: leftSomeOut(record) ? record.preselect : undefined,
      partial: record.partial ?? undefined,
    },
    timing: { computeMs: record.elapsedMs, downloadMs: record.downloadMs ?? undefined },
    metricDefinitions: reportMetrics(METRIC_NAMES.map((name) => METRICS[name])),
    rows: withVariedParameters(record).top.slice(0, REPORT_LIMITS.rowsMax),
    grid: record.heatmap,
    details: variants.map((variant) => reportDetail(variant, candles, record.execution.initialCash)),
    candles: reportCandles(candles, variants),
    reproduce: `gridmill run --result ${id} --row {row}`,
  };
}

export const isFree = ({ feeRate, fixedFee, slippage }: ExecutionJson['costs']): boolean =>
  feeRate === 0 && fixedFee === 0 && slippage === 0;

/** A shortlist that everything fits in has left nothing out. */
const leftSomeOut = (record: ResultRecord): boolean =>
  hasRisk(record) && record.study === undefined && record.preselect > 0 && record.scored < record.variants;

export const hasRisk = (record: Pick<ResultRecord, 'grid'>): boolean => Object.keys(record.grid.risk).length > 0;

function bestVariants(record: ResultRecord, strategy: Strategy, { window }: LoadedWindow): SimulatedVariant[] {
  const execution = { ...record.execution, profile: profileNamed(record.execution.profile), strategy };
  return record.top.slice(0, REPORT_DETAILS).map(({ rank, params, risk }) => {
    const { simulation, profileMetrics } = runVariant(execution, window, params, risk);
    const figures = profileMetrics === undefined ? undefined : figuresOf(profileMetrics);
    return { rank, trades: simulation.trades, equity: simulation.equity, figures };
  });
}

/** Every assumption in words. */
export function settingsOf(record: ResultRecord): ReportSetting[] {
  const { execution, data } = record;
  return [
    { label: 'Profile', value: `${record.profile}: ${record.assumption}` },
    ...executionSettings(execution),
    { label: 'Window', value: `${data.firstBar} to ${data.lastBar} (open times, UTC)` },
    {
      label: 'Bars before the window',
      value: `${formatCount(data.barsBefore)}, read by indicators${data.coldStart ? ' not at all (cold start)' : ''}`,
    },
    ...gridSettings(record),
  ];
}

/** What was searched, and how it was narrowed. */
export function gridSettings(
  record: Pick<ResultRecord, 'grid' | 'rankedBy' | 'preselect' | 'study'> & Partial<Pick<ResultRecord, 'alsoRankedBy'>>,
): ReportSetting[] {
  const { grid, alsoRankedBy = [] } = record;
  const axes = (
    values: Readonly<Record<string, readonly number[]>>,
    names: readonly string[] = Object.keys(values),
  ): ReportSetting[] => names.map((name) => ({ label: name, value: valuesText(values[name]!) }));
  return [
    ...axes(grid.parameters, grid.parameterNames),
    ...axes(grid.risk),
    ...(grid.sample === null
      ? []
      : [{ label: 'Random search', value: `${formatCount(grid.sample)} variants, seed ${grid.seed}` }]),
    ...(grid.offset === null && grid.limit === null ? [] : [{ label: 'Part of the grid', value: partText(grid) }]),
    ...(alsoRankedBy.length === 0
      ? []
      : [{ label: 'Pareto front of', value: [record.rankedBy, ...alsoRankedBy].join(', ') }]),
    ...(grid.where.length === 0
      ? []
      : [{ label: 'Ranked only where', value: grid.where.map(conditionText).join(', ') }]),
    ...(record.study === undefined ? [] : studySettings(record.study)),
    ...(hasRisk(record) && record.study === undefined
      ? [{ label: 'Shortlist', value: record.preselect === 0 ? 'off: all variants' : formatCount(record.preselect) }]
      : []),
  ];
}

/** How a study searched, what the order of its rows is, and what they came to where it did not look. */
function studySettings(study: StudyJson): ReportSetting[] {
  const { name, mode, done, ranked, seed, objectives, holdout, failed, infeasible } = study;
  const left = [
    failed > 0 ? `${formatCount(failed)} failed` : '',
    infeasible > 0 ? `${formatCount(infeasible)} missed a condition` : '',
  ];
  const counts = [
    `${formatCount(done)} trials, ${formatCount(ranked)} of them on the whole window`,
    ...left.filter((text) => text !== ''),
  ];
  const values = (row: number): string =>
    holdout!.rows[row]!.values.map((value) => (value === null ? '-' : String(Number(value.toPrecision(4))))).join(', ');
  return [
    { label: 'Study', value: `${name}: ${mode}, seed ${seed}; ${counts.join(', ')}` },
    { label: 'Objective', value: objectives.join('; ') },
    ...(holdout === null || holdout.rows.length === 0
      ? []
      : [
          {
            label: 'Held out',
            value: `${holdout.from} to ${holdout.to}, not searched; the objective there: ${holdout.rows
              .slice(0, 5)
              .map((_, row) => `row ${row + 1} ${values(row)}`)
              .join(', ')}`,
          },
        ]),
  ];
}

export function executionSettings(execution: ExecutionJson): ReportSetting[] {
  const { direction, initialCash, costs, sizing, closeAtEnd, calendar, instrument } = execution;
  if (runsControllers(execution)) {
    return [
      { label: 'Capital', value: formatMoney(initialCash) },
      { label: 'Fee', value: `${formatPercent(costs.feeRate, 3)} of notional per side` },
      { label: 'Amounts, sides, exits', value: 'as the controller says' },
      { label: 'Executors open at the end', value: 'closed at the last close' },
      ...(instrument === undefined ? [] : [{ label: 'Instrument', value: instrumentText(instrument) }]),
      { label: 'Calendar', value: calendar },
    ];
  }
  return [
    { label: 'Direction', value: direction },
    { label: 'Initial cash', value: formatMoney(initialCash) },
    {
      label: 'Fee',
      value: `${formatPercent(costs.feeRate, 3)} per fill${costs.fixedFee > 0 ? ` + ${formatMoney(costs.fixedFee)}` : ''}`,
    },
    { label: 'Slippage', value: formatPercent(costs.slippage, 3) },
    { label: 'Sizing', value: `${sizing.kind} ${Number(sizing.value.toPrecision(10))}` },
    { label: 'Position left at the end', value: closeAtEnd ? 'closed, with costs' : 'marked at the last close' },
    { label: 'Calendar', value: calendar },
  ];
}

/** `5, 10, 15 … 50 (10 values)` beyond six. */
export function valuesText(values: readonly number[]): string {
  if (values.length <= 6) return values.join(', ');
  return `${values.slice(0, 3).join(', ')} … ${values.at(-1)} (${formatCount(values.length)} values)`;
}

const partText = ({ offset, limit }: ResultRecord['grid']): string =>
  `points ${formatCount(offset ?? 0)} to ${limit === null ? 'the end' : formatCount((offset ?? 0) + limit)}`;

const conditionText = ({ metric, operator, value }: ResultRecord['grid']['where'][number]): string =>
  `${metric} ${operator} ${value}`;

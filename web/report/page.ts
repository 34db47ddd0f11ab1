// What every section of the page works from: the data, quick look-ups, and the selection.
import type { MetricName } from '../../src/metrics/metrics.ts';
import { formatMetric, formatParameter, formatPercent } from '../../src/report/format.ts';
import type { ReportData, ReportDetail, ReportMetric, ReportRisk, ReportRow } from '../../src/report/report-data.ts';
import { typeset } from '../dom.ts';
import type { Selection } from './selection.ts';

export interface Page {
  readonly data: ReportData;
  readonly selection: Selection;
  readonly paramNames: readonly string[];
  readonly row: (rank: number) => ReportRow | undefined;
  readonly detail: (rank: number) => ReportDetail | undefined;
  readonly metric: (name: MetricName) => ReportMetric | undefined;
}

export function createPage(data: ReportData, selection: Selection): Page {
  const rows = new Map(data.rows.map((row) => [row.rank, row]));
  const details = new Map(data.details.map((detail) => [detail.rank, detail]));
  const metrics = new Map(data.metricDefinitions.map((metric) => [metric.name, metric]));
  return {
    data,
    selection,
    paramNames: Object.keys(data.rows[0]?.params ?? {}),
    row: (rank) => rows.get(rank),
    detail: (rank) => details.get(rank),
    metric: (name) => metrics.get(name),
  };
}

/** The barriers, in the order they are shown. */
export const RISKS: readonly { readonly key: keyof ReportRisk; readonly label: string; readonly heading: string }[] = [
  { key: 'stopLoss', label: 'stop-loss', heading: 'SL' },
  { key: 'takeProfit', label: 'take-profit', heading: 'TP' },
  { key: 'trailingStop', label: 'trailing stop', heading: 'Trail' },
  { key: 'timeLimit', label: 'time limit', heading: 'Limit' },
];

export function riskText(key: keyof ReportRisk, value: number | null | undefined): string {
  if (value === undefined || value === null) return 'off';
  return key === 'timeLimit'
    ? `${formatParameter(value)} bars`
    : `${formatParameter(Number((value * 100).toPrecision(10)))}%`;
}

/** A value of a grid axis: barriers as they are read, parameters as they were written. */
export function axisText(name: string, value: number | null): string {
  const risk = RISKS.find(({ key }) => key === name);
  return risk === undefined ? typeset(formatParameter(value)) : riskText(risk.key, value);
}

/** The name of a grid axis as it is read. */
export const axisName = (name: string): string => RISKS.find(({ key }) => key === name)?.label ?? name;

/** Parameters and barriers in use, as name and value. */
export function variantParts(row: Pick<ReportRow, 'params' | 'risk'>): [name: string, value: string][] {
  const params = Object.entries(row.params).map(([name, value]): [string, string] => [
    name,
    typeset(formatParameter(value)),
  ]);
  const risks = RISKS.flatMap(({ key, label }): [string, string][] =>
    row.risk[key] === undefined ? [] : [[label, riskText(key, row.risk[key])]],
  );
  return [...params, ...risks];
}

/** A metric of a row as the page prints it. */
export function metricText(metric: ReportMetric, value: number | null | undefined): string {
  return typeset(formatMetric(value, metric.unit));
}

export const shareText = (value: number | null | undefined): string => typeset(formatPercent(value));

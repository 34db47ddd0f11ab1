// Every metric of the chosen variant beside the best one, with its definition on hover, focus or tap.
import type { MetricName } from '../../src/metrics/metrics.ts';
import { SIGNED_METRICS } from '../../src/report/metric-columns.ts';
import type { ReportMetric, ReportSetting } from '../../src/report/report-data.ts';
import { el, section, signClass } from '../dom.ts';
import { metricText, type Page } from './page.ts';

const GROUPS: readonly { readonly title: string; readonly names: readonly MetricName[] }[] = [
  {
    title: 'Return',
    names: ['totalReturn', 'finalEquity', 'cagr', 'expectancy', 'averageTrade', 'bestTrade', 'worstTrade'],
  },
  {
    title: 'Risk',
    names: ['maxDrawdown', 'maxDrawdownBars', 'volatility', 'exposure', 'sharpe', 'sortino', 'calmar', 'omega'],
  },
  { title: 'Trades', names: ['trades', 'openTrades', 'winRate', 'profitFactor', 'averageHoldingBars', 'sqn'] },
];

export function metricsSection(page: Page): HTMLElement {
  const { data, selection } = page;
  const grouped = new Set(GROUPS.flatMap(({ names }) => names));
  const rest = data.metricDefinitions.filter(({ name }) => !grouped.has(name)).map(({ name }) => name);
  const groups = [...GROUPS, { title: 'Execution', names: rest }];
  const body = el('div', { class: 'metric-groups' });
  selection.onVariant((rank) => {
    const own = page.detail(rank)?.figures ?? [];
    const tables = groups.map(({ title, names }) => group(page, rank, title, names));
    body.replaceChildren(...tables, ...(own.length === 0 ? [] : [figures(page, own)]));
  });
  return section('metrics', 'Metrics', [el('span', { class: 'hint' }, 'Point at a name for its definition')], body);
}

function group(page: Page, rank: number, title: string, names: readonly MetricName[]): HTMLElement {
  const metrics = names.flatMap((name) => page.metric(name) ?? []);
  const compare = rank !== 1 && page.row(1) !== undefined;
  return el(
    'table',
    { class: 'metric-table' },
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col', class: 'left' }, title),
        el('th', { scope: 'col' }, compare ? `#${rank}` : ''),
        compare && el('th', { scope: 'col' }, '#1'),
      ),
    ),
    el('tbody', {}, ...metrics.map((metric) => metricRow(page, metric, rank, compare))),
  );
}

/** What the peer itself would print of this variant. */
function figures(page: Page, own: readonly ReportSetting[]): HTMLElement {
  const row = ({ label, value }: ReportSetting): HTMLElement =>
    el('tr', {}, el('th', { scope: 'row', class: 'left' }, label), el('td', { class: 'own' }, value));
  const title = `Summary of ${page.data.profile.name}`;
  const head = el('tr', {}, el('th', { scope: 'col', class: 'left' }, title), el('th', { scope: 'col' }, ''));
  return el('table', { class: 'metric-table' }, el('thead', {}, head), el('tbody', {}, ...own.map(row)));
}

function metricRow(page: Page, metric: ReportMetric, rank: number, compare: boolean): HTMLElement {
  const cell = (of: number, kind: string): HTMLElement => {
    const value = page.row(of)?.metrics[metric.name];
    const tone = SIGNED_METRICS.has(metric.name) ? signClass(value) : '';
    return el(
      'td',
      { class: `${kind} ${tone}`, title: value === null ? 'undefined or infinite here' : undefined },
      metricText(metric, value),
    );
  };
  const note = metric.note ?? metric.label;
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row', class: 'left' },
      el(
        'span',
        { class: 'defined', tabindex: 0 },
        metric.label,
        el('span', { class: 'definition', role: 'tooltip' }, note),
      ),
    ),
    cell(rank, 'own'),
    compare && cell(1, 'best'),
  );
}

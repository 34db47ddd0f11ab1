// The ranked table: sort, filter, choose a variant, copy as CSV.
import { formatCount } from '../../src/report/format.ts';
import { metricHeading, orderedMetrics, SIGNED_METRICS } from '../../src/report/metric-columns.ts';
import type { ReportRow } from '../../src/report/report-data.ts';
import { compileRowFilter } from '../../src/report/row-filter.ts';
import { DataTable, type TableColumn } from '../charts/table.ts';
import { el, section, signClass, typeset } from '../dom.ts';
import { copyButton } from './clipboard.ts';
import { rowsAsCsv } from './csv.ts';
import { metricText, type Page, RISKS, riskText } from './page.ts';

/** So many columns of parameters fit beside the first metrics. */
const FEW_PARAMETERS = 5;
const LEADING_METRICS = 4;

export function rankingSection(page: Page): HTMLElement {
  const { data, selection, paramNames } = page;
  const table = new DataTable<ReportRow>({
    label: 'Ranked variants',
    columns: rankingColumns(page),
    key: (row) => row.rank,
    onPick: (row) => selection.pickVariant(row.rank),
    emptyText: 'No variant passes this filter.',
    sort: { key: 'rank', direction: 'ascending' },
  });
  table.setRows(data.rows);
  const note = el('p', { class: 'footnote', role: 'status' });
  const tell = (problem?: string): void => {
    note.classList.toggle('problem', problem !== undefined);
    note.replaceChildren(
      problem === undefined
        ? countText(page, table.rows.length)
        : `${problem} All ${formatCount(data.rows.length)} ranked rows are shown.`,
    );
  };
  const filter = el('input', {
    type: 'search',
    class: 'filter',
    placeholder: 'Filter: sharpe > 1 trades >= 30',
    'aria-label': 'Filter variants by conditions such as sharpe > 1',
    spellcheck: 'false',
    autocomplete: 'off',
    oninput: () => {
      const test = compileRowFilter(filter.value, paramNames, data.metricDefinitions);
      const problem = typeof test === 'string' ? test : undefined;
      table.setRows(typeof test === 'string' ? data.rows : data.rows.filter(test), false);
      tell(problem);
    },
  });
  selection.onVariant((rank) => table.select(rank));
  tell();
  const copy = copyButton('Copy CSV', () => rowsAsCsv(table.rows, paramNames, data.metricDefinitions));
  return section('variants', 'Variants', [filter, copy], table.element, note);
}

function countText({ data }: Page, shown: number): string {
  const { rows, counts } = data;
  const all = rows.length === 1 ? '1 ranked row' : `${formatCount(rows.length)} ranked rows`;
  const kept = shown === rows.length ? all : `${formatCount(shown)} of ${all}`;
  const scored = `${formatCount(counts.scored)} of ${formatCount(counts.variants)} variants scored`;
  const preselect =
    counts.preselect === undefined ? '' : `, ${formatCount(counts.preselect)} preselected before barriers were tried`;
  const starred = data.details.length > 0 ? ' Curves and trades are stored for the rows with a dot.' : '';
  return `${kept}; ${scored}${preselect}.${starred}`;
}

function rankingColumns(page: Page): TableColumn<ReportRow>[] {
  const { data, paramNames } = page;
  const rank: TableColumn<ReportRow> = {
    key: 'rank',
    heading: '#',
    minWidth: 6,
    first: 'ascending',
    value: (row) => row.rank,
    text: (row) => formatCount(row.rank),
    tone: (row) => (page.detail(row.rank) === undefined ? 'rank' : 'rank stored'),
  };
  const params = paramNames.map(
    (name): TableColumn<ReportRow> => ({
      key: `param ${name}`,
      heading: name,
      first: 'ascending',
      value: (row) => row.params[name],
      text: (row) => typeset(String(row.params[name] ?? '–')),
    }),
  );
  const risks = RISKS.filter(({ key }) => data.rows.some((row) => row.risk[key] !== undefined)).map(
    ({ key, label, heading }): TableColumn<ReportRow> => ({
      key,
      heading,
      title: label,
      first: 'ascending',
      value: (row) => row.risk[key],
      text: (row) => riskText(key, row.risk[key]),
      tone: (row) => (row.risk[key] === undefined ? 'quiet' : ''),
    }),
  );
  const metrics = orderedMetrics(data.metricDefinitions, data.rankedBy).map(
    (metric): TableColumn<ReportRow> => ({
      key: metric.name,
      heading: metricHeading(metric),
      title: metric.note === undefined ? metric.label : `${metric.label}: ${metric.note}`,
      first: metric.better === 'higher' ? 'descending' : 'ascending',
      value: (row) => row.metrics[metric.name],
      text: (row) => metricText(metric, row.metrics[metric.name]),
      tone: (row) => (SIGNED_METRICS.has(metric.name) ? signClass(row.metrics[metric.name]) : ''),
    }),
  );
  const varied = [...params, ...risks];
  // A study varies a dozen parameters: what came of them must not lie beyond the right edge.
  const leading = varied.length > FEW_PARAMETERS ? LEADING_METRICS : 0;
  return [rank, ...metrics.slice(0, leading), ...varied, ...metrics.slice(leading)];
}

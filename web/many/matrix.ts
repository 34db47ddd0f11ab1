// Variants by cells: one row per ranked variant, one coloured value per cell, and the best that each cell has alone.
import { formatCount, formatMetric } from '../../src/report/format.ts';
import type { ReportMetric } from '../../src/report/report-data.ts';
import type { ManyRow } from '../../src/sweep/many-request.ts';
import { type ColourScale, colourScale, neutralValue, textOn } from '../charts/colour-scale.ts';
import { onThemeChange, readTheme } from '../charts/theme.ts';
import { dropDown, el, section, typeset } from '../dom.ts';
import { RISKS, riskText } from '../report/page.ts';
import type { ManyPage } from './many-page.ts';

export function matrixSection(page: ManyPage): HTMLElement {
  const { data, selection } = page;
  const { metrics, rows, omittedRows, cells } = data;
  let metric = metrics[0]!;
  const scroll = el('div', { class: 'matrix-scroll', tabindex: 0, role: 'region', 'aria-label': 'Variants by cells' });
  const draw = (): void => {
    scroll.replaceChildren(matrixTable(page, metric));
    mark(scroll, selection.rank);
  };
  const pick = dropDown(
    'Value',
    metrics.map(({ name, label }) => [name, label] as const),
    metric.name,
    (name) => {
      metric = metrics.find((one) => one.name === name)!;
      draw();
    },
  );
  draw();
  onThemeChange(draw);
  scroll.addEventListener('keydown', (event) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0 || rows[selection.rank - 1 + by] === undefined) return;
    event.preventDefault();
    selection.pickVariant(selection.rank + by);
  });
  selection.onVariant((rank) => mark(scroll, rank));
  const more = omittedRows > 0 ? ` ${formatCount(omittedRows)} more ranked rows are in the stored result.` : '';
  return section(
    'matrix',
    'Variants in every cell',
    [pick],
    scroll,
    el(
      'p',
      { class: 'footnote' },
      `${formatCount(rows.length)} rows, ${formatCount(cells.length)} cells. A row good in one column only was lucky there.${hasBests(page) ? ' The last row is the best variant of each cell alone, which nobody could have known; it shows what was to be had.' : ''}${more}`,
    ),
  );
}

/** A study does not look for the best of a cell by itself. */
const hasBests = ({ data }: ManyPage): boolean => data.cells.some(({ best }) => best !== null);

function mark(scroll: HTMLElement, rank: number): void {
  for (const line of scroll.querySelectorAll<HTMLElement>('tr[data-rank]')) {
    const chosen = line.dataset['rank'] === String(rank);
    line.classList.toggle('chosen', chosen);
    if (chosen) line.setAttribute('aria-current', 'true');
    else line.removeAttribute('aria-current');
  }
}

function matrixTable(page: ManyPage, metric: ReportMetric): HTMLElement {
  const { rows, cells, rankedBy, initialCash } = page.data;
  // What a cell's own best made may be far beyond; it takes the colour of the end.
  const values = rows.flatMap((row) => row.cells.flatMap((cell) => cell[metric.name] ?? []));
  const scale = colourScale(values, {
    centre: neutralValue(metric.name, initialCash),
    better: metric.better,
    dark: readTheme().dark,
  });
  const first = rows[0]!;
  const paramNames = Object.keys(first.params);
  const risks = RISKS.filter(({ key }) => rows.some((row) => row.risk[key] !== undefined));
  const showsRank = metric.name === rankedBy;
  const lead = ['#', ...paramNames, ...risks.map(({ heading }) => heading)];
  const line = (row: ManyRow): HTMLElement => {
    const texts = [
      formatCount(row.rank),
      ...paramNames.map((name) => String(row.params[name])),
      ...risks.map(({ key }) => riskText(key, row.risk[key])),
    ];
    const summaries = showsRank ? [row.median, row.mean, row.worst].map((value) => summaryCell(value, metric)) : [];
    return el(
      'tr',
      { 'data-rank': row.rank, onclick: () => page.selection.pickVariant(row.rank) },
      ...texts.map((text, i) => el('td', { class: i === 0 ? 'rank' : '' }, text)),
      ...summaries,
      el('td', { class: 'gained' }, `${Math.round(row.profitable * cells.length)}/${cells.length}`),
      ...row.cells.map((cell) => heatCell(cell[metric.name] ?? null, metric, scale)),
    );
  };
  const headings = [...lead, ...(showsRank ? ['Median', 'Mean', 'Worst'] : []), 'Gained'];
  return el(
    'table',
    { class: 'matrix' },
    el('thead', {}, ...headRows(page, headings)),
    el('tbody', {}, ...rows.map(line)),
    hasBests(page) && el('tfoot', {}, bestLine(page, headings.length, metric, scale)),
  );
}

/** Markets above their windows, where there are several of both. */
function headRows({ data: { cells } }: ManyPage, lead: readonly string[]): HTMLElement[] {
  const markets = [...new Set(cells.map(({ market }) => market))];
  const nested = markets.length > 1 && cells.length > markets.length;
  const leadCells = lead.map((text, i) =>
    el('th', { scope: 'col', rowspan: nested ? 2 : 1, class: i === 0 ? 'rank' : '' }, text),
  );
  const cellHead = (index: number): HTMLElement => {
    const { cell, market, window, label, firstBar, lastBar } = cells[index]!;
    const text = nested ? firstBar.slice(0, 10) : label;
    const title = `Cell ${cell}: ${market} ${window}, ${firstBar.slice(0, 16)} to ${lastBar.slice(0, 16)}`;
    return el('th', { scope: 'col', class: 'cell', title }, text);
  };
  if (!nested) return [el('tr', {}, ...leadCells, ...cells.map((_, i) => cellHead(i)))];
  const groups = markets.map((market) =>
    el(
      'th',
      { scope: 'colgroup', class: 'group', colspan: cells.filter((cell) => cell.market === market).length },
      market,
    ),
  );
  return [el('tr', {}, ...leadCells, ...groups), el('tr', {}, ...cells.map((_, i) => cellHead(i)))];
}

function summaryCell(value: number | null, metric: ReportMetric): HTMLElement {
  return el('td', { class: 'summary' }, typeset(formatMetric(value, metric.unit)));
}

function heatCell(value: number | null, metric: ReportMetric, scale: ColourScale, title?: string): HTMLElement {
  const text = typeset(formatMetric(value, metric.unit));
  if (value === null) return el('td', { class: 'heat none', title: title ?? 'undefined here' }, text);
  const colour = scale.colour(value);
  return el('td', { class: 'heat', style: `background: ${colour}; color: ${textOn(colour)}`, title }, text);
}

function bestLine({ data: { cells } }: ManyPage, span: number, metric: ReportMetric, scale: ColourScale): HTMLElement {
  return el(
    'tr',
    {},
    el('th', { scope: 'row', colspan: span, class: 'left' }, 'Best of the cell alone'),
    ...cells.map(({ best }, i) =>
      heatCell(best?.cells[i]?.[metric.name] ?? null, metric, scale, best === null ? undefined : best.variantKey),
    ),
  );
}

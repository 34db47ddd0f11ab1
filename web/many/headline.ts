// The numbers a trader asks for first about a variant in many cells, and the warnings that belong beside them.
import { formatCount, formatMetric, formatPercent } from '../../src/report/format.ts';
import { worstCell } from '../../src/report/many-rows.ts';
import { SIGNED_METRICS } from '../../src/report/metric-columns.ts';
import type { ManyRow } from '../../src/sweep/many-request.ts';
import { el, signClass, typeset } from '../dom.ts';
import { costless } from '../report/masthead.ts';
import type { ManyPage } from './many-page.ts';

export function manyHeadline(page: ManyPage): HTMLElement {
  const { data, selection } = page;
  const list = el('dl', { class: 'headline many-headline' });
  const caption = el('p', { class: 'caption' });
  selection.onVariant((rank) => {
    const row = data.rows[rank - 1]!;
    const which = rank === 1 ? 'Best' : `Rank ${formatCount(rank)}`;
    caption.replaceChildren(`${which} of ${formatCount(data.counts.scored)} scored variants. ${data.ranking}`);
    list.replaceChildren(...figures(page, row));
  });
  return el(
    'section',
    { class: 'headline-panel', 'aria-label': 'Headline numbers' },
    caption,
    list,
    el('p', { class: 'caution' }, cautionText(page)),
    costless(data),
  );
}

function figures({ data }: ManyPage, row: ManyRow): HTMLElement[] {
  const { cells } = data;
  const metric = data.metrics[0]!;
  const text = (value: number | null): string => typeset(formatMetric(value, metric.unit));
  const figure = (label: string, value: string, beside: string, tone = ''): HTMLElement =>
    el(
      'div',
      { class: 'figure' },
      el('dt', {}, label),
      el('dd', { class: tone }, value),
      el('dd', { class: 'beside' }, beside),
    );
  const toned = (value: number | null): string => (SIGNED_METRICS.has(metric.name) ? signClass(value) : '');
  const worst = worstCell(row, metric);
  const name = data.rankPhrase;
  const gained = Math.round(row.profitable * cells.length);
  const trades = row.cells.map((cell) => cell.trades ?? 0);
  const fewest = trades.indexOf(Math.min(...trades));
  return [
    figure(`Median ${name}`, text(row.median), 'half of the cells did better', toned(row.median)),
    figure(`Mean ${name}`, text(row.mean), 'one cell can make it', toned(row.mean)),
    figure(`Worst ${name}`, text(row.worst), worst < 0 ? 'a cell has none' : cells[worst]!.label, toned(row.worst)),
    figure('Cells with a gain', `${gained} of ${cells.length}`, formatPercent(row.profitable, 0)),
    figure('Fewest trades', formatCount(row.fewestTrades), cells[fewest]!.label),
  ];
}

function cautionText({ data: { counts, cells, rows } }: ManyPage): string {
  const everywhere = rows.filter((row) => row.profitable === 1).length;
  const gained = `${everywhere === 0 ? 'None' : formatCount(everywhere)} of the ${formatCount(rows.length)} rows below gained in every cell.`;
  const undefinedText =
    counts.undefinedScores === 0
      ? ''
      : ` ${formatCount(counts.undefinedScores)} variants have no value in some cell, such as one without trades or losses, and rank last.`;
  return `${gained}${undefinedText} ${formatCount(counts.scored)} variants were tried on these ${formatCount(cells.length)} cells and ranked by hindsight: cells that move together, such as coins of one year, are less evidence than their number says.`;
}

// The best variants of each market by its own windows, beside what they are worth across all cells.
import { formatMetric, formatPercent } from '../../src/report/format.ts';
import { variantText } from '../../src/report/many-rows.ts';
import { SIGNED_METRICS } from '../../src/report/metric-columns.ts';
import { el, section, signClass, typeset } from '../dom.ts';
import type { ManyPage } from './many-page.ts';

export function marketsSection({ data }: ManyPage): HTMLElement {
  const { markets, across, cells } = data;
  const metric = data.metrics[0]!;
  const summary = across === 'profitable' ? 'mean' : across;
  const name = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}`;
  const value = (of: number | null): HTMLElement =>
    el('td', { class: SIGNED_METRICS.has(metric.name) ? signClass(of) : '' }, typeset(formatMetric(of, metric.unit)));
  const own = (score: number | null): HTMLElement =>
    across === 'profitable' ? el('td', {}, formatPercent(score, 0)) : value(score);
  const lines = markets.flatMap(({ market, top }) =>
    top.map((row, i) =>
      el(
        'tr',
        { class: i === 0 ? 'first' : '' },
        el('th', { scope: 'row', class: 'left' }, i === 0 ? market : ''),
        el('td', { class: 'left' }, variantText(row)),
        own(row.score),
        value(row[summary]),
        el('td', {}, `${Math.round(row.profitable * cells.length)} of ${cells.length}`),
      ),
    ),
  );
  const headings = [
    across === 'profitable' ? 'Own windows with a gain' : `${name} ${data.rankPhrase} of its own windows`,
    `${name} of all cells`,
    'Cells with a gain',
  ];
  return section(
    'markets',
    'The best of each market',
    [],
    el(
      'div',
      { class: 'market-scroll' },
      el(
        'table',
        { class: 'metric-table market-table' },
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            el('th', { scope: 'col', class: 'left' }, 'Market'),
            el('th', { scope: 'col', class: 'left' }, 'Variant'),
            ...headings.map((text) => el('th', { scope: 'col' }, text)),
          ),
        ),
        el('tbody', {}, ...lines),
      ),
    ),
    el(
      'p',
      { class: 'footnote' },
      'What a market would have chosen for itself, and what the same variant is worth in all cells. A large fall from one to the other is a choice that fits one market only.',
    ),
  );
}

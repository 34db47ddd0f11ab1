// The page of a sweep over many cells: headline, variants by cells, the chosen variant in each cell, markets, assumptions.
import { formatCount, formatDuration, formatTime, isDateOnly } from '../../src/report/format.ts';
import type { ManyReportData } from '../../src/report/many-report-data.ts';
import { type Child, el, section } from '../dom.ts';
import { hash, type Pair, pairs, qualityNotes, strategyBlock } from '../report/assumptions.ts';
import { banners, part } from '../report/masthead.ts';
import { variantParts } from '../report/page.ts';
import { Selection } from '../report/selection.ts';
import { cellsSection } from './cells.ts';
import { manyHeadline } from './headline.ts';
import { marketsSection } from './markets.ts';
import { matrixSection } from './matrix.ts';

export interface ManyPage {
  readonly data: ManyReportData;
  readonly selection: Selection;
}

export function manyPage(data: ManyReportData): Child[] {
  const page: ManyPage = { data, selection: new Selection(data.rows[0]?.rank ?? 1) };
  const hasRows = data.rows.length > 0;
  const sections = hasRows
    ? [manyHeadline(page), matrixSection(page), cellsSection(page), data.markets.length > 0 && marketsSection(page)]
    : [el('p', { class: 'empty' }, noRowsText(data))];
  return [masthead(data), hasRows && variantBar(page), el('main', {}, ...sections, assumptions(page))];
}

function noRowsText({ counts }: ManyReportData): string {
  return counts.excluded > 0
    ? `None of the ${formatCount(counts.scored)} variants meets the conditions in every cell, so there is nothing to rank.`
    : 'No variant was scored in every cell, so there is nothing to rank.';
}

function masthead(data: ManyReportData): HTMLElement {
  const { cells, timeframe, counts, profile } = data;
  const dateOnly = isDateOnly(timeframe);
  const first = Math.min(...cells.map(({ firstBar }) => Date.parse(firstBar)));
  const last = Math.max(...cells.map(({ lastBar }) => Date.parse(lastBar)));
  const facts = [
    [...new Set(cells.map(({ market }) => market))].join(', '),
    `${formatTime(first, dateOnly)} to ${formatTime(last, dateOnly)} UTC`,
    `${formatCount(cells.length)} cells`,
    `${formatCount(counts.variants)} variants`,
    `profile ${profile.name}`,
  ];
  return el(
    'header',
    { class: 'masthead' },
    el('div', { class: 'brand' }, 'Gridmill'),
    el('h1', {}, data.title),
    el('p', { class: 'facts' }, ...facts.map((fact) => el('span', {}, fact))),
    ...banners(data.synthetic, counts),
  );
}

/** Stays in view: the chosen variant, a step to its neighbours, and the sections. */
function variantBar({ data, selection }: ManyPage): HTMLElement {
  const { rows, markets } = data;
  const label = el('div', { class: 'variant', 'aria-live': 'polite' });
  const has = (rank: number): boolean => rank >= 1 && rank <= rows.length;
  const step = (by: number): void => {
    if (has(selection.rank + by)) selection.pickVariant(selection.rank + by);
  };
  const button = (by: number, text: string, name: string): HTMLButtonElement =>
    el('button', { type: 'button', class: 'step', 'aria-label': name, onclick: () => step(by) }, text);
  const previous = button(-1, '‹', 'Better variant');
  const next = button(1, '›', 'Next variant');
  selection.onVariant((rank) => {
    previous.disabled = !has(rank - 1);
    next.disabled = !has(rank + 1);
    const parts = variantParts(rows[rank - 1]!).map(part);
    label.replaceChildren(el('b', {}, `#${formatCount(rank)}`), ...parts);
  });
  const links = [
    ['matrix', 'Variants'],
    ['cells', 'Cells'],
    ...(markets.length > 0 ? [['markets', 'Markets'] as const] : []),
    ['assumptions', 'Assumptions'],
  ] as const;
  return el(
    'nav',
    { class: 'variant-bar', 'aria-label': 'Variant and sections' },
    el('div', { class: 'stepper' }, rows.length > 1 && previous, label, rows.length > 1 && next),
    el('div', { class: 'links' }, ...links.map(([id, text]) => el('a', { href: `#${id}` }, text))),
  );
}

function assumptions({ data }: ManyPage): HTMLElement {
  const { counts, cells } = data;
  const result: Pair[] = [
    ['Strategy', data.strategy.name],
    ['Variants', formatCount(counts.variants)],
    ['Scored in every cell', formatCount(counts.scored)],
    ['Back-tests', formatCount(counts.scored * cells.length)],
    ...(counts.preselect === undefined ? [] : [['Preselected', formatCount(counts.preselect)] as const]),
    ['Left out by conditions', formatCount(counts.excluded)],
    ['Engine', `${data.engine}, version ${data.engineVersion}`],
    ['Compute time', formatDuration(data.timing.computeMs)],
    ['Created', data.createdAt],
    ['Result hash', hash(data.resultHash)],
  ];
  const settings = data.settings.map(({ label, value }): Pair => [label, value]);
  const candles = cells.map(({ cell, label, dataHash }): Pair => [`${cell} ${label}`, hash(dataHash.slice(0, 16))]);
  return section(
    'assumptions',
    'Assumptions and data',
    [],
    el('blockquote', {}, el('b', {}, `Profile ${data.profile.name}. `), data.profile.assumption),
    el(
      'div',
      { class: 'pair-columns' },
      pairs('Settings', settings),
      pairs('Cells and their data hashes', candles),
      pairs('Result', result),
    ),
    qualityNotes([...data.notes, ...data.quality]),
    strategyBlock(data.strategy),
  );
}

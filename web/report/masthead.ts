// The head of the page: what was tested, loud warnings, the sticky variant bar, and the headline numbers.
import {
  formatCount,
  formatDuration,
  formatMetric,
  formatSignedPercent,
  formatTime,
  isDateOnly,
} from '../../src/report/format.ts';
import { SIGNED_METRICS } from '../../src/report/metric-columns.ts';
import type { ReportData, ReportRow } from '../../src/report/report-data.ts';
import { el, signClass, typeset } from '../dom.ts';
import { metricText, type Page, shareText, variantParts } from './page.ts';

export function masthead({ data }: Page): HTMLElement {
  const { market, counts } = data;
  const dateOnly = isDateOnly(market.timeframe);
  const facts = [
    `${market.label}, ${market.timeframe}`,
    `${formatTime(market.from, dateOnly)} to ${formatTime(market.to, dateOnly)} UTC`,
    `${formatCount(market.bars)} bars`,
    variantsText(counts),
    `profile ${data.profile.name}`,
  ];
  return el(
    'header',
    { class: 'masthead' },
    el('div', { class: 'brand' }, 'Gridmill'),
    el('h1', {}, data.title),
    el('p', { class: 'facts' }, ...facts.map((fact) => el('span', {}, fact))),
    ...banners(market.synthetic, counts),
  );
}

function variantsText({ scored, variants }: ReportData['counts']): string {
  if (variants === 1) return '1 variant';
  const all = `${formatCount(variants)} variants`;
  return scored < variants ? `${formatCount(scored)} of ${all}` : all;
}

export function banners(synthetic: boolean, counts: ReportData['counts']): HTMLElement[] {
  const banner = (title: string, text: string): HTMLElement =>
    el('div', { class: 'banner', role: 'alert' }, el('strong', {}, title), el('span', {}, text));
  const list: HTMLElement[] = [];
  if (synthetic) {
    list.push(
      banner(
        'Synthetic data',
        'These candles were generated, not traded. The numbers below say nothing about any market.',
      ),
    );
  }
  if (counts.partial !== undefined) {
    const why = counts.partial === 'deadline' ? 'The run reached its deadline' : 'The run was cancelled';
    const scored = `${formatCount(counts.scored)} of ${formatCount(counts.variants)} variants were scored`;
    list.push(banner('Partial result', `${why}: ${scored}. The best variant may be among the others.`));
  }
  return list;
}

/** Stays in view: the chosen variant, a step to its neighbours, and the sections. */
export function variantBar(page: Page): HTMLElement {
  const { data, selection } = page;
  const label = el('div', { class: 'variant', 'aria-live': 'polite' });
  const step = (by: number): void => {
    if (page.row(selection.rank + by) !== undefined) selection.pickVariant(selection.rank + by);
  };
  const previous = el(
    'button',
    { type: 'button', class: 'step', 'aria-label': 'Better variant', onclick: () => step(-1) },
    '‹',
  );
  const next = el(
    'button',
    { type: 'button', class: 'step', 'aria-label': 'Next variant', onclick: () => step(1) },
    '›',
  );
  selection.onVariant((rank) => {
    const row = page.row(rank);
    previous.disabled = page.row(rank - 1) === undefined;
    next.disabled = page.row(rank + 1) === undefined;
    label.replaceChildren(
      el('b', {}, `#${formatCount(rank)}`),
      ...(row === undefined ? [] : variantParts(row).map(part)),
    );
  });
  const links = [
    ['performance', 'Performance'],
    ['variants', 'Variants'],
    ['trades', 'Trades'],
    ['metrics', 'Metrics'],
    ['assumptions', 'Assumptions'],
  ] as const;
  return el(
    'nav',
    { class: 'variant-bar', 'aria-label': 'Variant and sections' },
    el('div', { class: 'stepper' }, data.rows.length > 1 && previous, label, data.rows.length > 1 && next),
    el('div', { class: 'links' }, ...links.map(([id, text]) => el('a', { href: `#${id}` }, text))),
  );
}

export const part = ([name, value]: [string, string]): HTMLElement =>
  el('span', { class: 'part' }, el('i', {}, name), ` ${value}`);

/** Six numbers a trader asks for first, each with the one beside it that puts it in proportion. */
export function headline(page: Page): HTMLElement {
  const { data, selection } = page;
  const list = el('dl', { class: 'headline' });
  const caption = el('p', { class: 'caption' });
  selection.onVariant((rank) => {
    const row = page.row(rank);
    caption.replaceChildren(captionText(page, rank));
    list.replaceChildren(...(row === undefined ? [] : headlineItems(page, row)));
  });
  return el(
    'section',
    { class: 'headline-panel', 'aria-label': 'Headline numbers' },
    caption,
    list,
    caution(data),
    costless(data),
  );
}

function captionText({ data }: Page, rank: number): string {
  const { scored } = data.counts;
  if (scored <= 1) return 'The one variant of this run';
  return rank === 1
    ? `Best of ${formatCount(scored)} scored variants`
    : `Rank ${formatCount(rank)} of ${formatCount(scored)} scored variants`;
}

function headlineItems(page: Page, row: ReportRow): HTMLElement[] {
  const { metrics } = row;
  const value = (name: keyof typeof metrics): string => {
    const metric = page.metric(name);
    return metric === undefined ? '–' : metricText(metric, metrics[name]);
  };
  const item = (name: keyof typeof metrics, label: string, beside: string): HTMLElement =>
    el(
      'div',
      { class: 'figure', title: page.metric(name)?.note },
      el('dt', {}, label),
      el(
        'dd',
        { class: SIGNED_METRICS.has(name) ? signClass(metrics[name]) : '', 'data-metric': name },
        name === 'totalReturn' ? typeset(formatSignedPercent(metrics[name])) : value(name),
      ),
      el('dd', { class: 'beside' }, beside),
    );
  const held = formatMetric(metrics.averageHoldingBars, 'count');
  return [
    item('totalReturn', 'Total return', benchmarkText(page, row)),
    item('maxDrawdown', 'Max drawdown', longestText(page, row)),
    item('sharpe', 'Sharpe ratio', `Sortino ${value('sortino')}`),
    item('trades', 'Trades', metrics.trades === 0 ? 'no closed trade' : `held ${held} bars on average`),
    item('winRate', 'Win rate', `average trade ${value('averageTrade')}`),
    item('profitFactor', 'Profit factor', `expectancy ${value('expectancy')}`),
  ];
}

const DAY_MS = 86_400_000;

/** Bars as time by the average step between bars, which counts nights and weekends in as the calendar does. */
function longestText({ data: { market } }: Page, { metrics }: ReportRow): string {
  const bars = metrics.maxDrawdownBars;
  const text = `longest ${formatCount(bars)} bars`;
  if (bars === null || bars === 0 || market.bars < 2) return text;
  const ms = (bars * (market.to - market.from)) / (market.bars - 1);
  return `${text} (${ms < 2 * DAY_MS ? formatDuration(ms) : `${formatCount(Math.round(ms / DAY_MS))} days`})`;
}

function benchmarkText(page: Page, row: ReportRow): string {
  // Buy & hold is the same for every variant, so any stored curve will do.
  const last = (page.detail(row.rank) ?? page.data.details[0])?.equity.buyAndHold.at(-1);
  if (last === undefined) return `CAGR ${shareText(row.metrics.cagr)}`;
  return `buy & hold ${shareText(last / page.data.initialCash - 1)}`;
}

function caution({ counts }: ReportData): HTMLElement {
  const tried = formatCount(counts.scored);
  const text =
    counts.scored <= 1
      ? 'One variant was scored here; every variant tried before this run counts too when you judge how much of the result is luck.'
      : `${tried} variants were tried on the same history and ranked by hindsight, so part of what the best ones show is luck of selection: expect less on data they have not seen.`;
  return el('p', { class: 'caution' }, typeset(text));
}

export function costless(data: Pick<ReportData, 'costless'>): HTMLElement | null {
  if (data.costless !== true) return null;
  const text = 'Fees and slippage are 0 in this run, so every trade is flattered: repeat it with --fee and --slippage.';
  return el('p', { class: 'caution costless' }, el('strong', {}, 'No costs are charged. '), text);
}

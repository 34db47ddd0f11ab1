// What the numbers rest on: fill rules, settings, data and its flaws, hashes, and the way to repeat the run.
import { formatCount, formatDuration, formatTime, isDateOnly } from '../../src/report/format.ts';
import { type Child, el, section } from '../dom.ts';
import { copyButton } from './clipboard.ts';
import type { Page } from './page.ts';
import { reproduceCommand } from './reproduce.ts';

export type Pair = readonly [label: string, value: Child];

export function assumptionsSection(page: Page): HTMLElement {
  const { data } = page;
  return section(
    'assumptions',
    'Assumptions and data',
    [],
    el('blockquote', {}, el('b', {}, `Profile ${data.profile.name}. `), data.profile.assumption),
    el(
      'div',
      { class: 'pair-columns' },
      pairs(
        'Settings',
        data.settings.map(({ label, value }): Pair => [label, value]),
      ),
      pairs('Data', dataPairs(page)),
      pairs('Result', resultPairs(page)),
    ),
    qualityNotes(data.market.quality),
    commandBlock(page),
    strategyBlock(data.strategy),
  );
}

export function pairs(title: string, list: readonly Pair[]): HTMLElement {
  const items = list.map(([label, value]) => el('div', {}, el('dt', {}, label), el('dd', {}, value)));
  return el('div', {}, el('h3', {}, title), el('dl', { class: 'pairs' }, ...items));
}

function dataPairs({ data }: Page): Pair[] {
  const { market } = data;
  const dateOnly = isDateOnly(market.timeframe);
  return [
    ['Market', market.label],
    ['Timeframe', market.timeframe],
    ['First bar', `${formatTime(market.from, dateOnly)} UTC`],
    ['Last bar', `${formatTime(market.to, dateOnly)} UTC`],
    ['Bars', formatCount(market.bars)],
    ['Origin', market.synthetic ? 'synthetic: generated, never traded' : 'recorded market'],
    ['Data hash', hash(data.dataHash)],
  ];
}

function resultPairs({ data }: Page): Pair[] {
  const { counts, timing } = data;
  return [
    ['Strategy', data.strategy.name],
    ['Variants', formatCount(counts.variants)],
    ['Scored', formatCount(counts.scored)],
    ...(counts.preselect === undefined ? [] : [['Preselected', formatCount(counts.preselect)] as const]),
    ['Engine', `${data.engine}, version ${data.engineVersion}`],
    ['Compute time', formatDuration(timing.computeMs)],
    ...(timing.downloadMs === undefined ? [] : [['Download time', formatDuration(timing.downloadMs)] as const]),
    ['Created', data.createdAt],
    ['Result hash', hash(data.resultHash)],
  ];
}

export const hash = (text: string): HTMLElement => el('code', { class: 'hash' }, text);

export function qualityNotes(notes: readonly string[]): HTMLElement {
  if (notes.length === 0)
    return el('p', { class: 'footnote' }, 'The quality checks found nothing to report in these candles.');
  return el(
    'div',
    {},
    el('h3', {}, 'Data quality'),
    el('ul', { class: 'notes' }, ...notes.map((note) => el('li', {}, note))),
  );
}

function commandBlock(page: Page): HTMLElement | null {
  if (page.data.reproduce === undefined) return null;
  const code = el('code', {});
  page.selection.onVariant((rank) => code.replaceChildren(reproduceCommand(page, rank) ?? ''));
  return el(
    'div',
    {},
    el('h3', {}, 'Reproduce the chosen row'),
    el(
      'div',
      { class: 'command-line' },
      code,
      copyButton('Copy', () => code.textContent ?? ''),
    ),
  );
}

export function strategyBlock({ description, source }: Page['data']['strategy']): HTMLElement | null {
  if (description === undefined && source === undefined) return null;
  return el(
    'div',
    {},
    el('h3', {}, 'Strategy'),
    description !== undefined && el('p', { class: 'description' }, description),
    source !== undefined && el('details', {}, el('summary', {}, 'Source'), el('pre', { tabindex: 0 }, source)),
  );
}

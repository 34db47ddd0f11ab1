// The performance section: equity against buy & hold and the drawdown of the chosen variant.

import { formatMoney, formatTime, isDateOnly } from '../../src/report/format.ts';
import { EquityChart } from '../charts/equity.ts';
import { el, emptyState, section, typeset } from '../dom.ts';
import { type Page, shareText } from './page.ts';
import { reproduceHint } from './reproduce.ts';

export function performanceSection(page: Page): HTMLElement {
  const { data, selection } = page;
  const dateOnly = isDateOnly(data.market.timeframe);
  const readout = el('div', { class: 'readout', 'aria-live': 'off' });
  const rule = el('p', { class: 'footnote' });
  const write = (point: { time: number; equity: number; buyAndHold: number; drawdown: number }): void =>
    readout.replaceChildren(
      el('span', { class: 'when' }, formatTime(point.time, dateOnly)),
      legend('strategy', 'Strategy', formatMoney(point.equity), shareText(point.equity / data.initialCash - 1)),
      legend(
        'benchmark',
        'Buy & hold',
        formatMoney(point.buyAndHold),
        shareText(point.buyAndHold / data.initialCash - 1),
      ),
      legend('drawdown', 'Drawdown', shareText(point.drawdown)),
    );
  let last: Parameters<typeof write>[0] | null = null;
  const chart = new EquityChart({ onRead: (point) => (point ?? last) !== null && write((point ?? last)!) });

  const logarithm = el('input', { type: 'checkbox', onchange: () => chart.setLogarithmic(logarithm.checked) });
  const reset = el('button', { type: 'button', onclick: () => chart.showAll() }, 'Show all');
  const body = el('div', {});
  selection.onVariant((rank) => {
    const equity = page.detail(rank)?.equity;
    const absent = equity === undefined || equity.time.length === 0;
    reset.disabled = absent;
    // A ruined account has no logarithm.
    logarithm.disabled = absent || equity.equity.some((value) => value <= 0);
    if (logarithm.disabled && logarithm.checked) {
      logarithm.checked = false;
      chart.setLogarithmic(false);
    }
    if (absent) {
      body.replaceChildren(emptyState('No equity curve is stored for this variant. ', reproduceHint(page, rank)));
      return;
    }
    body.replaceChildren(readout, chart.element, rule);
    const end = equity.time.length - 1;
    last = {
      time: equity.time[end]!,
      equity: equity.equity[end]!,
      buyAndHold: equity.buyAndHold[end]!,
      drawdown: equity.drawdown[end]!,
    };
    write(last);
    rule.replaceChildren(`${equity.rule} Buy & hold is the close over the first close, without costs. Drag to zoom.`);
    chart.setData(equity);
  });
  selection.onTrade((index) => {
    const trades = page.detail(selection.rank)?.trades;
    chart.setBand(index === null || trades === undefined ? null : [trades.entryTime[index]!, trades.exitTime[index]!]);
  });
  return section('performance', 'Performance', [el('label', { class: 'check' }, logarithm, 'Log scale'), reset], body);
}

function legend(kind: string, label: string, value: string, beside?: string): HTMLElement {
  return el(
    'span',
    { class: `key ${kind}` },
    label,
    el('b', {}, typeset(value)),
    beside !== undefined && el('em', {}, beside),
  );
}

// The trades section: candles with markers above the trade list, each leading to the other.
import {
  formatCount,
  formatMoney,
  formatPrice,
  formatSignedPercent,
  formatSize,
  formatTime,
  isDateOnly,
} from '../../src/report/format.ts';
import type { ReportTrades } from '../../src/report/report-data.ts';
import { CandleChart, type CandleView } from '../charts/candles.ts';
import { DataTable, type TableColumn } from '../charts/table.ts';
import { el, emptyState, section, signClass, typeset } from '../dom.ts';
import type { Page } from './page.ts';
import { reproduceHint } from './reproduce.ts';

export function tradesSection(page: Page): HTMLElement {
  const { data, selection } = page;
  const { candles } = data;
  const dateOnly = isDateOnly(data.market.timeframe);
  const host = el('div', { class: 'candle-chart' });
  const showAll = el('button', { type: 'button', onclick: () => selection.pickTrade(null) }, 'Show all');
  const resolution = el('span', { class: 'hint' });
  const listHost = el('div', {});
  let shown: ReportTrades | undefined;
  const table = new DataTable<number>({
    label: 'Trades',
    columns: tradeColumns(
      () => shown!,
      dateOnly,
      data.details.some(({ trades }) => trades.tag !== undefined),
    ),
    key: (index) => index,
    onPick: (index) => selection.pickTrade(index),
    emptyText: 'No trades.',
    sort: { key: 'number', direction: 'ascending' },
  });
  table.element.classList.add('trade-list');
  const chart =
    candles === undefined || candles.overview.time.length === 0
      ? null
      : new CandleChart(host, candles, {
          dateOnly,
          onPickTrade: (index) => selection.pickTrade(index),
          onView: (view) => resolution.replaceChildren(viewText(candles.barsPerCandle, data.market.timeframe, view)),
        });

  selection.onVariant((rank) => {
    const trades = page.detail(rank)?.trades;
    // The table goes on drawing while it leaves the page, so it must hold no row of the variant before.
    table.setRows([]);
    shown = trades;
    table.setRows(trades?.side.map((_, index) => index) ?? []);
    table.select(null, false);
    showAll.disabled = trades === undefined || chart === null;
    chart?.setTrades(trades ?? null);
    if (trades === undefined)
      listHost.replaceChildren(emptyState('No trades are stored for this variant. ', reproduceHint(page, rank)));
    else if (trades.side.length === 0)
      listHost.replaceChildren(
        emptyState('This variant never traded. Its entry conditions did not meet in this window.'),
      );
    else listHost.replaceChildren(table.element, ...(trades.omitted > 0 ? [omittedNote(trades)] : []));
  });
  selection.onTrade((index) => {
    table.select(index);
    if (index === null) chart?.showAll();
    else chart?.showTrade(index);
  });
  return section(
    'trades',
    'Trades',
    [resolution, showAll],
    chart === null ? emptyState('No candles are stored in this report.') : host,
    chart !== null && markerLegend(),
    listHost,
  );
}

const omittedNote = (trades: ReportTrades): HTMLElement =>
  el(
    'p',
    { class: 'footnote' },
    `The first ${formatCount(trades.side.length)} trades are listed; ${formatCount(trades.omitted)} more are left out.`,
  );

function viewText(barsPerCandle: number, timeframe: string, { closeUp, crowd }: CandleView): string {
  const crowded = crowd > 0 ? `${formatCount(crowd)} trades in view: zoom in to see their marks.` : '';
  if (barsPerCandle === 1) return crowded;
  const resolution = closeUp
    ? `Close-up: every ${timeframe} bar.`
    : `One candle is ${formatCount(barsPerCandle)} bars of ${timeframe}.`;
  return `${resolution} ${crowded}`;
}

function markerLegend(): HTMLElement {
  const mark = (kind: string, symbol: string, text: string): HTMLElement =>
    el('span', {}, el('i', { class: kind, 'aria-hidden': 'true' }, symbol), text);
  return el(
    'p',
    { class: 'marker-legend' },
    mark('long', '▲', 'long entry'),
    mark('short', '▼', 'short entry'),
    mark('gain', '●', 'exit with profit'),
    mark('loss', '●', 'exit with loss'),
    el(
      'span',
      { class: 'attribution' },
      'Charts by ',
      el(
        'a',
        { href: 'https://www.tradingview.com/', rel: 'noopener noreferrer', target: '_blank' },
        'TradingView Lightweight Charts',
      ),
    ),
  );
}

/** Columns over trade indexes; `trades` gives the columns of the variant shown. */
function tradeColumns(trades: () => ReportTrades, dateOnly: boolean, hasTags: boolean): TableColumn<number>[] {
  const number = (
    key: 'entryPrice' | 'exitPrice' | 'size' | 'fees' | 'bars',
    heading: string,
    format: (value: number) => string,
  ): TableColumn<number> => ({
    key,
    heading,
    value: (i) => trades()[key][i],
    text: (i) => format(trades()[key][i]!),
  });
  const time = (key: 'entryTime' | 'exitTime', heading: string): TableColumn<number> => ({
    key,
    heading,
    align: 'left',
    first: 'ascending',
    value: (i) => trades()[key][i],
    text: (i) => formatTime(trades()[key][i]!, dateOnly),
  });
  const word = (key: 'side' | 'exitReason' | 'tag', heading: string): TableColumn<number> => ({
    key,
    heading,
    align: 'left',
    first: 'ascending',
    value: (i) => trades()[key]?.[i] ?? '',
    text: (i) => trades()[key]?.[i] ?? '',
    tone: (i) => (key === 'side' ? trades().side[i]! : ''),
  });
  const tone = (i: number): string => signClass(trades().pnl[i]);
  return [
    {
      key: 'number',
      heading: '#',
      minWidth: 5,
      first: 'ascending',
      value: (i) => i,
      text: (i) => formatCount(i + 1),
      tone: () => 'rank',
    },
    word('side', 'Side'),
    time('entryTime', 'Entry (UTC)'),
    number('entryPrice', 'Entry price', formatPrice),
    time('exitTime', 'Exit (UTC)'),
    number('exitPrice', 'Exit price', formatPrice),
    {
      key: 'return',
      heading: 'Return',
      value: (i) => trades().return[i],
      text: (i) => typeset(formatSignedPercent(trades().return[i])),
      tone,
    },
    {
      key: 'pnl',
      heading: 'P&L',
      value: (i) => trades().pnl[i],
      text: (i) => typeset(formatMoney(trades().pnl[i])),
      tone,
    },
    number('size', 'Size', formatSize),
    number('fees', 'Fees', formatMoney),
    number('bars', 'Bars', formatCount),
    word('exitReason', 'Exit by'),
    ...(hasTags ? [word('tag', 'Tag')] : []),
  ];
}

// A stored list of instruments as a table.
import type { Instrument } from '../market/instrument.ts';
import { formatTime } from '../report/format.ts';
import { bold, dim, type TextColumn, textTable } from '../report/text-table.ts';
import type { StoredInstruments } from '../store/instrument-store.ts';
import type { TextOutput } from './host.ts';

/** Instruments listed; --symbol picks one, --json has all. */
const ROWS_MAX = 40;

export function instrumentsText(list: StoredInstruments, { columns: width, color }: TextOutput): string {
  const shown = list.instruments.slice(0, ROWS_MAX);
  const column = (
    heading: string,
    align: TextColumn['align'],
    priority: number,
    read: (one: Instrument) => string,
  ): TextColumn => ({ heading, align, priority, cells: shown.map(read) });
  const hasRates = shown.some(({ quoteRates }) => quoteRates.length > 0);
  const table = textTable(
    [
      column('Symbol', 'left', 0, ({ symbol }) => symbol),
      column('Price step', 'right', 0, ({ tickSize }) => tickSize),
      column('Size step', 'right', 0, ({ stepSize }) => stepSize),
      column('Smallest order', 'right', 0, ({ minNotional }) => minNotional),
      column('Smallest size', 'right', 1, ({ minAmount }) => minAmount ?? ''),
      ...(hasRates ? [column('Quote rate', 'left', 2, rateText)] : []),
    ],
    { width, color },
  );
  const head = `${bold(list.exchange, color)}  ${list.source}, stored ${formatTime(list.storedAt)} UTC, hash ${list.hash.slice(0, 12)}`;
  const rest = list.instruments.length - shown.length;
  const more = rest > 0 ? `\n${dim(`and ${rest.toLocaleString('en')} more: --symbol, or --json`, color)}` : '';
  return `${head}\n${table}${more}\n\n`;
}

/** The last one of several; the number of them says that they are dated. */
function rateText({ quoteRates }: Instrument): string {
  const last = quoteRates.at(-1);
  if (last === undefined) return '';
  return `${last.rate} ${last.to}${quoteRates.length > 1 ? ` (${quoteRates.length} dates)` : ''}`;
}

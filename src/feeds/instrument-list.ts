// Lists of instruments: Binance's exchangeInfo, our own JSON, or CSV, as one shape with decimal texts.
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Instrument, QuoteRate } from '../market/instrument.ts';
import { delimiterOf, splitLine } from './csv-layout.ts';
import { openInputFile, readWhole } from './input-file.ts';

export interface InstrumentList {
  readonly instruments: readonly Instrument[];
  /** What was left out. */
  readonly notes: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Our names, and Hummingbot's for the same. */
const NAMES = {
  symbol: ['symbol', 'trading_pair'],
  tickSize: ['tick_size', 'min_price_increment'],
  stepSize: ['step_size', 'min_base_amount_increment'],
  minNotional: ['min_notional', 'min_notional_size'],
  minAmount: ['min_amount', 'min_order_size'],
} as const;

/**
 * Reads a file, packed or not. Symbols are sorted. Errors: CANDLES_NOT_FOUND for a path without a file,
 * INSTRUMENTS_INVALID with the place, LIMIT_EXCEEDED.
 */
export async function readInstrumentFile(path: string, exchange: string): Promise<InstrumentList> {
  const bytes = await readWhole(await openInputFile(path, LIMITS.instrumentBytesMax), LIMITS.instrumentBytesMax);
  return parseInstruments(new TextDecoder().decode(bytes), exchange);
}

/** Errors: INSTRUMENTS_INVALID, LIMIT_EXCEEDED. */
export function parseInstruments(content: string, exchange: string): InstrumentList {
  const text = content.replace(/^\ufeff/, '').trim();
  const list = /^[[{]/.test(text) ? fromJson(text, exchange) : { instruments: fromCsv(text, exchange), notes: [] };
  const instruments = [...list.instruments].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  if (instruments.length > LIMITS.instrumentsMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      found: `${instruments.length} instruments; the limit is ${LIMITS.instrumentsMax}.`,
      todo: 'Keep those that are traded.',
    });
  }
  const twice = instruments.find(({ symbol }, i) => instruments[i + 1]?.symbol === symbol);
  if (twice !== undefined) throw invalid(`${twice.symbol} more than once.`, 'Keep one of the lines.');
  if (instruments.length === 0) throw invalid('no instrument at all.', 'Give a symbol with its steps.');
  return { instruments, notes: list.notes };
}

function fromJson(text: string, exchange: string): InstrumentList {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`text that is no JSON (${String(cause)}).`, 'Check that the file is whole.', cause);
  }
  const items = Array.isArray(value) ? value : ((value as Fields)['symbols'] ?? (value as Fields)['instruments']);
  if (!Array.isArray(items)) {
    throw invalid('JSON without a list of instruments.', 'Give a list, or an object with "instruments" or "symbols".');
  }
  const rows = items as readonly Fields[];
  if (rows.some((row) => Array.isArray(row?.['filters']))) return fromExchangeInfo(rows, exchange);
  return { instruments: rows.map((row, i) => instrumentOf(row, `item ${i + 1}`, exchange)), notes: [] };
}

/** Binance's own answer; symbols without steps, such as those of options or before they trade, are left out. */
function fromExchangeInfo(rows: readonly Fields[], exchange: string): InstrumentList {
  const instruments: Instrument[] = [];
  const left: string[] = [];
  for (const [i, row] of rows.entries()) {
    const filters = (Array.isArray(row['filters']) ? row['filters'] : []) as readonly Fields[];
    const member = (type: string, name: string): unknown =>
      filters.find(({ filterType }) => filterType === type)?.[name];
    const fields = {
      symbol: row['symbol'],
      tick_size: member('PRICE_FILTER', 'tickSize'),
      step_size: member('LOT_SIZE', 'stepSize'),
      min_notional:
        member('NOTIONAL', 'minNotional') ??
        member('MIN_NOTIONAL', 'minNotional') ??
        member('MIN_NOTIONAL', 'notional'),
      min_amount: member('LOT_SIZE', 'minQty'),
    };
    const steps = [fields.tick_size, fields.step_size, fields.min_notional];
    if (steps.every((step) => Number(step) > 0)) instruments.push(instrumentOf(fields, `item ${i + 1}`, exchange));
    else left.push(String(row['symbol']));
  }
  const shown = `${left.slice(0, 5).join(', ')}${left.length > 5 ? ' …' : ''}`;
  const notes =
    left.length === 0 ? [] : [`${left.length} symbols without steps or a smallest order left out: ${shown}.`];
  return { instruments, notes };
}

function fromCsv(text: string, exchange: string): Instrument[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const delimiter = delimiterOf(lines[0] ?? '');
  const header = (splitLine(lines[0] ?? '', delimiter) ?? []).map((name) => name.trim().toLowerCase());
  if (!NAMES.symbol.some((name) => header.includes(name))) {
    throw invalid(
      `a first line without a symbol: ${JSON.stringify((lines[0] ?? '').slice(0, 80))}.`,
      'Begin with symbol,tick_size,step_size,min_notional,min_amount.',
    );
  }
  return lines.slice(1).map((line, i) => {
    const cells = splitLine(line, delimiter);
    const place = `line ${i + 2}`;
    if (cells === undefined || cells.length !== header.length) {
      throw invalid(`${place} with other columns than the header.`, 'Give every line the same columns.');
    }
    return instrumentOf(Object.fromEntries(header.map((name, n) => [name, cells[n]!.trim()])), place, exchange);
  });
}

function instrumentOf(row: Fields, place: string, exchange: string): Instrument {
  if (typeof row !== 'object' || row === null) throw invalid(`${place}, which is no object.`, 'Give names and values.');
  const value = (names: readonly string[]): unknown => names.map((name) => row[name]).find((one) => !isBlank(one));
  const symbol = value(NAMES.symbol);
  if (typeof symbol !== 'string' || symbol.length > LIMITS.nameLengthMax) {
    throw invalid(`${place} without a symbol.`, 'Name it as the exchange does: WLDUSDT.');
  }
  const step = (key: 'tickSize' | 'stepSize' | 'minNotional' | 'minAmount'): string =>
    positive(value(NAMES[key]), NAMES[key][0], symbol);
  return {
    exchange,
    symbol,
    tickSize: step('tickSize'),
    stepSize: step('stepSize'),
    minNotional: step('minNotional'),
    minAmount: isBlank(value(NAMES.minAmount)) ? null : step('minAmount'),
    quoteRates: quoteRates(row, symbol),
  };
}

const isBlank = (value: unknown): boolean => value === undefined || value === null || value === '';

/** A decimal text above 0, without the zeros that end it. */
function positive(value: unknown, name: string, symbol: string): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && /^\d*\.?\d+(e[-+]?\d{1,2})?$/i.test(text) && Number(text) > 0) {
    return text.includes('.') && !/e/i.test(text) ? text.replace(/\.?0+$/, '') : text;
  }
  throw invalid(`${symbol} with ${name} = ${JSON.stringify(value ?? null)}.`, 'Write a number above 0, such as 0.001.');
}

/** `quote_rates` as a list, or one `quote_rate` in `quote_rate_to` (USD when left out). */
function quoteRates(row: Fields, symbol: string): QuoteRate[] {
  const listed = row['quote_rates'];
  const single = row['quote_rate'];
  const rows = (
    Array.isArray(listed) ? listed : isBlank(single) ? [] : [{ rate: single, to: row['quote_rate_to'] }]
  ) as readonly Fields[];
  return rows.map(({ rate, to, from }) => {
    const since = isBlank(from) ? null : Date.parse(String(from));
    if (since !== null && Number.isNaN(since)) {
      throw invalid(`${symbol} with a quote rate from ${JSON.stringify(from)}.`, 'Write a day, such as 2024-01-31.');
    }
    return { to: isBlank(to) ? 'USD' : String(to), rate: positive(rate, 'quote rate', symbol), from: since };
  });
}

const invalid = (found: string, todo: string, cause?: unknown): AppError =>
  new AppError('INSTRUMENTS_INVALID', { found, todo, cause });

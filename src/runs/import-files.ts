// Puts candle files into the store: which key each belongs to, files of one key joined, checked once, written whole.
import { basename } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { readCandleFile } from '../feeds/candle-file.ts';
import { CANDLE_COLUMNS, type CandleColumn, type CandleKey } from '../market/candles.ts';
import { inferTimeframe } from '../market/infer-timeframe.ts';
import { checkCandles } from '../market/quality.ts';
import type { QualityPolicies } from '../market/quality-policies.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { parseTimeframe, type Timeframe } from '../market/timeframe.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { readOptions } from './candle-source.ts';
import { keyText } from './stored-candles.ts';

export interface ImportSelection {
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly exchange?: string;
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly policies: QualityPolicies;
  /** Join with what is stored under the key instead of replacing it. */
  readonly append: boolean;
}

export interface ImportedKey {
  readonly key: string;
  readonly files: readonly string[];
  readonly contentHash: string;
  readonly report: QualityReport;
  readonly notes: readonly string[];
}

type Columns = Readonly<Record<CandleColumn, Float64Array>>;

interface Part {
  readonly path: string;
  readonly columns: Columns;
  readonly notes: readonly string[];
}

/** Errors: those of readCandleFile and checkCandles, TIMEFRAME_INVALID, PATH_FORBIDDEN, STORE_FULL, STORE_UNWRITABLE. */
export async function importFiles(
  selection: ImportSelection,
  storeRoot: string,
  clock: Clock,
  onFile: (path: string) => void,
): Promise<ImportedKey[]> {
  const groups = new Map<string, { readonly key: CandleKey; readonly parts: Part[] }>();
  for (const path of selection.files) {
    onFile(path);
    const raw = await readCandleFile(path, readOptions(selection.policies));
    const key = keyOf(path, raw.columns.time, selection);
    const group = groups.get(keyText(key)) ?? { key, parts: [] };
    group.parts.push({ path, columns: raw.columns, notes: raw.notes });
    groups.set(keyText(key), group);
  }
  return [...groups.values()].map(({ key, parts }) => storeParts(key, parts, selection, storeRoot, clock));
}

function storeParts(
  key: CandleKey,
  parts: readonly Part[],
  { policies, append }: ImportSelection,
  storeRoot: string,
  clock: Clock,
): ImportedKey {
  const store = openCandleStore(storeRoot);
  const earlier: Columns[] = append && store.has(key) ? [store.read(key).candles] : [];
  const inOrder = [...parts].sort((a, b) => (a.columns.time[0] ?? 0) - (b.columns.time[0] ?? 0));
  const { candles, report } = checkCandles(
    joinColumns([...earlier, ...inOrder.map((part) => part.columns)]),
    key.timeframe,
    policies,
  );
  const source = parts.map((part) => basename(part.path)).join(', ');
  const meta = { source: source.slice(0, 1_000), importedAt: clock.wallMs(), quality: report };
  return {
    key: keyText(key),
    files: parts.map((part) => part.path),
    contentHash: store.write(key, candles, meta),
    report,
    notes: parts.flatMap((part) => part.notes),
  };
}

/** The rows of several series one after the other; a single one is kept as it is. */
export function joinColumns(parts: readonly Columns[]): Columns {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.time.length, 0);
  const column = (name: CandleColumn): Float64Array => {
    const out = new Float64Array(length);
    let at = 0;
    for (const part of parts) {
      out.set(part[name], at);
      at += part[name].length;
    }
    return out;
  };
  return Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, column(name)])) as Record<CandleColumn, Float64Array>;
}

function keyOf(path: string, time: Float64Array, selection: ImportSelection): CandleKey {
  const named = nameParts(basename(path));
  const inferred = inferTimeframe(time);
  const timeframe: Timeframe | undefined =
    selection.timeframe === undefined ? (inferred ?? undefined) : parseTimeframe(selection.timeframe);
  if (timeframe === undefined) {
    throw new AppError('TIMEFRAME_INVALID', {
      rule: 'The timeframe of candles must be clear from their times or be given.',
      found: `${time.length} candles in ${basename(path)} without a common step.`,
      todo: 'Add --timeframe, such as --timeframe 1m.',
    });
  }
  return { exchange: selection.exchange ?? named.exchange, symbol: selection.symbol ?? named.symbol, timeframe };
}

const EXCHANGES = [
  'binance',
  'bitfinex',
  'bitstamp',
  'bybit',
  'coinbase',
  'kraken',
  'kucoin',
  'okx',
  'gateio',
  'huobi',
];

/**
 * Exchange and symbol as a file name tells them: `BTCUSDT-1m-2024-01.zip` and `BTC_USDT-5m.feather` begin with the
 * symbol, `bitfinex_BTCUSD_1m_2019.csv.gz` with the exchange. Where no exchange is named it is `local`.
 */
export function nameParts(name: string): { readonly exchange: string; readonly symbol: string } {
  const stem = name.replace(/\.(csv|json|parquet|arrow|feather|ipc|gz|zip|txt)/gi, '').replace(/[^A-Za-z0-9._-]/g, '_');
  const words = stem.split(/[_-]/).filter((word) => word !== '');
  const exchange = EXCHANGES.includes(words[0]?.toLowerCase() ?? '') ? words.shift()!.toLowerCase() : 'local';
  if (/^(spot|futures|usdm|swap|perp)$/i.test(words[0] ?? '') && words.length > 1) words.shift();
  // The symbol ends where a timeframe or a date begins.
  const end = words.findIndex((word, index) => index > 0 && /^(\d+[smhdwM]|\d{4,}|rth|futures)$/.test(word));
  const symbol = (end < 0 ? words : words.slice(0, end)).slice(0, 2).join('').slice(0, 64).replace(/^\.+/, '');
  return { exchange, symbol: symbol === '' ? 'unnamed' : symbol };
}

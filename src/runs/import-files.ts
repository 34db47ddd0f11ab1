// Puts candle files into the store: which key each belongs to, files of one key joined, checked once, written whole.
import { basename } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { readCandleFile } from '../feeds/candle-file.ts';
import { keyText } from '../market/candle-key.ts';
import { CANDLE_COLUMNS, type CandleColumn, type CandleKey } from '../market/candles.ts';
import { inferTimeframe } from '../market/infer-timeframe.ts';
import { checkCandles } from '../market/quality.ts';
import type { QualityPolicies } from '../market/quality-policies.ts';
import type { QualityReport } from '../market/quality-report.ts';
import { parseTimeframe, type Timeframe } from '../market/timeframe.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { readOptions } from './candle-source.ts';
import { nameParts } from './market-of-file.ts';
import { checkJoined, type Replaced, replacedBy, SOURCE_LENGTH_MAX } from './replaced-candles.ts';

export interface ImportSelection {
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly exchange?: string;
  readonly symbol?: string;
  readonly timeframe?: string;
  readonly policies: QualityPolicies;
  /** Join with what is stored under the key instead of replacing it. */
  readonly append: boolean;
  /** Join them even when the names of the files tell another market. */
  readonly mixed?: boolean;
  /** Replace candles of the key even when they came from another market or source. */
  readonly replace?: boolean;
}

export interface ImportedKey {
  readonly key: string;
  readonly files: readonly string[];
  readonly contentHash: string;
  readonly report: QualityReport;
  readonly notes: readonly string[];
  /** The candles that are no longer stored; absent when there were none, or when they were joined. */
  readonly replaced?: Replaced;
}

type Columns = Readonly<Record<CandleColumn, Float64Array>>;

interface Part {
  readonly path: string;
  readonly columns: Columns;
  readonly notes: readonly string[];
}

/** Errors: those of readCandleFile, checkCandles, replacedBy and checkJoined, TIMEFRAME_INVALID, PATH_FORBIDDEN, STORE_FULL, STORE_UNWRITABLE. */
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
  // All refusals come before the first write.
  const replaced = [...groups.values()].map(({ key, parts }) => {
    const names = parts.map((part) => basename(part.path));
    if (!selection.append) return replacedBy(key, names, storeRoot, selection.replace === true);
    if (selection.mixed !== true) checkJoined(key, names, storeRoot);
    return undefined;
  });
  return [...groups.values()].map(({ key, parts }, at) => ({
    ...storeParts(key, parts, selection, storeRoot, clock),
    ...(replaced[at] === undefined ? {} : { replaced: replaced[at] }),
  }));
}

function storeParts(
  key: CandleKey,
  parts: readonly Part[],
  { policies, append }: ImportSelection,
  storeRoot: string,
  clock: Clock,
): ImportedKey {
  const store = openCandleStore(storeRoot);
  const earlier = append && store.has(key) ? store.read(key) : undefined;
  const inOrder = [...parts].sort((a, b) => (a.columns.time[0] ?? 0) - (b.columns.time[0] ?? 0));
  const { candles, report } = checkCandles(
    joinColumns([...(earlier === undefined ? [] : [earlier.candles]), ...inOrder.map((part) => part.columns)]),
    key.timeframe,
    policies,
  );
  const sources = parts.map((part) => basename(part.path));
  const source = [...new Set([...(earlier?.meta.source.split(', ') ?? []), ...sources])].join(', ');
  const meta = { source: source.slice(0, SOURCE_LENGTH_MAX), importedAt: clock.wallMs(), quality: report };
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

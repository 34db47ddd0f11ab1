// Which column of a file is the time, the open, the volume: the names people and tools give them.
import { CANDLE_COLUMNS, type CandleColumn } from '../market/candles.ts';

/**
 * Names in order of preference; the first one present wins and the others are ignored with a note. An empty name and
 * `__index_level_0__` are what pandas writes for an index without a name.
 */
const NAMES: Readonly<Record<CandleColumn, readonly string[]>> = {
  time: [
    'open_time',
    'opentime',
    'open_time_ms',
    'time_ms',
    'timestamp_ms',
    'time',
    'timestamp',
    't',
    'ts',
    'unix',
    'datetime',
    'date',
    '',
    '__index_level_0__',
    'index',
  ],
  open: ['open', 'o'],
  high: ['high', 'h'],
  low: ['low', 'l'],
  close: ['close', 'c'],
  volume: ['volume', 'v', 'vol', 'base_volume', 'tick_volume', 'tickvol'],
};

export interface ColumnChoice {
  /** Index into the names for each candle column that is present. */
  readonly index: ReadonlyMap<CandleColumn, number>;
  /** Names of the columns nobody asked for, in file order. */
  readonly ignored: readonly string[];
  /** Candle columns that are absent. */
  readonly missing: readonly CandleColumn[];
  /** Candle columns whose chosen name stands twice in the file. */
  readonly repeated: readonly string[];
  /** Whether the name of the time column says milliseconds. */
  readonly timeIsMs: boolean;
}

const plain = (name: string): string =>
  name
    .trim()
    .replace(/^<|>$/g, '')
    .toLowerCase()
    .replace(/[\s-]+/g, '_');

/** The index of the time column among `names`, or -1. For files that hold other things than candles. */
export function timeColumnOf(names: readonly string[]): number {
  const plainNames = names.map(plain);
  for (const alias of NAMES.time) {
    const at = plainNames.indexOf(alias);
    if (at >= 0) return at;
  }
  return -1;
}

/** Assigns the columns of a file by name, whatever their order, case or decoration. */
export function chooseColumns(names: readonly string[]): ColumnChoice {
  const plainNames = names.map(plain);
  const index = new Map<CandleColumn, number>();
  const missing: CandleColumn[] = [];
  const repeated: string[] = [];
  for (const column of CANDLE_COLUMNS) {
    const alias = NAMES[column].find((name) => plainNames.includes(name));
    if (alias === undefined) {
      missing.push(column);
      continue;
    }
    const at = plainNames.indexOf(alias);
    if (plainNames.indexOf(alias, at + 1) >= 0) repeated.push(names[at]!);
    index.set(column, at);
  }
  const used = new Set(index.values());
  const ignored = names.filter((_, at) => !used.has(at));
  const timeAt = index.get('time');
  const timeIsMs = timeAt !== undefined && plainNames[timeAt]!.endsWith('_ms');
  return { index, ignored, missing, repeated, timeIsMs };
}

/** The note that names the columns not used, if any. */
export function ignoredNote(ignored: readonly string[]): string[] {
  if (ignored.length === 0) return [];
  const named = ignored.slice(0, 20).map((name) => (name === '' ? '(no name)' : name));
  const more = ignored.length > 20 ? ` and ${ignored.length - 20} more` : '';
  return [`Columns not used: ${named.join(', ')}${more}.`];
}

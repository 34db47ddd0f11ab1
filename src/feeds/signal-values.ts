// What the columns of a signals file are called and what their cells may say.
import type { AppError } from '../core/errors.ts';
import { inputFault, shown } from './input-fault.ts';
import type { Cell, RawTable } from './raw-table.ts';

const NAMES = {
  signal: ['signal', 'target', 'position'],
  entry: ['entry', 'entries'],
  exit: ['exit', 'exits'],
  enterLong: ['enter_long', 'entry_long', 'long_entry', 'long_entries'],
  exitLong: ['exit_long', 'long_exit', 'long_exits'],
  enterShort: ['enter_short', 'entry_short', 'short_entry', 'short_entries'],
  exitShort: ['exit_short', 'short_exit', 'short_exits'],
} as const;
type Name = keyof typeof NAMES;

export type SignalColumns =
  | { readonly kind: 'target'; readonly at: { readonly signal: number } }
  | { readonly kind: 'entry-exit'; readonly at: { readonly entry: number; readonly exit?: number } }
  | {
      readonly kind: 'events';
      readonly at: {
        readonly enterLong?: number;
        readonly exitLong?: number;
        readonly enterShort?: number;
        readonly exitShort?: number;
      };
    };

/** Finds the one family of signal columns among `names`. Errors: SIGNALS_INVALID when there is none, or more than one. */
export function signalColumns(file: string, names: readonly string[]): SignalColumns {
  const plain = names.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const at: Partial<Record<Name, number>> = {};
  for (const [name, aliases] of Object.entries(NAMES) as [Name, readonly string[]][]) {
    const found = plain.flatMap((text, index) => (aliases.includes(text) ? [index] : []));
    if (found.length > 1)
      throw fault(
        file,
        undefined,
        `two columns for the same signal: ${found.map((index) => shown(names[index]!)).join(', ')}`,
        'Keep one of them.',
      );
    if (found.length === 1) at[name] = found[0]!;
  }
  const { signal, entry, exit, ...sided } = at;
  const hasSided = Object.keys(sided).length > 0;
  const hasPlain = entry !== undefined || exit !== undefined;
  const families = Number(signal !== undefined) + Number(hasPlain) + Number(hasSided);
  const todo = 'Give `signal`, or `entry` and `exit`, or enter_long, exit_long, enter_short and exit_short.';
  if (families !== 1) {
    const found = families === 0 ? 'no signal column' : 'more than one kind of signal column';
    throw fault(file, undefined, `${found} among ${shown(names.join(', '))}`, todo);
  }
  if (signal !== undefined) return { kind: 'target', at: { signal } };
  if (hasSided) {
    if (sided.enterLong === undefined && sided.enterShort === undefined)
      throw fault(file, undefined, 'exits without entries', todo);
    return { kind: 'events', at: sided };
  }
  if (entry === undefined) throw fault(file, undefined, 'exits without entries', todo);
  return { kind: 'entry-exit', at: exit === undefined ? { entry } : { entry, exit } };
}

const TARGETS: ReadonlyMap<string, number> = new Map([
  ['1', 1],
  ['long', 1],
  ['0', 0],
  ['neutral', 0],
  ['flat', 0],
  ['-1', -1],
  ['short', -1],
]);
const FLAGS: ReadonlyMap<string, number> = new Map([
  ['1', 1],
  ['true', 1],
  ['0', 0],
  ['false', 0],
  // freqtrade leaves a bar without signal empty.
  ['', 0],
]);

/** A cell as the text the tables above know: 1.0 as 1, TRUE as true, null as empty. */
function cellKey(cell: Cell): string {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return '';
  const text = String(cell).trim().toLowerCase();
  return /^[+-]?\d+\.0*$/.test(text) || /^\+\d+$/.test(text) ? String(Number(text)) : text;
}

/** Column `at` laid over the bars as -1, 0 or 1. */
export async function readTargets(
  file: string,
  table: RawTable,
  at: number,
  bars: Int32Array,
  barCount: number,
): Promise<Int8Array> {
  const out = new Int8Array(barCount);
  await place(file, table, at, bars, TARGETS, out, '1, 0, -1, LONG, NEUTRAL or SHORT');
  return out;
}

/** Column `at` laid over the bars as 0 or 1; all zeros when there is no such column. */
export async function readFlags(
  file: string,
  table: RawTable,
  at: number | undefined,
  bars: Int32Array,
  barCount: number,
): Promise<Uint8Array> {
  const out = new Uint8Array(barCount);
  if (at !== undefined) await place(file, table, at, bars, FLAGS, out, '1, 0, true or false');
  return out;
}

async function place(
  file: string,
  table: RawTable,
  at: number,
  bars: Int32Array,
  known: ReadonlyMap<string, number>,
  out: Int8Array | Uint8Array,
  allowed: string,
): Promise<void> {
  const { values } = await table.column(at);
  for (let row = 0; row < bars.length; row++) {
    const value = known.get(cellKey(values[row]));
    if (value === undefined) {
      let unknown = 0;
      for (let other = row; other < bars.length; other++) if (!known.has(cellKey(values[other]))) unknown++;
      const cell = values[row];
      const what = cell === null || cell === undefined || cell === '' ? 'is empty' : `says ${shown(String(cell))}`;
      const found = `column ${shown(table.names[at]!)} ${what} (${unknown} such ${unknown === 1 ? 'row' : 'rows'})`;
      throw fault(file, table.place(row), found, `Write ${allowed}.`);
    }
    out[bars[row]!] = value;
  }
}

const fault = (file: string, where: string | undefined, found: string, todo: string): AppError =>
  inputFault('SIGNALS_INVALID', file, where, found, todo);

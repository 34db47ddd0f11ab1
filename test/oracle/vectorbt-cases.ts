// Turns vectorbt's own order-record cases into runs of our engine, one run per column, and back into its records.
import type { RandomRejection, StopAdjustment } from '../../src/simulate/vectorbt-options.ts';
import { type Call, evaluatePython, isCall, isSeries, type PythonValue } from './python-literal.ts';
import { type Arguments, candlesOf, flagsOf, runVectorbt, settingsOf } from './vectorbt-run.ts';

/** A case of the shared file: a call, its local names, and the records (id, column, bar, size, price, fees, side). */
export interface SharedCase {
  readonly cls: string;
  readonly test: string;
  readonly line: number;
  readonly call: string;
  readonly locals: Readonly<Record<string, string>>;
  readonly orders: readonly (readonly number[])[];
}

/** One column of a case in plain JSON (infinities and NaN as text). */
export interface CaseColumn {
  readonly entries: readonly boolean[];
  readonly exits: readonly boolean[];
  readonly close: readonly number[];
  readonly open?: readonly number[];
  readonly high?: readonly number[];
  readonly low?: readonly number[];
  readonly arguments: Arguments;
  readonly stopAdjustment?: StopAdjustment;
}

/** Column, bar, size, price, fees, side (0 buy, 1 sell). */
export type OrderRow = readonly number[];

const GLOBALS: Readonly<Record<string, string>> = {
  price: 'pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])',
  entries: 'pd.Series([True, True, True, False, False])',
  exits: 'pd.Series([False, False, True, True, True])',
};

/** What the cases' own functions do to the stops of a position, as data: they are called with 2 bars. */
const ADJUSTMENTS: Readonly<Record<string, StopAdjustment>> = {
  test_adjust_sl_func: { afterBars: 2, since: 'entry', stopLoss: 0 },
  test_adjust_ts_func: { afterBars: 2, since: 'best-price', stopLoss: 0, trail: true },
  test_adjust_tp_func: { afterBars: 2, since: 'entry', takeProfit: 0 },
};

/** The first uniform numbers of numpy's generator for seed 42. */
const SEED_42 = Float64Array.of(0.3745401188473625, 0.9507143064099162, 0.7319939418114051, 0.5986584841970366, 0.156);

const SERIES_ARGUMENTS = ['close', 'open', 'high', 'low', 'entries', 'exits'];
const WIDE_COLUMNS = 3;

/** Value of an argument in one column: a list of lists is one value per column (or a table), a list one per column. */
function inColumn(value: PythonValue, column: number): PythonValue {
  if (isSeries(value)) return value.series;
  if (!Array.isArray(value)) return value;
  const rows = value as readonly PythonValue[];
  if (!Array.isArray(rows[0])) return rows[column] ?? rows[0];
  const table = rows as readonly (readonly PythonValue[])[];
  return table.length === 1 ? (table[0][column] ?? table[0][0]) : table.map((row) => row[column]);
}

function width(value: PythonValue): number {
  if (isSeries(value) || !Array.isArray(value)) return 1;
  return Array.isArray(value[0]) ? value[0].length : value.length;
}

/** The columns of a shared case, or why our engine does not run it. */
export function columnsOf(shared: SharedCase): readonly CaseColumn[] | string {
  const scope = { ...GLOBALS, ...shared.locals };
  const text = shared.call === 'pf' ? shared.locals['pf'] : shared.call;
  const isWide = text.includes('price_wide');
  const call = evaluatePython(text.replaceAll('price_wide', 'price'), scope) as Call;
  if (!isCall(call)) throw new Error(`not a call: ${text}`);
  if (call.named['cash_sharing'] === true) return 'cash sharing between symbols';
  const named: Record<string, PythonValue> = {
    close: call.positional[0] ?? evaluatePython('price', GLOBALS),
    entries: evaluatePython('entries', GLOBALS),
    exits: evaluatePython('exits', GLOBALS),
    direction: /_(both|longonly|shortonly)$/.exec(call.name)?.[1] ?? 'longonly',
    ...call.named,
  };
  const lists = Object.entries(named).filter(([name]) => name !== 'group_by' && !name.endsWith('_args'));
  const count = Math.max(isWide ? WIDE_COLUMNS : 1, ...lists.map(([, value]) => width(value)));
  return Array.from({ length: count }, (_, column) => columnOf(shared, lists, column));
}

function columnOf(shared: SharedCase, lists: readonly (readonly [string, PythonValue])[], column: number): CaseColumn {
  const values: Record<string, PythonValue> = {};
  for (const [name, value] of lists) values[name] = inColumn(value, column);
  const ignored = ['adjust_sl_func_nb', 'adjust_tp_func_nb', 'short_entries', ...SERIES_ARGUMENTS];
  const own = Object.entries(values).filter(([name]) => !ignored.includes(name));
  const adjustment = ADJUSTMENTS[shared.test];
  return {
    ...(values as unknown as CaseColumn),
    arguments: Object.fromEntries(own) as Arguments,
    ...(adjustment === undefined ? {} : { stopAdjustment: adjustment }),
  };
}

/** Order rows of a case as our engine makes them. */
export function runColumns(columns: readonly CaseColumn[]): OrderRow[] {
  return columns.flatMap((column, index) => {
    const settings = settingsOf(column.arguments);
    const candles = candlesOf({ ...column, openIsUnknown: column.arguments['price'] === Number.NEGATIVE_INFINITY });
    const signals = flagsOf(column.entries, column.exits, settings.direction);
    const vectorbt = {
      ...settings.vectorbt,
      ...(column.stopAdjustment === undefined ? {} : { stopAdjustment: column.stopAdjustment }),
      ...rejectionOf(column.arguments),
    };
    const { fills } = runVectorbt(candles, signals, { ...settings, vectorbt });
    return fills.map((fill) => [index, fill.bar, fill.size, fill.price, fill.fee, fill.side === 'buy' ? 0 : 1]);
  });
}

function rejectionOf(args: Arguments): { readonly rejection?: RandomRejection } {
  const probability = args['reject_prob'];
  if (probability === undefined || probability === 0) return {};
  return { rejection: { probability: Number(probability), draws: SEED_42 } };
}

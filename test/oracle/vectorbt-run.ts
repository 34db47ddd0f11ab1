// Runs our engine from arguments named as in vectorbt's Portfolio.from_signals.
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import {
  type Direction,
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  EXIT_SHORT,
  type Simulation,
  type SimulationSettings,
  type Sizing,
} from '../../src/simulate/simulation.ts';
import type { VectorbtOptions } from '../../src/simulate/vectorbt-options.ts';

/** One argument of one column: a scalar, or one value per bar. */
export type Argument = number | boolean | string | readonly number[];
export type Arguments = Readonly<Record<string, Argument | undefined>>;

const DIRECTIONS: Readonly<Record<string, Direction>> = { longonly: 'long', shortonly: 'short', both: 'both' };

/** That peer's spellings, lower case without underscores, and ours. */
const SPELLINGS: Readonly<Record<string, string>> = {
  closereduce: 'close-reduce',
  reversereduce: 'reverse-reduce',
  stoplimit: 'stop-limit',
  stopmarket: 'stop-market',
  overridenan: 'override-nan',
  addonly: 'add-only',
  removeonly: 'remove-only',
  valprice: 'valuation-price',
  fillprice: 'fill-price',
  true: 'both',
  false: 'disabled',
};

/** Arguments that choose among words: ours by theirs. */
const CHOICES: Readonly<Record<string, keyof VectorbtOptions>> = {
  accumulate: 'accumulate',
  upon_long_conflict: 'uponLongConflict',
  upon_short_conflict: 'uponShortConflict',
  upon_dir_conflict: 'uponDirectionConflict',
  upon_opposite_entry: 'uponOppositeEntry',
  stop_entry_price: 'stopEntryPrice',
  stop_exit_price: 'stopExitPrice',
  upon_stop_exit: 'uponStopExit',
  upon_stop_update: 'uponStopUpdate',
};

const SCALARS: Readonly<Record<string, keyof VectorbtOptions>> = {
  max_size: 'maxSize',
  lock_cash: 'lockCash',
  allow_partial: 'allowPartial',
};

/** Arguments read elsewhere in this file, or without effect on order records. */
const HANDLED = [
  'init_cash size size_type direction fees fixed_fees slippage min_size size_granularity sl_stop sl_trail tp_stop price',
  'val_price raise_reject reject_prob seed group_by stop_adjustment',
].flatMap((names) => names.split(' '));

const number = (value: Argument | undefined, absent: number): number =>
  value === undefined ? absent : value === 'inf' ? Number.POSITIVE_INFINITY : Number(value);

const isColumn = (value: Argument | undefined): value is readonly number[] => Array.isArray(value);

function ourWord(option: keyof VectorbtOptions, theirs: Argument): string {
  const word = String(theirs).toLowerCase().replaceAll('_', '');
  if (word === 'price' && option.startsWith('stop')) return 'order-price';
  return SPELLINGS[word] ?? word;
}

function sizingOf(args: Arguments): Sizing {
  const value = number(args['size'], Number.POSITIVE_INFINITY);
  const limits = {
    minSize: number(args['min_size'], PROFILES.vectorbt.defaults.sizing.minSize),
    sizeStep: number(args['size_granularity'], 0),
    minNotional: 0,
  };
  switch (args['size_type'] ?? 'amount') {
    case 'value':
      return { kind: 'fixed-notional', value, ...limits };
    case 'percent':
      return { kind: 'equity-fraction', value, ...limits };
    default:
      return value === Number.POSITIVE_INFINITY
        ? { kind: 'equity-fraction', value: 1, ...limits }
        : { kind: 'fixed-units', value, ...limits };
  }
}

function orderPriceOf(price: Argument | undefined): VectorbtOptions['price'] {
  if (isColumn(price)) return Float64Array.from(price);
  return price === 'open' || price === Number.NEGATIVE_INFINITY ? 'open' : 'close';
}

function optionsOf(args: Arguments): VectorbtOptions {
  const options: Record<string, unknown> = { price: orderPriceOf(args['price']) };
  if (isColumn(args['val_price'])) options['valuationPrice'] = Float64Array.from(args['val_price']);
  if (isColumn(args['sl_stop'])) options['stopLossColumn'] = Float64Array.from(args['sl_stop']);
  for (const [name, value] of Object.entries(args)) {
    if (value === undefined || HANDLED.includes(name)) continue;
    if (name in CHOICES) options[CHOICES[name]] = ourWord(CHOICES[name], value);
    else if (name in SCALARS) options[SCALARS[name]] = typeof value === 'boolean' ? value : number(value, 0);
    else throw new Error(`no counterpart of the vectorbt argument ${name}`);
  }
  return options;
}

export function settingsOf(args: Arguments): SimulationSettings {
  const stop = isColumn(args['sl_stop']) ? Number.NaN : number(args['sl_stop'], Number.NaN);
  const target = number(args['tp_stop'], Number.NaN);
  return {
    profile: PROFILES.vectorbt,
    direction: DIRECTIONS[String(args['direction'] ?? 'longonly')],
    initialCash: number(args['init_cash'], 100),
    costs: {
      feeRate: number(args['fees'], 0),
      fixedFee: number(args['fixed_fees'], 0),
      slippage: number(args['slippage'], 0),
    },
    sizing: sizingOf(args),
    barriers: {
      ...(Number.isNaN(stop) ? {} : args['sl_trail'] === true ? { trailingStop: stop } : { stopLoss: stop }),
      ...(Number.isNaN(target) ? {} : { takeProfit: target }),
    },
    closeAtEnd: false,
    vectorbt: optionsOf(args),
  };
}

/** That peer's entries and exits as our flags: with direction `both` its exit is a short entry. */
export function flagsOf(entries: ArrayLike<unknown>, exits: ArrayLike<unknown>, direction: Direction): Uint8Array {
  const [entry, exit] = {
    long: [ENTER_LONG, EXIT_LONG],
    short: [ENTER_SHORT, EXIT_SHORT],
    both: [ENTER_LONG, ENTER_SHORT],
  }[direction];
  return Uint8Array.from(entries, (value, bar) => (value ? entry : 0) | (exits[bar] ? exit : 0));
}

/** Daily candles; a missing open, high or low is the close, unless orders ask for an open that is not there. */
export function candlesOf(columns: {
  readonly close: readonly number[];
  readonly open?: readonly number[];
  readonly high?: readonly number[];
  readonly low?: readonly number[];
  readonly openIsUnknown?: boolean;
}): Candles {
  const close = Float64Array.from(columns.close);
  const open = columns.openIsUnknown === true ? close.map(() => Number.NaN) : close;
  return createCandles(parseTimeframe('1d'), {
    time: close.map((_, bar) => bar * 86_400_000),
    open: columns.open === undefined ? open : Float64Array.from(columns.open),
    high: columns.high === undefined ? close : Float64Array.from(columns.high),
    low: columns.low === undefined ? close : Float64Array.from(columns.low),
    close,
    volume: close,
  });
}

export function runVectorbt(
  candles: Candles,
  signals: Uint8Array,
  settings: SimulationSettings,
  equity?: Float64Array,
): Simulation {
  return simulate({ candles, signals, settings, equity });
}

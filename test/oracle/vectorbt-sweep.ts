// Reads a recorded vectorbt sweep: its candles, the signals of its variants, its portfolio settings and results.
import { sha256Hex } from '../../src/core/hash.ts';
import { crossAbove, crossBelow } from '../../src/indicators/crossing.ts';
import { INDICATORS, type IndicatorName } from '../../src/indicators/registry.ts';
import { type Candles, createCandles, sliceCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { readShared } from './oracle.ts';
import { readSharedColumns } from './shared-candles.ts';
import type { Arguments } from './vectorbt-run.ts';

export interface Variant {
  readonly entries_sha256: string;
  readonly exits_sha256: string;
  readonly [parameter: string]: number | boolean | string;
}

/** One portfolio setting over all variants; a row holds one value per name of `Sweep.columns`. */
export interface Group {
  readonly id: string;
  readonly portfolio: Arguments;
  readonly rows: readonly (readonly (number | string)[])[];
}

/** Complete records of one run. Orders: bar, side, size, price, fees. */
export interface Details {
  readonly group: string;
  readonly p: number;
  readonly orders: readonly (readonly [number, 'Buy' | 'Sell', number, number, number])[];
  readonly trades: readonly TradeRow[];
  readonly equity_every_50?: readonly number[];
  readonly equity_last?: number;
}

export type TradeRow = readonly [
  size: number,
  entryBar: number,
  entryPrice: number,
  entryFees: number,
  exitBar: number,
  exitPrice: number,
  exitFees: number,
  pnl: number,
  return_: number,
  direction: 'Long' | 'Short',
  status: 'Closed' | 'Open',
];

export interface Sweep {
  readonly family: string;
  readonly dataset: {
    readonly file: string;
    readonly start_index: number;
    readonly rows: number;
    readonly sha256_close_f64le: string;
  };
  readonly ann_factor: number;
  readonly variants: readonly Variant[];
  readonly columns: readonly string[];
  readonly groups: readonly Group[];
  readonly details: readonly Details[];
  readonly variant_runs: number;
}

/** Each sweep by name, with its candle file and number of runs. */
export const SWEEPS: readonly (readonly [name: string, candles: string, runs: number])[] = [
  ['bb_eurusd_1h', 'forex/backtestingpy_EURUSD_1h', 312],
  ['ema_bitfinex_btcusd_1m', 'crypto/bitfinex_BTCUSD_1m_2019', 221],
  ['macd_kiteusdt_1m', 'crypto/binance_spot_KITEUSDT_1m_2025', 384],
  ['options_goog_1d', 'equity/backtestingpy_GOOG_1d', 330],
  ['rsi_cross_kiteusdt_1m', 'crypto/binance_spot_KITEUSDT_1m_2025', 96],
  ['rsi_spy_5m', 'equity/SPY_5m_rth_2024-03_2025-04', 360],
  ['sma_btcusdt_5m', 'crypto/binance_spot_BTCUSDT_5m_2025', 568],
  ['sma_goog_1d', 'equity/backtestingpy_GOOG_1d', 221],
  ['sma_kiteusdt_1m', 'crypto/binance_spot_KITEUSDT_1m_2025', 85],
  ['sma_stops_btcusdt_1m', 'crypto/binance_spot_BTCUSDT_1m_90d', 180],
];

export const sweepFile = (name: string): string => `oracles/vectorbt_sweeps/vectorbt_sweep_${name}.json.gz`;

export const readSweep = (name: string): Sweep => JSON.parse(readShared(sweepFile(name))) as Sweep;

/** The candles of the sweep's window. The timeframe plays no part in fills. */
export function sweepCandles({ dataset }: Sweep): Candles {
  const all = createCandles(parseTimeframe('1m'), readSharedColumns(`data/${dataset.file}`));
  const window = sliceCandles(all, dataset.start_index, dataset.start_index + dataset.rows);
  const close = Float64Array.from(window.close);
  if (sha256Hex(new Uint8Array(close.buffer)) !== dataset.sha256_close_f64le) throw new Error('other candles');
  return window;
}

export interface EntryExit {
  readonly entries: Uint8Array;
  readonly exits: Uint8Array;
}

const line = (name: IndicatorName, source: Float64Array, ...params: number[]): Float64Array[] =>
  INDICATORS[name].compute([source], params, 'vectorbt');

const level = (source: Float64Array, value: number): Float64Array => new Float64Array(source.length).fill(value);

const cross = (fast: Float64Array, slow: Float64Array): EntryExit => ({
  entries: crossAbove(fast, slow),
  exits: crossBelow(fast, slow),
});

const everyNth = (bars: number, offset: unknown, every: unknown): Uint8Array =>
  Uint8Array.from({ length: bars }, (_, bar) =>
    Number(bar >= Number(offset) && (bar - Number(offset)) % Number(every) === 0),
  );

const FAMILIES: Readonly<Record<string, (close: Float64Array, variant: Variant) => EntryExit>> = {
  sma_cross: (close, { fast, slow }) => cross(line('sma', close, Number(fast))[0], line('sma', close, Number(slow))[0]),
  ema_cross: (close, { fast, slow }) => cross(line('ema', close, Number(fast))[0], line('ema', close, Number(slow))[0]),
  macd_cross(close, { fast, slow, signal, macd_ewm, signal_ewm }) {
    const macd = line(macd_ewm === true ? 'macdEwm' : 'macd', close, Number(fast), Number(slow), Number(signal))[0];
    return cross(macd, line(signal_ewm === true ? 'ema' : 'sma', macd, Number(signal))[0]);
  },
  rsi_level(close, { ewm, window, lower, upper }) {
    const rsi = line(ewm === true ? 'rsiEwm' : 'rsi', close, Number(window))[0];
    return {
      entries: Uint8Array.from(rsi, (value) => Number(value < Number(lower))),
      exits: Uint8Array.from(rsi, (value) => Number(value > Number(upper))),
    };
  },
  rsi_cross(close, { ewm, window, lower, upper }) {
    const rsi = line(ewm === true ? 'rsiEwm' : 'rsi', close, Number(window))[0];
    return { entries: crossBelow(rsi, level(rsi, Number(lower))), exits: crossAbove(rsi, level(rsi, Number(upper))) };
  },
  bb_breakout(close, { window, alpha, exit }) {
    const [middle, upper, lower] = line('bollinger', close, Number(window), Number(alpha));
    return { entries: crossAbove(close, upper), exits: crossBelow(close, exit === 'middle' ? middle : lower) };
  },
  pattern: (close, variant) => ({
    entries: everyNth(close.length, variant['entry_offset'], variant['entry_every']),
    exits: everyNth(close.length, variant['exit_offset'], variant['exit_every']),
  }),
};

/** Signals of one variant, proved by their hashes to be the recorded ones. */
export function sweepSignals(sweep: Sweep, candles: Candles, variant: Variant): EntryExit {
  const signals = FAMILIES[sweep.family](candles.close, variant);
  if (sha256Hex(signals.entries) !== variant.entries_sha256 || sha256Hex(signals.exits) !== variant.exits_sha256) {
    throw new Error(`other signals for ${JSON.stringify(variant)}`);
  }
  return signals;
}

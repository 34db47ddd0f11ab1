// Do the indicators of the vectorbt arithmetic, and the crossing rule, give vectorbt's signals bit by bit?
import { expect, test } from 'vitest';
import { sha256Hex } from '../../src/core/hash.ts';
import { crossAbove, crossBelow } from '../../src/indicators/crossing.ts';
import type { IndicatorName } from '../../src/indicators/registry.ts';
import { INDICATORS } from '../../src/indicators/registry.ts';
import { countOracle, describeOracle, readShared } from './oracle.ts';

interface Variant {
  readonly entries_sha256: string;
  readonly exits_sha256: string;
  readonly [parameter: string]: number | boolean | string;
}

interface Sweep {
  readonly family: string;
  readonly dataset: {
    readonly file: string;
    readonly start_index: number;
    readonly rows: number;
    readonly sha256_close_f64le: string;
  };
  readonly variants: readonly Variant[];
  /** Signal hashes of a newer release for the variants it changes: as good as the main ones. */
  readonly alternative_1_1_0?: unknown;
}

interface Signals {
  readonly entries: Uint8Array;
  readonly exits: Uint8Array;
}

const line = (name: IndicatorName, source: Float64Array, ...params: number[]): Float64Array[] =>
  INDICATORS[name].compute([source], params, 'vectorbt');

const level = (bars: number, value: number): Float64Array => new Float64Array(bars).fill(value);

/** How each family of a sweep makes its signals, from the closes and the parameters of a variant. */
const FAMILIES: Readonly<Record<string, (close: Float64Array, variant: Variant) => Signals>> = {
  sma_cross: (close, { fast, slow }) => cross(line('sma', close, Number(fast))[0], line('sma', close, Number(slow))[0]),
  ema_cross: (close, { fast, slow }) => cross(line('ema', close, Number(fast))[0], line('ema', close, Number(slow))[0]),
  macd_cross: (close, variant) => {
    const lengths = [Number(variant['fast']), Number(variant['slow']), Number(variant['signal'])];
    if (variant['macd_ewm'] === variant['signal_ewm']) {
      const [macd, signal] = line(variant['macd_ewm'] === true ? 'macdEwm' : 'macd', close, ...lengths);
      return cross(macd, signal);
    }
    const macd = line(variant['macd_ewm'] === true ? 'macdEwm' : 'macd', close, ...lengths)[0];
    return cross(macd, line(variant['signal_ewm'] === true ? 'ema' : 'sma', macd, lengths[2])[0]);
  },
  rsi_level: (close, variant) => {
    const rsi = rsiOf(close, variant);
    const lower = Number(variant['lower']);
    const upper = Number(variant['upper']);
    return {
      entries: Uint8Array.from(rsi, (value) => Number(value < lower)),
      exits: Uint8Array.from(rsi, (value) => Number(value > upper)),
    };
  },
  rsi_cross: (close, variant) => {
    const rsi = rsiOf(close, variant);
    return {
      entries: crossBelow(rsi, level(rsi.length, Number(variant['lower']))),
      exits: crossAbove(rsi, level(rsi.length, Number(variant['upper']))),
    };
  },
  bb_breakout: (close, variant) => {
    const [middle, upper, lower] = line('bollinger', close, Number(variant['window']), Number(variant['alpha']));
    return {
      entries: crossAbove(close, upper),
      exits: crossBelow(close, variant['exit'] === 'middle' ? middle : lower),
    };
  },
};

const cross = (fast: Float64Array, slow: Float64Array): Signals => ({
  entries: crossAbove(fast, slow),
  exits: crossBelow(fast, slow),
});

const rsiOf = (close: Float64Array, variant: Variant): Float64Array =>
  line(variant['ewm'] === true ? 'rsiEwm' : 'rsi', close, Number(variant['window']))[0];

/** Closes of the sweep's window, proved by its hash to be the rows that the peer read. */
function closesOf({ dataset }: Sweep): Float64Array {
  const rows = readShared(`data/${dataset.file}`).trim().split('\n').slice(1);
  const window = rows.slice(dataset.start_index, dataset.start_index + dataset.rows);
  const close = Float64Array.from(window, (row) => Number(row.split(',')[4]));
  expect(sha256Hex(new Uint8Array(close.buffer)), 'the closes are those of the reference run').toBe(
    dataset.sha256_close_f64le,
  );
  return close;
}

/** Each sweep with indicators, its candles and its number of variants. */
const SWEEPS: readonly (readonly [sweep: string, candles: string, variants: number])[] = [
  ['sma_btcusdt_5m', 'crypto/binance_spot_BTCUSDT_5m_2025', 71],
  ['sma_goog_1d', 'equity/backtestingpy_GOOG_1d', 13],
  ['sma_kiteusdt_1m', 'crypto/binance_spot_KITEUSDT_1m_2025', 17],
  ['sma_stops_btcusdt_1m', 'crypto/binance_spot_BTCUSDT_1m_90d', 18],
  ['ema_bitfinex_btcusd_1m', 'crypto/bitfinex_BTCUSD_1m_2019', 17],
  ['macd_kiteusdt_1m', 'crypto/binance_spot_KITEUSDT_1m_2025', 32],
  ['rsi_cross_kiteusdt_1m', 'crypto/binance_spot_KITEUSDT_1m_2025', 16],
  ['rsi_spy_5m', 'equity/SPY_5m_rth_2024-03_2025-04', 36],
  ['bb_eurusd_1h', 'forex/backtestingpy_EURUSD_1h', 24],
];

for (const [name, candles, variants] of SWEEPS) {
  const file = `oracles/vectorbt_sweeps/vectorbt_sweep_${name}.json.gz`;
  describeOracle(`vectorbt signals, ${name}`, [file, `data/${candles}.csv.gz`], variants, () => {
    test(`the entry and exit bars of all ${variants} variants have the recorded hashes`, () => {
      const sweep = JSON.parse(readShared(file)) as Sweep;
      expect(sweep.variants.length).toBe(variants);
      const close = closesOf(sweep);
      const alternatives = JSON.stringify(sweep.alternative_1_1_0 ?? null);
      const differing: string[] = [];
      for (const variant of sweep.variants) {
        const signals = FAMILIES[sweep.family](close, variant);
        const entries = sha256Hex(signals.entries);
        const exits = sha256Hex(signals.exits);
        const main = entries === variant.entries_sha256 && exits === variant.exits_sha256;
        const newer = alternatives.includes(entries) && alternatives.includes(exits);
        if (!main && !newer) differing.push(JSON.stringify(variant));
        else countOracle(1);
      }
      expect(differing).toEqual([]);
    });
  });
}

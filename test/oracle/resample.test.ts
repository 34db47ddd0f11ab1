// Do resampled candles equal those the exchanges publish, and does the quality check find what is known of real files?
import { describe, expect, test } from 'vitest';
import { type Candles, createCandles, firstBarAtOrAfter, VALUE_COLUMNS } from '../../src/market/candles.ts';
import { inferTimeframe } from '../../src/market/infer-timeframe.ts';
import { checkCandles } from '../../src/market/quality.ts';
import { alignHigherTimeframe, resampleCandles } from '../../src/market/resample.ts';
import { parseTimeframe, timeframeMs } from '../../src/market/timeframe.ts';
import { countOracle, describeOracle } from './oracle.ts';
import { readSharedColumns } from './shared-candles.ts';

const CRYPTO = 'data/crypto/binance_spot_';
const loaded = new Map<string, Candles>();

function load(path: string, timeframe: string): Candles {
  let candles = loaded.get(path);
  if (candles === undefined) {
    candles = createCandles(parseTimeframe(timeframe), readSharedColumns(path));
    loaded.set(path, candles);
  }
  return candles;
}

/** Prices must be equal to the bit, volume (a sum of floats) to 1e-6; returns how many candles were compared. */
function expectSameCandles(built: Candles, published: Candles): number {
  let compared = 0;
  for (let i = 0; i < built.barCount; i++) {
    const k = firstBarAtOrAfter(published, built.time[i]!);
    if (published.time[k] !== built.time[i]) continue;
    compared++;
    for (const name of VALUE_COLUMNS) {
      const [found, wanted] = [built[name][i]!, published[name][k]!];
      const same = name === 'volume' ? Math.abs(found - wanted) <= 1e-6 * wanted : found === wanted;
      if (!same) throw new Error(`${name} at ${new Date(built.time[i]!).toISOString()}: ${found} is not ${wanted}`);
    }
  }
  return compared;
}

interface ResampleCase {
  readonly base: string;
  readonly baseTimeframe: string;
  readonly to: string;
  readonly published: string;
  /** Candles both sides have: every one must agree. */
  readonly compared: number;
  /** The published file ends with the bucket the input leaves unfinished. */
  readonly keepIncomplete?: boolean;
}

const from5m = { base: `${CRYPTO}BTCUSDT_5m_2025.csv.gz`, baseTimeframe: '5m' };
const fromKite = { base: `${CRYPTO}KITEUSDT_1m_2025.csv.gz`, baseTimeframe: '1m' };
const from1m = { base: `${CRYPTO}BTCUSDT_1m_90d.csv.gz`, baseTimeframe: '1m' };
const fromSpy = { base: 'data/equity/SPY_1m_rth_2024-03_2025-04.csv.gz', baseTimeframe: '1m', keepIncomplete: true };
const CASES: readonly ResampleCase[] = [
  { ...from1m, to: '5m', published: `${CRYPTO}BTCUSDT_5m_90d.csv.gz`, compared: 26_141 },
  { ...from1m, to: '5m', published: `${CRYPTO}BTCUSDT_5m_2025.csv.gz`, compared: 26_141 },
  { ...from1m, to: '15m', published: `${CRYPTO}BTCUSDT_15m_2025.csv.gz`, compared: 8_713 },
  { ...from5m, to: '15m', published: `${CRYPTO}BTCUSDT_15m_2025.csv.gz`, compared: 38_999 },
  { ...from5m, to: '30m', published: `${CRYPTO}BTCUSDT_30m_2025.csv.gz`, compared: 19_916 },
  { ...from5m, to: '1h', published: `${CRYPTO}BTCUSDT_1h_2025.csv.gz`, compared: 9_964 },
  { ...from5m, to: '4h', published: `${CRYPTO}BTCUSDT_4h_2025.csv.gz`, compared: 2_486 },
  { ...from5m, to: '1d', published: `${CRYPTO}BTCUSDT_1d_2025.csv.gz`, compared: 397 },
  { ...from5m, to: '1d', published: `${CRYPTO}BTCUSDT_1d_finom.csv.gz`, compared: 415 },
  { ...fromKite, to: '3m', published: `${CRYPTO}KITEUSDT_3m_2025.csv.gz`, compared: 51_755 },
  { ...fromKite, to: '5m', published: `${CRYPTO}KITEUSDT_5m_2025.csv.gz`, compared: 31_053 },
  { ...fromSpy, to: '5m', published: 'data/equity/SPY_5m_rth_2024-03_2025-04.csv.gz', compared: 20_769 },
];

const files = [...new Set(CASES.flatMap(({ base, published }) => [base, published]))];
describeOracle('resampled candles equal the exchange’s own', files, CASES.length, () => {
  for (const { base, baseTimeframe, to, published, compared, keepIncomplete } of CASES) {
    test(`${base} to ${to} equals ${published} in ${compared} candles`, () => {
      const built = resampleCandles(load(base, baseTimeframe), parseTimeframe(to), { keepIncomplete });
      expect(expectSameCandles(built, load(published, to))).toBe(compared);
      countOracle(1);
    });
  }

  test('plain aggregation, which does not pass over empty minutes, gets 1,210 of the 3m candles wrong', () => {
    const kite = load(fromKite.base, '1m');
    // A volume of one unit in every minute switches the rule off.
    const naive = resampleCandles({ ...kite, volume: kite.volume.map((v) => v || 1) }, parseTimeframe('3m'));
    const published = load(`${CRYPTO}KITEUSDT_3m_2025.csv.gz`, '3m');
    let wrong = 0;
    for (let i = 0; i < naive.barCount; i++) {
      const k = firstBarAtOrAfter(published, naive.time[i]!);
      if ((['open', 'high', 'low', 'close'] as const).some((name) => naive[name][i] !== published[name][k])) wrong++;
    }
    expect(wrong).toBe(1210);
  });

  test('an hour is visible only from the close of its twelfth 5m candle on', () => {
    const base = load(from5m.base, '5m');
    const hours = load(`${CRYPTO}BTCUSDT_1h_2025.csv.gz`, '1h');
    const aligned = alignHigherTimeframe(base, hours);
    for (let i = 0; i < base.barCount; i++) {
      const known = base.time[i]! + timeframeMs(base.timeframe);
      const last = aligned[i]!;
      expect(hours.time[last]! + 3_600_000 <= known).toBe(true);
      if (last + 1 < hours.barCount) expect(hours.time[last + 1]! + 3_600_000 > known).toBe(true);
    }
  });
});

// Facts counted independently of this code: rows, gaps, missing candles, largest step, zero-volume and flat candles.
type FileFacts = readonly [string, string, number, number, number, number, number, number, string];
const FACTS: readonly FileFacts[] = [
  ['crypto/binance_spot_BTCUSDT_5m_2025', '5m', 119_784, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_BTCUSDT_15m_2025', '15m', 38_999, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_BTCUSDT_30m_2025', '30m', 19_941, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_BTCUSDT_1h_2025', '1h', 12_556, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_BTCUSDT_4h_2025', '4h', 3_080, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_BTCUSDT_1d_2025', '1d', 488, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_usdm_BTCUSDT_5m_2025', '5m', 119_724, 0, 0, 0, 5, 5, ''],
  ['crypto/binance_spot_KITEUSDT_1m_2025', '1m', 155_267, 0, 0, 0, 9_550, 35_804, ''],
  ['crypto/binance_spot_KITEUSDT_3m_2025', '3m', 52_049, 0, 0, 0, 390, 3_231, ''],
  ['crypto/binance_spot_KITEUSDT_5m_2025', '5m', 31_224, 0, 0, 0, 48, 739, ''],
  ['crypto/binance_spot_BTCUSDT_1m_90d', '1m', 130_708, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_BTCUSDT_5m_90d', '5m', 26_141, 0, 0, 0, 0, 0, ''],
  ['crypto/binance_spot_ETHUSDT_1m_90d', '1m', 130_708, 0, 0, 0, 0, 0, ''],
  ['crypto/bitfinex_BTCUSD_1m_2019', '1m', 512_727, 9_955, 12_873, 198, 0, 55_195, '2019-01-07T10:00'],
  ['crypto/bitfinex_BTCUSD_1m_2013', '1m', 148_055, 49_884, 247_938, 280, 0, 59_011, '2013-08-10T08:05'],
  ['crypto/binance_spot_BTCUSDT_1d_finom', '1d', 3_178, 0, 0, 0, 0, 0, ''],
  ['equity/SPY_1m_rth_2024-03_2025-04', '1m', 102_236, 642, 433_798, 5_370, 0, 652, '2024-03-28T20:00'],
  ['equity/SPY_5m_rth_2024-03_2025-04', '5m', 20_769, 265, 86_438, 1_074, 0, 22, '2024-03-28T20:00'],
  ['equity/lean_SPY_1d', '1d', 5_849, 1_267, 2_641, 7, 0, 0, '2001-09-10T00:00'],
  ['equity/lean_AAPL_1d', '1d', 5_849, 1_267, 2_641, 7, 0, 0, '2001-09-10T00:00'],
  ['equity/backtestingpy_GOOG_1d', '1d', 2_148, 463, 969, 5, 0, 0, '2006-12-29T00:00'],
  ['forex/backtestingpy_EURUSD_1h', '1h', 5_000, 42, 2_063, 73, 0, 2, '2017-12-22T21:00'],
];
const DEFECTS_OF_CLEAN_FILES = ['gap', 'zero-volume-filler', 'spike'];

const factFiles = FACTS.map(([path]) => `data/${path}.csv.gz`);
describeOracle('the quality report states the known facts of real files', factFiles, FACTS.length, () => {
  for (const [path, timeframe, ...facts] of FACTS) {
    test(`${path}: ${facts.join(' ')}`, () => {
      const columns = load(`data/${path}.csv.gz`, timeframe);
      const { candles, report } = checkCandles(columns, columns.timeframe);
      const gaps = report.defects.find(({ kind }) => kind === 'gap')?.count ?? 0;
      const { largestGap } = report;
      const after = largestGap === null ? '' : new Date(largestGap.afterTime).toISOString().slice(0, 16);
      expect([
        report.barCount,
        gaps,
        report.missingCount,
        largestGap?.stepCount ?? 0,
        report.zeroVolumeCount,
        report.flatCount,
        after,
      ]).toEqual(facts);
      const kinds = report.defects.map(({ kind }) => kind);
      expect(kinds.filter((kind) => !DEFECTS_OF_CLEAN_FILES.includes(kind))).toEqual([]);
      expect(candles.time).toBe(columns.time);
      expect(inferTimeframe(columns.time)).toBe(timeframe);
      countOracle(1);
    });
  }

  test('known bad ticks and the 2025-10-10 crash are flagged as spikes, and a split is', () => {
    const spikes = (path: string, timeframe: string): string => {
      const columns = load(`data/${path}.csv.gz`, timeframe);
      const at = checkCandles(columns, columns.timeframe).report.defects.find(({ kind }) => kind === 'spike');
      return (at?.firstTimes ?? []).map((time) => new Date(time).toISOString()).join(' ');
    };
    expect(spikes('crypto/binance_spot_BTCUSDT_5m_2025', '5m')).toContain('2025-10-10T21:15');
    expect(spikes('crypto/binance_spot_KITEUSDT_1m_2025', '1m')).toContain('2025-11-03T13:00');
    expect(spikes('equity/lean_AAPL_1d', '1d')).toContain('2005-02-28');
  });
});

describe('without the shared folder', () => {
  test('a minute without trades does not become the open of its 3m candle', () => {
    // The rule by hand: 10 | (empty at 10) 12 13 | (empty at 13) (empty) (empty).
    const base = createCandles(parseTimeframe('1m'), {
      time: Float64Array.from({ length: 9 }, (_, i) => i * 60_000),
      open: Float64Array.of(10, 10, 10, 10, 12, 13, 13, 13, 13),
      high: Float64Array.of(11, 10, 10, 10, 13, 14, 13, 13, 13),
      low: Float64Array.of(9, 10, 10, 10, 11, 12, 13, 13, 13),
      close: Float64Array.of(10, 10, 10, 10, 13, 13, 13, 13, 13),
      volume: Float64Array.of(5, 1, 1, 0, 2, 3, 0, 0, 0),
    });
    const built = resampleCandles(base, parseTimeframe('3m'));
    expect([...built.time]).toEqual([0, 180_000, 360_000]);
    expect([...built.open]).toEqual([10, 12, 13]);
    expect([...built.high]).toEqual([11, 14, 13]);
    expect([...built.low]).toEqual([9, 11, 13]);
    expect([...built.close]).toEqual([10, 13, 13]);
    expect([...built.volume]).toEqual([7, 5, 0]);
  });
});

// Does the profile `backtesting.py` reproduce that program's runs, trade for trade, with its statistics?
import { describe, expect, test } from 'vitest';
import { type Candles, createCandles, sliceCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import {
  type BacktestingPyMetrics,
  backtestingPyMetrics,
  drawdownStretches,
} from '../../src/metrics/backtesting-py-metrics.ts';
import type { Trade } from '../../src/metrics/trade.ts';
import type { BacktestingPyOptions } from '../../src/simulate/backtesting-py-options.ts';
import { type BrokerStrategy, runBacktestingPyRules, runOnBroker } from '../../src/simulate/backtesting-py-rules.ts';
import { PROFILES } from '../../src/simulate/profiles.ts';
import {
  ENTER_LONG,
  ENTER_SHORT,
  EXIT_LONG,
  type Simulation,
  type SimulationSettings,
} from '../../src/simulate/simulation.ts';
import { countOracle, describeOracle, readShared } from './oracle.ts';

const FOLDER = 'oracles/backtesting_py';
const WARM_UP = 29;
const PROFILE = PROFILES['backtesting.py'];
const ALL_IN = PROFILE.defaults.sizing;

const rowsOf = (path: string): string[][] =>
  readShared(path)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));

/** Stamps without a zone are UTC; a date alone is midnight. */
const stampMs = (text: string): number => Date.parse(`${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`);

function candlesOf(symbol: 'GOOG' | 'EURUSD'): Candles {
  const rows = rowsOf(`${FOLDER}/backtestingpy_${symbol}.csv`);
  const column = (index: number): Float64Array => Float64Array.from(rows, (row) => Number(row[index]));
  return createCandles(parseTimeframe(symbol === 'GOOG' ? '1d' : '1h'), {
    time: Float64Array.from(rows, (row) => stampMs(row[0]!)),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
  });
}

function settingsOf(more: Partial<SimulationSettings>, options: BacktestingPyOptions = {}): SimulationSettings {
  return { profile: PROFILE, ...PROFILE.defaults, barriers: {}, ...more, backtestingPy: options };
}

const feeOf = (feeRate: number, fixedFee = 0) => ({ feeRate, fixedFee, slippage: 0 });

function sma(close: Float64Array, length: number): Float64Array {
  return close.map((_, i) =>
    i < length - 1 ? Number.NaN : close.subarray(i + 1 - length, i + 1).reduce((sum, value) => sum + value, 0) / length,
  );
}

/** Flags on the bars where sma10 crosses sma30, from the first bar the peer calls its strategy on. */
function crossSignals(candles: Candles, onUp: number, onDown: number): Uint8Array {
  const fast = sma(candles.close, 10);
  const slow = sma(candles.close, 30);
  const signals = new Uint8Array(candles.barCount);
  for (let i = WARM_UP + 1; i < candles.barCount; i++) {
    if (fast[i - 1]! < slow[i - 1]! && fast[i]! > slow[i]!) signals[i] = onUp;
    if (fast[i - 1]! > slow[i - 1]! && fast[i]! < slow[i]!) signals[i] = onDown;
  }
  return signals;
}

interface Run {
  readonly name: string;
  readonly symbol: 'GOOG' | 'EURUSD';
  readonly settings: SimulationSettings;
  readonly onDown: number;
}

const RUNS: readonly Run[] = [
  { name: 'goog_smacross_default', symbol: 'GOOG', settings: settingsOf({}), onDown: ENTER_SHORT },
  {
    name: 'goog_smacross_comm0.002',
    symbol: 'GOOG',
    settings: settingsOf({ costs: feeOf(0.002) }),
    onDown: ENTER_SHORT,
  },
  {
    name: 'goog_smacross_spread0.001_comm0.0005_close',
    symbol: 'GOOG',
    settings: settingsOf({ costs: feeOf(0.0005) }, { spread: 0.001, tradeOnClose: true }),
    onDown: ENTER_SHORT,
  },
  {
    name: 'goog_longonly_comm0.001',
    symbol: 'GOOG',
    settings: settingsOf({ costs: feeOf(0.001), initialCash: 100_000, direction: 'long' }),
    onDown: EXIT_LONG,
  },
  {
    name: 'goog_sltp_5_10_comm0.001',
    symbol: 'GOOG',
    settings: settingsOf(
      { costs: feeOf(0.001), initialCash: 100_000, barriers: { stopLoss: 0.05, takeProfit: 0.1 } },
      { oppositeEntry: 'ignore' },
    ),
    onDown: ENTER_SHORT,
  },
  {
    name: 'goog_smacross_exclusive_comm0.002',
    symbol: 'GOOG',
    settings: settingsOf({ costs: feeOf(0.002) }, { exclusiveOrders: true }),
    onDown: ENTER_SHORT,
  },
  {
    name: 'eurusd_sltp_5_10_comm0.0002',
    symbol: 'EURUSD',
    settings: settingsOf(
      { costs: feeOf(0.0002), initialCash: 1_000_000, barriers: { stopLoss: 0.003, takeProfit: 0.006 } },
      { oppositeEntry: 'ignore' },
    ),
    onDown: ENTER_SHORT,
  },
];

/** Files print 12 significant digits. */
function expectClose(actual: number, expected: number, tolerance: number, where: string): void {
  expect(Math.abs(actual - expected), `${where}: ${actual} against ${expected}`).toBeLessThanOrEqual(
    tolerance * Math.max(1e-9, Math.abs(expected)),
  );
}

const FIELDS: readonly (readonly [column: number, of: (trade: Trade) => number])[] = [
  [0, (trade) => (trade.side === 'long' ? trade.size : -trade.size)],
  [1, (trade) => trade.entryBar],
  [2, (trade) => trade.exitBar],
  [3, (trade) => trade.entryPrice],
  [4, (trade) => trade.exitPrice],
  [7, (trade) => trade.pnl],
  [8, (trade) => trade.fees],
  [9, (trade) => trade.return],
];

const STATS: Readonly<Record<string, keyof BacktestingPyMetrics>> = {
  Start: 'startMs',
  End: 'endMs',
  Duration: 'durationMs',
  'Exposure Time [%]': 'exposureTimePct',
  'Equity Final [$]': 'equityFinal',
  'Equity Peak [$]': 'equityPeak',
  'Commissions [$]': 'commissions',
  'Return [%]': 'returnPct',
  'Buy & Hold Return [%]': 'buyAndHoldReturnPct',
  'Return (Ann.) [%]': 'annualReturnPct',
  'Volatility (Ann.) [%]': 'annualVolatilityPct',
  'CAGR [%]': 'cagrPct',
  'Sharpe Ratio': 'sharpe',
  'Sortino Ratio': 'sortino',
  'Calmar Ratio': 'calmar',
  'Alpha [%]': 'alphaPct',
  Beta: 'beta',
  'Max. Drawdown [%]': 'maxDrawdownPct',
  'Avg. Drawdown [%]': 'averageDrawdownPct',
  'Max. Drawdown Duration': 'maxDrawdownDurationMs',
  'Avg. Drawdown Duration': 'averageDrawdownDurationMs',
  '# Trades': 'trades',
  'Win Rate [%]': 'winRatePct',
  'Best Trade [%]': 'bestTradePct',
  'Worst Trade [%]': 'worstTradePct',
  'Avg. Trade [%]': 'averageTradePct',
  'Max. Trade Duration': 'maxTradeDurationMs',
  'Avg. Trade Duration': 'averageTradeDurationMs',
  'Profit Factor': 'profitFactor',
  'Expectancy [%]': 'expectancyPct',
  SQN: 'sqn',
  'Kelly Criterion': 'kelly',
};

/** A number, a stamp (2004-08-19 00:00:00) or a duration (584 days 00:00:00), as a number of its unit. */
function statValue(value: number | string): number {
  if (typeof value === 'number') return value;
  const duration = /^(\d+) days (\d\d):(\d\d):(\d\d)$/.exec(value);
  if (duration === null) return stampMs(value);
  const [days, hours, minutes, seconds] = duration.slice(1).map(Number) as [number, number, number, number];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

const files = RUNS.flatMap(({ name }) => [`${FOLDER}/${name}.trades.csv`, `${FOLDER}/${name}.equity.csv.gz`]);

describeOracle('whole runs of backtesting.py', [`${FOLDER}/stats.json`, ...files], RUNS.length, () => {
  const stats = JSON.parse(readShared(`${FOLDER}/stats.json`)) as Record<
    string,
    { stats: Record<string, number | string> }
  >;

  test.each(RUNS)('$name: trades, equity and statistics', ({ name, symbol, settings, onDown }) => {
    const candles = candlesOf(symbol);
    const run = runBacktestingPyRules({ candles, signals: crossSignals(candles, ENTER_LONG, onDown), settings });
    const expected = rowsOf(`${FOLDER}/${name}.trades.csv`);
    expect(run.trades.length).toBe(expected.length);
    for (const [i, row] of expected.entries()) {
      for (const [column, of] of FIELDS) expectClose(of(run.trades[i]!), Number(row[column]), 1e-11, `trade ${i}`);
    }
    for (const [bar, row] of rowsOf(`${FOLDER}/${name}.equity.csv.gz`).entries()) {
      expectClose(run.equity[bar]!, Number(row[1]), 1e-11, `equity at bar ${bar}`);
    }
    const found = backtestingPyMetrics({ candles, ...run, firstTradingBar: WARM_UP });
    const published = Object.entries(stats[name]!.stats);
    expect(published.length).toBeGreaterThanOrEqual(30);
    for (const [stat, value] of published) expectClose(found[STATS[stat]!], statValue(value), 1e-8, stat);
    expectAddsUp(run, settings.initialCash);
    countOracle(1);
  });
});

const GOOG = `${FOLDER}/backtestingpy_GOOG.csv`;
const bars = (candles: Candles, count: number): Candles => sliceCandles(candles, 0, count);
const units = (value: number) => ({ kind: 'fixed-units', value }) as const;

/** A strategy that acts at the close of the given bars only. */
function atBars(actions: Readonly<Record<number, BrokerStrategy>>): BrokerStrategy {
  return (broker, bar) => actions[bar]?.(broker, bar);
}

/** The bar of a day (UTC) of a daily series. */
const barOn = (candles: Candles, day: string): number => candles.time.indexOf(Date.parse(day));

describeOracle("single rules of backtesting.py's own tests on GOOG", [GOOG], 8, () => {
  test.each([
    ['spread and commission', settingsOf({ costs: feeOf(0.01) }, { spread: 0.01 }), 110.75 * 1.01, 9685.31, 9749.33],
    ['a fixed and a relative commission', settingsOf({ costs: feeOf(0.01, 100) }), 110.75, 9784.5, 9718.69],
    ['a commission of one percent', settingsOf({ costs: feeOf(0.01) }), 110.75, 9781.28, 9846.04],
  ])('takes %s from the account', (_name, settings, entryPrice, second, third) => {
    const candles = bars(candlesOf('GOOG'), 20);
    const signals = new Uint8Array(20);
    signals[1] = ENTER_LONG;
    signals[2] = EXIT_LONG;
    const run = runBacktestingPyRules({ candles, signals, settings });
    expect(run.trades[0]!.entryPrice).toBe(entryPrice);
    expect(run.equity[2]).toBeCloseTo(second, 2);
    expect(run.equity[3]).toBeCloseTo(third, 2);
    countOracle(1);
  });

  test('hits the stop-loss of a market order on the day of entry', () => {
    const candles = candlesOf('GOOG');
    const run = runOnBroker(
      { candles, settings: settingsOf({}) },
      atBars({
        [barOn(candles, '2012-10-17')]: (broker) => broker.submit({ side: 1, size: ALL_IN, stopLoss: 720 }),
      }),
    );
    expect(run.trades[0]).toMatchObject({ exitPrice: 720, exitReason: 'stop-loss' });
    countOracle(1);
  });

  test('defers the stop-loss of a stop order to the next day, where it fills at the gap', () => {
    const candles = candlesOf('GOOG');
    const run = runOnBroker(
      { candles, settings: settingsOf({}) },
      atBars({
        [barOn(candles, '2012-10-17')]: (broker) => broker.submit({ side: 1, size: ALL_IN, stop: 758, stopLoss: 720 }),
      }),
    );
    expect(run.trades[0]).toMatchObject({ exitPrice: 705.58, exitReason: 'stop-loss' });
    countOracle(1);
  });

  test('fills a stop order at its stop when target and stop-loss lie around it', () => {
    const candles = candlesOf('GOOG');
    const run = runOnBroker(
      { candles, settings: settingsOf({}) },
      atBars({
        [barOn(candles, '2004-09-09')]: (broker) =>
          broker.submit({ side: 1, size: ALL_IN, stop: 104, stopLoss: 103, takeProfit: 110 }),
      }),
    );
    expect(run.trades[0]!.entryPrice).toBe(104);
    countOracle(1);
  });

  test('fills stop-limit orders at their stop when the limit is beyond it', () => {
    const candles = bars(candlesOf('GOOG'), 20);
    const run = runOnBroker(
      { candles, settings: settingsOf({}) },
      atBars({
        1: (broker) => {
          broker.submit({ side: 1, size: units(1), stop: 112, limit: 113 });
          broker.submit({ side: -1, size: units(1), stop: 107, limit: 105 });
        },
      }),
    );
    expect(run.fills.slice(0, 2).map((fill) => fill.price)).toEqual([112, 107]);
    countOracle(1);
  });

  test('ends an account on margin when a short goes against it', () => {
    const candles = candlesOf('GOOG');
    const run = runOnBroker(
      { candles, settings: settingsOf({}, { margin: 0.1 }) },
      atBars({
        [barOn(candles, '2006-10-19')]: (broker) => broker.submit({ side: 1, size: units(100), stop: 484, limit: 466 }),
        [barOn(candles, '2007-10-30')]: (broker) => broker.close(broker.trades[0]!, 'signal'),
        [barOn(candles, '2008-11-11')]: (broker, bar) =>
          broker.submit({ side: -1, size: units(200), stop: candles.low[bar]!, limit: 324.9 }),
      }),
    );
    const day = (bar: number): string => new Date(candles.time[bar]!).toISOString().slice(0, 10);
    expect(run.trades.map((trade) => [day(trade.entryBar), day(trade.exitBar), Math.round(trade.pnl)])).toEqual([
      ['2006-11-01', '2007-10-31', 23469],
      ['2008-11-14', '2009-09-21', -34420],
    ]);
    expect(Math.round(Math.max(...run.equity))).toBe(46961);
    expect(run).toMatchObject({ finalEquity: 0, ruined: true });
    countOracle(1);
  });
});

/** Candles of no range: open = high = low = close. */
function flatCandles(prices: readonly number[]): Candles {
  const price = Float64Array.from(prices);
  const time = price.map((_, i) => i * 86_400_000);
  return createCandles(parseTimeframe('1d'), {
    time,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: price,
  });
}

// backtesting.py 9c2b8e1, backtesting/test/_test.py; synthetic inputs.
describe("single rules of backtesting.py's own tests on synthetic candles", () => {
  test('fills a target that the open has passed at the open, with both commissions', () => {
    const candles = flatCandles([1, 1, 1, 2, 4, 1, 2]);
    const signals = new Uint8Array(7);
    signals[1] = ENTER_LONG;
    const settings = settingsOf({
      costs: feeOf(0.01, 10),
      initialCash: 5000,
      sizing: { ...ALL_IN, kind: 'fixed-units', value: 100 },
      barriers: { takeProfit: 2 },
    });
    const run = runBacktestingPyRules({ candles, signals, settings });
    expect(run.trades).toMatchObject([{ entryPrice: 1, exitPrice: 4, fees: 25, exitReason: 'take-profit' }]);
    expect(run.finalEquity).toBe(5000 + 300 - 25);
    countOracle(1);
  });

  test('measures drawdowns from peak to recovery', () => {
    const stretches = drawdownStretches([0, 1, 7, 0, 4, 0, 0]);
    expect(stretches.map(({ from, to, peak }) => [to, to - from, peak])).toEqual([
      [3, 3, 7],
      [5, 2, 4],
    ]);
    countOracle(1);
  });
});

/** Profits of the trades add up to what the account gained. */
function expectAddsUp(run: Simulation, initialCash: number): void {
  const profit = run.trades.reduce((sum, trade) => sum + trade.pnl, 0);
  expectClose(initialCash + profit, run.finalEquity, 1e-9, 'initial cash and profits');
}

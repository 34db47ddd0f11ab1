// Does the metric set equal empyrical's and vectorbt's published values? Small tables, carried here with their source.
import { describe, expect, test } from 'vitest';
import type { MetricName } from '../../src/metrics/metrics.ts';
import { standardMetrics } from '../../src/metrics/standard-metrics.ts';
import type { Trade } from '../../src/metrics/trade.ts';
import type { VectorbtMetrics } from '../../src/metrics/vectorbt-metrics.ts';
import { vectorbtMetrics } from '../../src/metrics/vectorbt-metrics.ts';
import { countOracle, describeOracle, readShared } from './oracle.ts';

/** The equity curve, from 1, that has these bar returns. */
function equityOf(returns: readonly number[]): Float64Array {
  const equity = new Float64Array(returns.length);
  let value = 1;
  for (let i = 0; i < returns.length; i++) equity[i] = value *= 1 + returns[i]!;
  return equity;
}

function inputOf(returns: readonly number[], periodsPerYear: number) {
  const equity = equityOf(returns);
  const finalEquity = equity.at(-1) ?? 1;
  return {
    initialCash: 1,
    equity,
    finalEquity,
    totalReturn: finalEquity - 1,
    trades: [],
    fills: [],
    exposedBars: 0,
    ambiguousBars: 0,
    skippedOrders: 0,
    periodsPerYear,
  };
}

const DAILY = 252;
const WEEKLY = 52;
const MONTHLY = 12;
const percent = (...values: number[]): readonly number[] => values.map((value) => value / 100);
const minus = (returns: readonly number[], other: readonly number[]): readonly number[] =>
  returns.map((value, i) => value - other[i]!);

const simple = percent(0, 1, 0, 1, 0, 1, 0, 1, 0);
const positive = percent(1, 2, 1, 1, 1, 1, 1, 1, 1);
const negative = percent(0, -6, -7, -1, -9, -2, -6, -8, -5);
const allNegative = percent(-2, -6, -7, -1, -9, -2, -6, -8, -5);
const mixed = percent(0, 1, 10, -4, 2, 3, 2, 1, -10);
/** `mixed` starts with a missing return, which moments leave out; growth over time still counts nine bars. */
const mixedKnown = mixed.slice(1);
const flat = percent(1, 1, 1, 1, 1, 1, 1, 1, 1);
const one = [-0.00171614, 0.01322056, 0.03063862, -0.01422057, -0.00489779, 0.01268925, -0.03357711, 0.01797036];
const two = [0.01846232, 0.00793951, -0.01448395, 0.00422537, -0.00339611, 0.03756813, 0.0151531, 0.03549769];

type Row = readonly [
  metric: MetricName,
  series: string,
  returns: readonly number[],
  perYear: number,
  value: number | null,
];

/**
 * empyrical's own tests (quantopian/empyrical 40f61b4, tests/test_stats.py, Apache-2.0; 8 decimals, cumulative returns
 * 4). Its risk-free rate or required return is subtracted from the returns here; NaN and infinity are null with us.
 */
const EMPYRICAL: readonly Row[] = [
  ['totalReturn', 'mixed', mixed, DAILY, 0.03893],
  ['totalReturn', 'negative', negative, DAILY, -0.3659],
  ['maxDrawdown', 'empty', [], DAILY, null],
  ['maxDrawdown', 'one return', percent(1), DAILY, 0],
  ['maxDrawdown', 'simple benchmark', simple, DAILY, 0],
  ['maxDrawdown', 'mixed', mixed, DAILY, 0.1],
  ['maxDrawdown', 'positive', positive, DAILY, 0],
  ['maxDrawdown', 'up, down, up', percent(10, -10, 10), DAILY, 0.1],
  ['cagr', 'mixed daily', mixed, DAILY, 1.9135925373194231],
  ['cagr', 'mixed weekly', mixed, WEEKLY, 0.24690830513998208],
  ['cagr', 'mixed monthly', mixed, MONTHLY, 0.052242061386048144],
  ['cagr', 'one return', percent(1), DAILY, 11.274002099240244],
  ['cagr', 'flat 1 % x 1000', new Array<number>(1000).fill(0.01), DAILY, 11.274002099240256],
  ['cagr', 'three years of 3 %', percent(3, 3, 3), 1, 0.03],
  ['volatility', 'flat', flat, DAILY, 0],
  ['volatility', 'mixed daily', mixedKnown, DAILY, 0.9136465399704637],
  ['volatility', 'weekly', mixed, WEEKLY, 0.38851569394870583],
  ['volatility', 'monthly', mixed, MONTHLY, 0.18663690238892558],
  ['calmar', 'mixed', mixed, DAILY, 19.135925373194233],
  ['calmar', 'weekly', mixed, WEEKLY, 2.469083051399808],
  ['calmar', 'monthly', mixed, MONTHLY, 0.5224206138604814],
  ['omega', 'mixed, required 10 a year', mixedKnown.map((r) => r - (11 ** (1 / DAILY) - 1)), DAILY, 0.8335426349755793],
  ['omega', 'mixed over flat', minus(mixedKnown, flat), DAILY, 0.8125],
  ['omega', 'positive over 0.01', positive.map((r) => r - 0.01), DAILY, null],
  ['omega', 'positive over 0.011', positive.map((r) => r - 0.011), DAILY, 1.125],
  ['omega', 'positive over 0.02', positive.map((r) => r - 0.02), DAILY, 0],
  ['omega', 'negative over 0.01', negative.map((r) => r - 0.01), DAILY, 0],
  ['sharpe', 'mixed', mixedKnown, DAILY, 1.7238613961706866],
  ['sharpe', 'mixed over simple benchmark', minus(mixedKnown, simple.slice(1)), DAILY, 0.34111411441060574],
  ['sharpe', 'positive', positive, DAILY, 52.915026221291804],
  ['sharpe', 'negative', negative, DAILY, -24.406808633910085],
  ['sharpe', 'flat', flat, DAILY, null],
  ['sharpe', 'mixed over itself', minus(mixedKnown, mixedKnown), DAILY, null],
  ['sharpe', 'one return', percent(1), DAILY, null],
  ['sortino', 'mixed', mixedKnown, DAILY, 2.605531251673693],
  ['sortino', 'mixed over flat', minus(mixedKnown, flat), DAILY, -1.3934779588919977],
  ['sortino', 'positive', positive, DAILY, null],
  ['sortino', 'negative', negative, DAILY, -13.532743075043401],
  ['sortino', 'simple benchmark', simple, DAILY, null],
  ['sortino', 'weekly', mixed, WEEKLY, 1.1158901056866439],
  ['sortino', 'monthly', mixed, MONTHLY, 0.5360562674188976],
  ['sortino', 'df one', one, DAILY, 3.0639640966566306],
  ['sortino', 'df two', two, DAILY, 38.090963117002495],
  ['sortino', 'df one weekly', one, WEEKLY, 1.3918264112070571],
  ['sortino', 'df two weekly', two, WEEKLY, 17.303077589064618],
  ['sortino', 'df one monthly', one, MONTHLY, 0.6686117809312383],
  ['sortino', 'df two monthly', two, MONTHLY, 8.3121296084492844],
];

describe('the standard set equals empyrical', () => {
  test.each(EMPYRICAL)('%s of %s', (metric, _series, returns, perYear, expected) => {
    const actual = standardMetrics(inputOf(returns, perYear))[metric];
    if (expected === null) expect(actual).toBeNull();
    else expect(Math.abs(actual! - expected)).toBeLessThan(metric === 'totalReturn' ? 5e-5 : 1e-8);
    countOracle(1);
  });

  test.each([
    ['negative', negative],
    ['all negative', allNegative],
  ])('the drawdown of %s counts from the initial cash, so it is the whole loss', (_name, returns) => {
    const found = standardMetrics(inputOf(returns, DAILY));
    expect(found.maxDrawdown).toBe(-found.totalReturn!);
    countOracle(1);
  });

  // The downside risk is the divisor of the Sortino ratio: mean * perYear / sortino.
  test.each([
    ['mixed', mixedKnown, 0, DAILY, 0.6044832503882965],
    ['mixed', mixedKnown, 0.1, DAILY, 1.7161730681956295],
    ['weekly', mixed, 0, WEEKLY, 0.25888650451930134],
    ['weekly', mixed, 0.1, WEEKLY, 0.7733045971672482],
    ['monthly', mixed, 0, MONTHLY, 0.1243650540411842],
    ['monthly', mixed, 0.1, MONTHLY, 0.37148351242013422],
    ['df one', one, 0, DAILY, 0.20671788246185202],
    ['df two', two, 0, DAILY, 0.083495680595704475],
  ])('the downside risk inside the Sortino ratio of %s', (_name, returns, required, perYear, expected) => {
    const excess = returns.map((r) => r - required);
    const mean = excess.reduce((sum, r) => sum + r, 0) / excess.length;
    const { sortino } = standardMetrics(inputOf(excess, perYear));
    expect(Math.abs((mean * perYear) / sortino! - expected)).toBeLessThan(1e-8);
    countOracle(1);
  });
});

/** polakowo/vectorbt f989752, tests/test_returns.py: prices of three columns, 365 bars a year. */
const PRICES = { a: [1, 2, 3, 4, 5], b: [5, 4, 3, 2, 1], c: [1, 2, 3, 2, 1] };
type Column = keyof typeof PRICES;
/** A required return of 10 % a year, per bar. */
const OMEGA_REQUIRED = 1.1 ** (1 / 365) - 1;

/** Known returns only, less `rate`. */
function knownReturns(column: Column, rate: number): readonly number[] {
  const prices = PRICES[column];
  return prices.slice(1).map((price, i) => price / prices[i]! - 1 - rate);
}

describe("the return metrics equal vectorbt's published values", () => {
  // Growth counts all five bars, the first with return 0.
  test.each([
    ['a', 4, 1.0587911840678754e51, 0, Number.NaN],
    ['b', -0.8, -1, -0.8, -1.25],
    ['c', 0, 0, -0.6666666666666667, 0],
  ] as const)('total and annual return, drawdown and Calmar of %s', (column, total, annual, drawdown, calmar) => {
    const prices = PRICES[column];
    const returns = [0, ...knownReturns(column, 0)];
    const input = { ...inputOf(returns, 365), totalReturn: prices.at(-1)! / prices[0]! - 1 };
    const standard = standardMetrics(input);
    const vectorbt = vectorbtMetrics(input);
    expect(standard.totalReturn).toBeCloseTo(total, 14);
    expect(Math.abs(standard.cagr! - annual)).toBeLessThanOrEqual(1e-10 * Math.abs(annual));
    expect(standard.maxDrawdown).toBeCloseTo(-drawdown, 14);
    expect(vectorbt.maxDrawdown).toBeCloseTo(drawdown, 14);
    if (Number.isNaN(calmar)) expect([standard.calmar, vectorbt.calmar]).toEqual([null, Number.NaN]);
    else for (const value of [standard.calmar, vectorbt.calmar]) expect(value).toBeCloseTo(calmar, 12);
    countOracle(4);
  });

  test.each([
    ['a', 6.417884083645567],
    ['b', 2.5122615973129334],
    ['c', 13.509256086106296],
  ] as const)('annual volatility of %s', (column, expected) => {
    expect(standardMetrics(inputOf(knownReturns(column, 0), 365)).volatility).toBeCloseTo(expected, 12);
    countOracle(1);
  });

  test.each([
    ['b', 8.329186468210578],
    ['c', 7.069987427302981],
  ] as const)('the downside risk inside the Sortino ratio of %s', (column, expected) => {
    const excess = knownReturns(column, 0.1);
    const mean = excess.reduce((sum, r) => sum + r, 0) / excess.length;
    const { sortino } = vectorbtMetrics(inputOf(excess, 365));
    expect((mean * 365) / sortino).toBeCloseTo(expected, 12);
    countOracle(1);
  });

  test.each([
    ['sharpe', 'a', 0.01, 29.052280196490333],
    ['sharpe', 'b', 0.01, -48.06592068111974],
    ['sharpe', 'c', 0.01, 4.232900240313306],
    ['sortino', 'a', 0.1, Number.POSITIVE_INFINITY],
    ['sortino', 'b', 0.1, -18.441677017667562],
    ['sortino', 'c', 0.1, 3.4417788692752858],
    ['omega', 'a', 0.01 + OMEGA_REQUIRED, Number.POSITIVE_INFINITY],
    ['omega', 'b', 0.01 + OMEGA_REQUIRED, 0],
    ['omega', 'c', 0.01 + OMEGA_REQUIRED, 1.7327023435781848],
  ] as const)('%s of %s above a rate of %d a bar', (metric, column, rate, expected) => {
    const input = inputOf(knownReturns(column, rate), 365);
    const standard = standardMetrics(input)[metric];
    expect(vectorbtMetrics(input)[metric]).toBeCloseTo(expected, 11);
    if (Number.isFinite(expected)) expect(standard).toBeCloseTo(expected, 11);
    else expect(standard).toBeNull();
    countOracle(1);
  });
});

type Cell = number | string;
type RecordRow = readonly Cell[];

/** The parts of a reference sweep that are read here: metric rows, and full order and trade records of some. */
interface Sweep {
  readonly dataset: { readonly file: string; readonly start_index: number; readonly rows: number };
  readonly ann_factor: number;
  readonly columns: readonly string[];
  readonly groups: readonly { id: string; portfolio: { init_cash?: number }; rows: readonly RecordRow[] }[];
  readonly details: readonly {
    group: string;
    p: number;
    orders: readonly RecordRow[];
    trades: readonly RecordRow[];
    orders_complete: boolean;
    trades_complete: boolean;
  }[];
}

const METRIC_COLUMNS: Readonly<Record<string, keyof VectorbtMetrics>> = {
  total_return: 'totalReturn',
  final_value: 'finalValue',
  orders: 'orders',
  trades_closed: 'tradesClosed',
  trades_open: 'tradesOpen',
  win_rate: 'winRate',
  profit_factor: 'profitFactor',
  expectancy: 'expectancy',
  win_rate_incl_open: 'winRateInclOpen',
  profit_factor_incl_open: 'profitFactorInclOpen',
  expectancy_incl_open: 'expectancyInclOpen',
  max_drawdown: 'maxDrawdown',
  sharpe: 'sharpe',
  sortino: 'sortino',
  calmar: 'calmar',
  omega: 'omega',
  total_fees: 'totalFees',
};

const numberOf = (cell: Cell | undefined): number => Number(cell);

function closesOf({ file, start_index, rows }: Sweep['dataset']): number[] {
  const lines = readShared(`data/${file}`).trimEnd().split('\n');
  return lines.slice(1 + start_index, 1 + start_index + rows).map((line) => Number(line.split(',')[4]));
}

/** Replays complete order records into the equity curve they imply. */
function replay(orders: readonly RecordRow[], closes: readonly number[], initialCash: number) {
  const equity = new Float64Array(closes.length);
  const fills: { fee: number }[] = [];
  let cash = initialCash;
  let position = 0;
  let next = 0;
  for (let bar = 0; bar < closes.length; bar++) {
    for (; next < orders.length && orders[next]![0] === bar; next++) {
      const [, side, size, price, fee] = orders[next]!;
      const signed = numberOf(size) * (side === 'Buy' ? 1 : -1);
      cash -= signed * numberOf(price) + numberOf(fee);
      position += signed;
      fills.push({ fee: numberOf(fee) });
    }
    equity[bar] = cash + position * closes[bar]!;
  }
  const finalEquity = equity.at(-1)!;
  return { initialCash, equity, fills, finalEquity, totalReturn: (finalEquity - initialCash) / initialCash };
}

function tradeOf(row: RecordRow): Trade {
  const [size, entryBar, entryPrice, entryFee, exitBar, exitPrice, exitFee, pnl, ret, direction, status] = row;
  return {
    side: direction === 'Long' ? 'long' : 'short',
    entryBar: numberOf(entryBar),
    entryPrice: numberOf(entryPrice),
    exitBar: numberOf(exitBar),
    exitPrice: numberOf(exitPrice),
    size: numberOf(size),
    fees: numberOf(entryFee) + numberOf(exitFee),
    pnl: numberOf(pnl),
    return: numberOf(ret),
    exitReason: status === 'Open' ? 'open' : 'signal',
  };
}

const SWEEPS = ['options_goog_1d', 'sma_goog_1d', 'bb_eurusd_1h', 'sma_btcusdt_5m', 'rsi_cross_kiteusdt_1m'].map(
  (name) => `oracles/vectorbt_sweeps/vectorbt_sweep_${name}.json.gz`,
);

describeOracle("the vectorbt set equals vectorbt's own rows", SWEEPS, 99, () => {
  test.each(SWEEPS)('for every variant of %s with complete records', (file) => {
    const sweep = JSON.parse(readShared(file)) as Sweep;
    const closes = closesOf(sweep.dataset);
    for (const detail of sweep.details) {
      if (!detail.orders_complete || !detail.trades_complete) continue;
      const group = sweep.groups.find((candidate) => candidate.id === detail.group)!;
      const expected = group.rows.find((row) => row[0] === detail.p)!;
      const actual = vectorbtMetrics({
        ...replay(detail.orders, closes, group.portfolio.init_cash ?? 100),
        trades: detail.trades.map(tradeOf),
        periodsPerYear: sweep.ann_factor,
      });
      for (const [i, column] of sweep.columns.entries()) {
        if (column === 'p') continue;
        const want = numberOf(expected[i]);
        const found = actual[METRIC_COLUMNS[column]!];
        const where = `${file} ${detail.group} p${detail.p} ${column}`;
        if (!Number.isFinite(want)) expect(found, where).toBe(want);
        else expect(Math.abs(found - want), where).toBeLessThanOrEqual(1e-10 * Math.max(1, Math.abs(want)));
      }
      countOracle(1);
    }
  });
});

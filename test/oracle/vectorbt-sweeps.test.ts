// Does the rule book `vectorbt` give every recorded run of vectorbt on real candles: orders, trades, equity, statistics?
import { expect, test } from 'vitest';
import type { Trade } from '../../src/metrics/trade.ts';
import { type VectorbtMetrics, vectorbtMetrics } from '../../src/metrics/vectorbt-metrics.ts';
import type { Simulation } from '../../src/simulate/simulation.ts';
import { countOracle, describeOracle } from './oracle.ts';
import { flagsOf, runVectorbt, settingsOf } from './vectorbt-run.ts';
import {
  type Details,
  readSweep,
  SWEEPS,
  sweepCandles,
  sweepFile,
  sweepSignals,
  type TradeRow,
} from './vectorbt-sweep.ts';

type Column = readonly [metric: keyof VectorbtMetrics, tolerance: number];

/** Sums and counts come out to the last bit; what sums squares or takes a power, to 1e-10 relative. */
const EXACT = 0;
const RATIO = 1e-10;
const COLUMNS: Readonly<Record<string, Column>> = {
  total_return: ['totalReturn', EXACT],
  final_value: ['finalValue', EXACT],
  orders: ['orders', EXACT],
  trades_closed: ['tradesClosed', EXACT],
  trades_open: ['tradesOpen', EXACT],
  win_rate: ['winRate', EXACT],
  profit_factor: ['profitFactor', RATIO],
  expectancy: ['expectancy', RATIO],
  win_rate_incl_open: ['winRateInclOpen', EXACT],
  profit_factor_incl_open: ['profitFactorInclOpen', RATIO],
  expectancy_incl_open: ['expectancyInclOpen', RATIO],
  max_drawdown: ['maxDrawdown', RATIO],
  sharpe: ['sharpe', RATIO],
  sortino: ['sortino', RATIO],
  calmar: ['calmar', RATIO],
  omega: ['omega', RATIO],
  total_fees: ['totalFees', RATIO],
};

/** Relative; NaN equals NaN, an infinity itself. Ratios near 0 carry the rounding of sums of size 1. */
function agrees(found: number, wanted: number, tolerance: number): boolean {
  if (Object.is(found, wanted) || found === wanted) return true;
  return Math.abs(found - wanted) <= tolerance * Math.max(Math.abs(wanted), 1e-3);
}

function rowDifferences(found: VectorbtMetrics, names: readonly string[], row: readonly (number | string)[]): string[] {
  return names.slice(1).flatMap((name, at) => {
    const [metric, tolerance] = COLUMNS[name];
    const wanted = Number(row[at + 1]);
    return agrees(found[metric], wanted, tolerance) ? [] : [`${name} is ${found[metric]}, not ${wanted}`];
  });
}

const tradeRow = (trade: Trade): readonly unknown[] => [
  trade.size,
  trade.entryBar,
  trade.entryPrice,
  trade.exitBar,
  trade.exitPrice,
  trade.fees,
  trade.pnl,
  trade.return,
  trade.side === 'long' ? 'Long' : 'Short',
  trade.exitReason === 'open' ? 'Open' : 'Closed',
];

const recordedTradeRow = (row: TradeRow): readonly unknown[] => {
  const [size, entryBar, entryPrice, entryFees, exitBar, exitPrice, exitFees, pnl, return_, direction, status] = row;
  return [size, entryBar, entryPrice, exitBar, exitPrice, entryFees + exitFees, pnl, return_, direction, status];
};

/** Orders, trades and equity are equal to the last bit. */
function expectDetails({ fills, trades, equity }: Simulation, details: Details): void {
  const orders = fills.map((fill) => [fill.bar, fill.side === 'buy' ? 'Buy' : 'Sell', fill.size, fill.price, fill.fee]);
  expect(orders.slice(0, details.orders.length)).toEqual(details.orders);
  expect(trades.slice(0, details.trades.length).map(tradeRow)).toEqual(details.trades.map(recordedTradeRow));
  details.equity_every_50?.forEach((value, at) => {
    expect(equity[at * 50], `equity at bar ${at * 50}`).toBe(value);
  });
  if (details.equity_last !== undefined) expect(equity.at(-1)).toBe(details.equity_last);
}

for (const [name, candleFile, runs] of SWEEPS) {
  describeOracle(`vectorbt sweep ${name}`, [sweepFile(name), `data/${candleFile}.csv.gz`], runs, () => {
    const sweep = readSweep(name);
    const candles = sweepCandles(sweep);
    const signals = sweep.variants.map((variant) => sweepSignals(sweep, candles, variant));
    const equity = new Float64Array(candles.barCount);

    test(`holds ${runs} runs`, () => {
      expect(sweep.variant_runs).toBe(runs);
      expect(sweep.groups.reduce((sum, group) => sum + group.rows.length, 0)).toBe(runs);
      expect(sweep.details.length).toBe(sweep.groups.length);
    });

    test.each(sweep.groups.map((group) => [JSON.stringify(group.portfolio), group] as const))('%s', (_name, group) => {
      const settings = settingsOf(group.portfolio);
      const details = sweep.details.find((one) => one.group === group.id);
      const differences: string[] = [];
      for (const row of group.rows) {
        const { entries, exits } = signals[Number(row[0])];
        const flags = flagsOf(entries, exits, settings.direction);
        const run = runVectorbt(candles, flags, settings, equity);
        if (details?.p === row[0]) expectDetails(run, details);
        const { initialCash } = settings;
        const metrics = vectorbtMetrics({ ...run, initialCash, periodsPerYear: sweep.ann_factor });
        const wrong = rowDifferences(metrics, sweep.columns, row);
        if (wrong.length === 0) countOracle(1);
        else differences.push(`variant ${row[0]}: ${wrong.join('; ')}`);
      }
      expect(differences).toEqual([]);
    });
  });
}

// Figures of a run, exact and fixed, and positions that are left over.
import { describe, expect, test } from 'vitest';
import { EXACT, exactWith, minutes, type Row } from '../../test/fixtures/executor-market.ts';
import { simulateOrder } from './order-executor.ts';
import { addToHold, createHold, summarizeHold } from './position-hold.ts';
import { type SummaryExecutor, summarizeExecutors } from './summary.ts';

const trade = (netPnlQuote: number): SummaryExecutor => ({
  isLong: true,
  closeType: 'TAKE_PROFIT',
  netPnlQuote,
  feesQuote: 1,
  filledQuote: 100,
});

const input = (pnl: readonly number[], executors: readonly SummaryExecutor[], fixes = EXACT) => ({
  executors,
  totalAmountQuote: 1000,
  pnl: Float64Array.from(pnl),
  hold: null,
  barsPerYear: 525_600,
  fixes,
});

describe('risk figures', () => {
  const pnl = [0, 100, -50, 0];

  test('exact: Sharpe of the P&L level, drawdown relative to capital', () => {
    const { sharpe_ratio, max_drawdown_pct, max_drawdown_usd } = summarizeExecutors(input(pnl, [trade(1)]));
    expect(max_drawdown_usd).toBe(-150);
    expect(max_drawdown_pct).toBe(-0.15);
    expect(sharpe_ratio).toBeCloseTo(12.5 / Math.sqrt((12.5 ** 2 * 2 + 87.5 ** 2 + 62.5 ** 2) / 3), 12);
  });

  test('fixed: Sharpe of yearly bar returns, drawdown relative to the peak of equity', () => {
    const fixes = exactWith('sharpe', 'drawdown');
    const { sharpe_ratio, max_drawdown_pct } = summarizeExecutors(input(pnl, [trade(1)], fixes));
    expect(max_drawdown_pct).toBeCloseTo(-150 / 1100, 12);
    const returns = [0, 0.1, 950 / 1100 - 1, 1000 / 950 - 1];
    const mean = returns.reduce((sum, r) => sum + r, 0) / 4;
    const deviation = Math.sqrt(returns.reduce((sum, r) => sum + (r - mean) ** 2, 0) / 3);
    expect(sharpe_ratio).toBeCloseTo((mean / deviation) * Math.sqrt(525_600), 9);
  });

  test('equity that is gone has no Sharpe', () => {
    expect(summarizeExecutors(input([0, -1000, 5], [trade(1)], exactWith('sharpe'))).sharpe_ratio).toBeNaN();
  });

  test('no loss: profit factor 1, or infinite when fixed', () => {
    expect(summarizeExecutors(input(pnl, [trade(1)])).profit_factor).toBe(1);
    expect(summarizeExecutors(input(pnl, [trade(1)], exactWith('profitFactor'))).profit_factor).toBe(Infinity);
    expect(summarizeExecutors(input(pnl, [trade(3), trade(-2)])).profit_factor).toBe(1.5);
  });
});

describe('holds', () => {
  test('orders of one side average, the other side realises, and may turn the position', () => {
    const hold = createHold();
    const add = (isLong: boolean, filledQuote: number, price: number) =>
      addToHold(hold, { isLong, filledQuote, price, feesQuote: 0.1 });
    add(true, 100, 100);
    add(true, 110, 110);
    expect(summarizeHold(hold, 120)).toMatchObject({
      isLong: true,
      amountBase: 2,
      averagePrice: 105,
      unrealizedPnlQuote: 30,
    });
    add(false, 360, 120);
    const turned = summarizeHold(hold, 115);
    expect(turned).toMatchObject({
      isLong: false,
      amountBase: 1,
      averagePrice: 120,
      realizedPnlQuote: 30,
      unrealizedPnlQuote: 5,
    });
    expect(turned.feesQuote).toBeCloseTo(0.3, 15);
    add(true, 115, 115);
    expect(summarizeHold(hold, 90)).toMatchObject({
      amountBase: 0,
      averagePrice: 0,
      realizedPnlQuote: 35,
      unrealizedPnlQuote: 0,
    });
  });
});

describe('order executors', () => {
  const rows: Row[] = [
    [100, 100, 100, 100],
    [100, 100, 98, 99.5],
    [99, 99, 98, 98.5],
  ];
  const order = { isLong: true, levelId: null, amount: 2, price: 99 } as const;

  test('a market order is held from its bar on, one fee paid', () => {
    const run = simulateOrder(minutes(rows), 0, { ...order, strategy: 'MARKET' }, 0.001, EXACT);
    expect(run).toMatchObject({
      closeType: 'POSITION_HOLD',
      closeBar: 0,
      filledQuote: 200,
      heldQuote: 200,
      netPnlQuote: 0,
    });
    expect(run.feesQuote).toBeCloseTo(0.2, 12);
  });

  test('holdCosts: its fee is a cost', () => {
    const run = simulateOrder(minutes(rows), 0, { ...order, strategy: 'MARKET' }, 0.001, exactWith('holdCosts'));
    expect(run.netPnlQuote).toBeCloseTo(-0.2, 12);
  });

  test('a limit fills at a close beyond it, or at its price when fixed; else it expires', () => {
    const limit = { ...order, strategy: 'LIMIT' } as const;
    expect(simulateOrder(minutes(rows), 0, limit, 0, EXACT)).toMatchObject({ fillBar: 2, fillPrice: 98.5 });
    const fixed = exactWith('limitFillPrice', 'entryBarScan');
    expect(simulateOrder(minutes(rows), 0, limit, 0, fixed)).toMatchObject({ fillBar: 1, fillPrice: 99 });
    expect(simulateOrder(minutes(rows), 0, { ...limit, price: 50 }, 0, EXACT)).toMatchObject({ closeType: 'EXPIRED' });
  });

  test('a maker order never asks for worse than the market', () => {
    const maker = { ...order, strategy: 'LIMIT_MAKER', price: 105 } as const;
    expect(simulateOrder(minutes(rows), 0, maker, 0, EXACT)).toMatchObject({ fillBar: 0, fillPrice: 100 });
  });
});

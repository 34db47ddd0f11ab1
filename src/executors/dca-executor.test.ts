// DCA executors: the leaked entry time of the exact profile, and stages by their own fills in the corrected one.
import { describe, expect, test } from 'vitest';
import { CORRECTED, EXACT, exactWith, minutes, type Row } from '../../test/fixtures/executor-market.ts';
import { decimal } from '../core/decimal.ts';
import { simulateDca } from './dca-executor.ts';
import type { DcaOrder } from './dca-order.ts';
import { doubleOfDecimal } from './exact-level.ts';
import { addOpenPnl, markExecutor } from './executor-run.ts';
import type { Fixes } from './fixes.ts';

const exact = (text: string) => doubleOfDecimal(decimal(text));

const order = (changes: Partial<DcaOrder> = {}): DcaOrder => ({
  isLong: true,
  levelId: null,
  prices: [exact('100'), exact('98')],
  amounts: [exact('50'), exact('50')],
  takeProfit: exact('0.02'),
  stopLoss: exact('0.05'),
  trailing: null,
  timeLimitMs: 0,
  ...changes,
});

const run = (rows: readonly Row[], wanted: DcaOrder, fixes: Fixes, cost = 0) =>
  simulateDca(minutes(rows), 0, wanted, cost, fixes);

const FLAT: Row = [101, 101, 101, 101];

describe('exact', () => {
  test('a win of the first stage is booked as nothing when the second was never reached', () => {
    const rows: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 102.5, 100, 102.5]];
    expect(run(rows, order(), EXACT)).toMatchObject({
      closeType: 'TAKE_PROFIT',
      closeBar: 2,
      fillBar: -1,
      netPnlQuote: 0,
    });
  });

  test('all stages count from the entry of the last one', () => {
    const rows: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 100, 97, 97], [97, 101, 97, 101]];
    const found = run(rows, order(), EXACT);
    expect(found).toMatchObject({ closeType: 'TAKE_PROFIT', closeBar: 3, fillBar: 2, filledQuote: 200 });
  });

  test('without a stop-loss the last stage is refused, with the rule', () => {
    const rows: Row[] = [FLAT, [101, 101, 96, 97]];
    expect(() => run(rows, order({ stopLoss: null }), EXACT)).toThrow(/IndexError/);
    expect(run(rows, order({ stopLoss: null }), CORRECTED)).toMatchObject({ fillBar: 1, filledQuote: 200 });
  });
});

describe('corrected', () => {
  test('a win of the first stage is a win', () => {
    const rows: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 102.5, 100, 102.5]];
    const found = run(rows, order(), CORRECTED);
    expect(found).toMatchObject({
      closeType: 'TAKE_PROFIT',
      closeBar: 2,
      fillBar: 1,
      closePrice: 102,
      filledQuote: 100,
    });
    expect(found.netPnlQuote).toBeCloseTo(1, 12);
  });

  test('each stage fills at its price, and the break-even is what was paid', () => {
    const rows: Row[] = [FLAT, [101, 101, 97.5, 98.5], FLAT];
    const found = run(rows, order({ takeProfit: null }), CORRECTED);
    const base = 50 / 100 + 50 / 98;
    expect(found.averagePrice).toBeCloseTo(100 / base, 12);
    expect(found).toMatchObject({ closeType: 'TIME_LIMIT', closeBar: 2 });
    expect(found.netPnlQuote).toBeCloseTo(base * 101 - 100, 12);
  });

  test('the stop acts from the last stage on, at its level, in the bar that filled it too', () => {
    const rows: Row[] = [FLAT, [101, 101, 90, 92], FLAT];
    const found = run(rows, order(), CORRECTED);
    const even = 100 / (50 / 100 + 50 / 98);
    expect(found).toMatchObject({ closeType: 'STOP_LOSS', closeBar: 1 });
    expect(found.closePrice).toBeCloseTo(even * 0.95, 12);
    expect(found.netPnlQuote).toBeCloseTo(-5, 12);
    const oneStage: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 100, 98.5, 99]];
    expect(run(oneStage, order({ stopLoss: exact('0.005') }), CORRECTED).closeType).toBe('TIME_LIMIT');
  });

  test('a stage reached after the close does not happen', () => {
    const rows: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 102.5, 100, 102.5], [102, 102, 90, 91]];
    expect(run(rows, order(), CORRECTED)).toMatchObject({ closeBar: 2, filledQuote: 100 });
  });

  test('the trailing stop follows the best price since the last fill', () => {
    const trailing = { activation: exact('0.01'), delta: exact('0.01') };
    const rows: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 103, 100, 103], [103, 103, 101, 101]];
    const found = run(rows, order({ takeProfit: null, trailing }), CORRECTED);
    expect(found).toMatchObject({ closeType: 'TRAILING_STOP', closeBar: 3 });
    expect(found.closePrice).toBeCloseTo(103 * 0.99, 12);
  });

  test('marks are the value of what is held, and add up as open P&L', () => {
    const rows: Row[] = [FLAT, [101, 101, 99.5, 100], [100, 101, 100, 101], [101, 101, 101, 101]];
    const market = minutes(rows);
    const found = simulateDca(market, 0, order({ takeProfit: null }), 0.001, CORRECTED);
    expect(markExecutor(market, found, 0)).toMatchObject({ filledQuote: 0, netPnlQuote: 0 });
    expect(markExecutor(market, found, 2).netPnlQuote).toBeCloseTo(0.5 - 0.1, 12);
    const open = new Float64Array(4);
    addOpenPnl(market, found, 3, open);
    expect(open[2]).toBeCloseTo(0.4, 12);
    expect(open[3]).toBe(0);
  });

  test('dcaTiming alone still fills at closes', () => {
    const rows: Row[] = [FLAT, [101, 101, 99, 99.5], FLAT];
    expect(run(rows, order(), exactWith('dcaTiming'))).toMatchObject({ fillBar: 1, fillPrice: 99.5 });
  });
});

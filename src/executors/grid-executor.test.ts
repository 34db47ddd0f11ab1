// Grid executors: levels, fills in the bar of creation, targets, re-entries, and what is held at the end.
import { describe, expect, test } from 'vitest';
import { CORRECTED, EXACT, exactWith, minutes, type Row } from '../../test/fixtures/executor-market.ts';
import { decimal } from '../core/decimal.ts';
import { simulateGrid } from './grid-executor.ts';
import { type GridOrder, gridLevels, parseTradingRules } from './grid-levels.ts';

const order = (changes: Partial<GridOrder> = {}): GridOrder => ({
  isLong: true,
  levelId: null,
  startPrice: decimal('90'),
  endPrice: decimal('110'),
  limitPrice: decimal('80'),
  totalAmountQuote: decimal('300'),
  minSpreadBetweenOrders: decimal('0.05'),
  minOrderAmountQuote: decimal('50'),
  takeProfit: decimal('0.02'),
  stopLoss: null,
  timeLimitMs: 0,
  keepPosition: false,
  coerceTargetToStep: false,
  ...changes,
});

const FLAT: Row = [100, 100, 100, 100];

describe('levels', () => {
  test('money and range bound their number', () => {
    // 300 at 52.5 each are five; a range of 22.2 % in steps of 5 % are four.
    const levels = gridLevels(order(), 100, null, false);
    expect([...levels.prices].map((price) => price.toFixed(4))).toEqual(['90.0000', '96.6667', '103.3333', '110.0000']);
    expect(levels.amountQuote).toBe(75);
    expect(levels.targets[0]).toBeCloseTo(91.8, 12);
  });

  test('trading rules round amounts to the base increment', () => {
    const rules = parseTradingRules({
      min_notional_size: 5,
      min_base_amount_increment: '0.1',
      min_price_increment: 0.01,
    });
    expect(gridLevels(order(), 100, rules, false).amountQuote).toBe(70);
  });

  test('a range narrower than a step is refused as Hummingbot fails, or makes one level', () => {
    const narrow = order({ minSpreadBetweenOrders: decimal('0.5') });
    expect(() => gridLevels(narrow, 100, null, false)).toThrow(/divides by zero/);
    expect([...gridLevels(narrow, 100, null, true).prices]).toEqual([100]);
  });
});

describe('fills', () => {
  test('exact: the bar of creation fills levels that its past lows and the price above touched', () => {
    const run = simulateGrid(minutes([[100, 100, 96, 100], FLAT]), 0, order(), 0, EXACT, null);
    expect(run.fills.filter((fill) => fill.bar === 0).map((fill) => [fill.level, Math.round(fill.price)])).toEqual([
      [1, 97],
      [2, 103],
      [3, 110],
    ]);
  });

  test('corrected: fills begin after it, levels above the market at the open', () => {
    const run = simulateGrid(
      minutes([
        [100, 100, 96, 100],
        [99, 100, 99, 99],
      ]),
      0,
      order(),
      0,
      CORRECTED,
      null,
    );
    expect(run.fills.map((fill) => [fill.bar, fill.level, fill.price])).toEqual([
      [1, 2, 99],
      [1, 3, 99],
    ]);
  });

  test('exact re-enters a level in the bar that closed it, the fix gridFills does not', () => {
    const rows: Row[] = [FLAT, [100, 100, 96, 97], [97, 99, 96, 98]];
    const entries = (fixes: typeof EXACT) =>
      simulateGrid(minutes(rows), 0, order(), 0, fixes, null)
        .fills.filter((fill) => fill.level === 1)
        .map((fill) => `${fill.bar} ${fill.kind}`);
    expect(entries(EXACT)).toEqual(['1 entry', '2 target', '2 entry']);
    expect(entries(exactWith('gridFills'))).toEqual(['1 entry', '2 target']);
  });

  test('shorts mirror', () => {
    const short = order({ isLong: false, limitPrice: decimal('120') });
    const run = simulateGrid(minutes([FLAT, [100, 104, 100, 104], [104, 104, 101, 101]]), 0, short, 0, CORRECTED, null);
    expect(run.fills.map((fill) => [fill.bar, fill.kind, fill.level])).toEqual([
      [1, 'entry', 0],
      [1, 'entry', 1],
      [1, 'entry', 2],
      [2, 'target', 2],
    ]);
  });
});

describe('ends', () => {
  const rows: Row[] = [FLAT, [100, 100, 96, 97], [97, 97, 79, 79]];

  test('a close beyond the limit price sells, or keeps what is held', () => {
    expect(simulateGrid(minutes(rows), 0, order(), 0, EXACT, null)).toMatchObject({
      closeType: 'STOP_LOSS',
      heldQuote: 0,
    });
    const kept = simulateGrid(minutes(rows), 0, order({ keepPosition: true }), 0.001, EXACT, null);
    expect(kept).toMatchObject({ closeType: 'POSITION_HOLD', netPnlQuote: 0 });
  });

  test('holdCosts: what is kept is handed over with its entry fees paid', () => {
    const kept = simulateGrid(minutes(rows), 0, order({ keepPosition: true }), 0.001, exactWith('holdCosts'), null);
    expect(kept.heldQuote).toBe(225);
    expect(kept.netPnlQuote).toBeCloseTo(-0.225, 12);
  });

  test('a close above the range takes profit, whatever is open', () => {
    const up: Row[] = [FLAT, [100, 111, 100, 111]];
    expect(simulateGrid(minutes(up), 0, order(), 0, EXACT, null)).toMatchObject({
      closeType: 'TAKE_PROFIT',
      closeBar: 1,
    });
  });

  test('a loss of the whole grid stops it at the close', () => {
    const stop = order({ stopLoss: 0.08, limitPrice: null });
    const run = simulateGrid(minutes([FLAT, [100, 100, 93, 93]]), 0, stop, 0, EXACT, null);
    expect(run).toMatchObject({ closeType: 'STOP_LOSS', closeBar: 1, closePrice: 93 });
  });
});

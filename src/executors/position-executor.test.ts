// Position executors: the quirks of the exact profile, and what each fix does about them, on a few candles by hand.
import { describe, expect, test } from 'vitest';
import { CORRECTED, EXACT, exactWith, minutes, type Row } from '../../test/fixtures/executor-market.ts';
import { decimal } from '../core/decimal.ts';
import { levelOfDecimal, levelOfNumber } from './exact-level.ts';
import type { Fixes } from './fixes.ts';
import { simulatePosition } from './position-executor.ts';
import type { PositionOrder, TripleBarrier } from './position-order.ts';

const NONE: TripleBarrier = { stopLoss: null, takeProfit: null, timeLimitMs: 0, trailing: null };
const fraction = (text: string) => levelOfDecimal(decimal(text));

const order = (changes: Partial<PositionOrder> & { readonly barriers?: Partial<TripleBarrier> }): PositionOrder => ({
  isLong: true,
  levelId: null,
  amount: 1,
  entry: 'market',
  price: levelOfNumber(100),
  ...changes,
  barrier: { ...NONE, ...changes.barriers },
});

const run = (rows: readonly Row[], wanted: PositionOrder, fixes: Fixes, cost = 0) =>
  simulatePosition(minutes(rows), 0, wanted, cost, fixes);

const FLAT: Row = [100, 100, 100, 100];

describe('stop-loss', () => {
  // The entry bar dipped to 97 before its close at 100; the later bar falls through 98 and closes at 99.
  const rows: Row[] = [[100, 101, 97, 100], [100, 100, 97.5, 99], FLAT];
  const stop = order({ barriers: { stopLoss: 0.02 } });

  test('exact: the low of the entry bar stops the position at once, at its close', () => {
    expect(run(rows, stop, EXACT)).toMatchObject({ closeType: 'STOP_LOSS', closeBar: 0, netPnlQuote: 0 });
  });

  test('entryBarScan: only later bars stop it; the booked price is still the close', () => {
    const found = run(rows, stop, exactWith('entryBarScan'));
    expect(found).toMatchObject({ closeType: 'STOP_LOSS', closeBar: 1, closePrice: 99 });
    expect(found.netPnlQuote).toBeCloseTo(-1, 12);
  });

  test('corrected: it books the level', () => {
    const found = run(rows, stop, CORRECTED);
    expect(found).toMatchObject({ closeType: 'STOP_LOSS', closeBar: 1, closePrice: 98 });
    expect(found.netPnlQuote).toBeCloseTo(-2, 12);
  });

  test('corrected: an open beyond the level is worse than the level', () => {
    const found = run([FLAT, [95, 96, 94, 96], FLAT], stop, CORRECTED);
    expect(found).toMatchObject({ closeType: 'STOP_LOSS', closePrice: 95 });
  });

  test('shorts mirror', () => {
    const short = order({ isLong: false, barriers: { stopLoss: 0.02 } });
    expect(run([FLAT, [100, 103, 100, 101]], short, CORRECTED)).toMatchObject({
      closeType: 'STOP_LOSS',
      closePrice: 102,
    });
    const exact = run([FLAT, [100, 103, 100, 101]], short, EXACT);
    expect(exact).toMatchObject({ closeType: 'STOP_LOSS', closePrice: 101 });
    expect(exact.netPnlQuote).toBeCloseTo(-1, 12);
  });
});

describe('limit entry', () => {
  const rows: Row[] = [FLAT, [100, 100, 98.5, 99.5], [99.5, 99.5, 97, 97.5], FLAT];
  const limit = order({ entry: 'limit', price: levelOfNumber(99) });

  test('exact: it needs a close beyond the limit and fills at that close', () => {
    expect(run(rows, limit, EXACT)).toMatchObject({ fillBar: 2, fillPrice: 97.5, averagePrice: 99 });
  });

  test('corrected: it fills at the limit as soon as the price trades there', () => {
    expect(run(rows, limit, CORRECTED)).toMatchObject({ fillBar: 1, fillPrice: 99 });
  });

  test('corrected: a better open is taken', () => {
    expect(run([FLAT, [98, 98.5, 97, 98]], limit, CORRECTED)).toMatchObject({ fillBar: 1, fillPrice: 98 });
  });

  test('exact: bars before the fill can end it, with nothing filled', () => {
    const early = order({ entry: 'limit', price: levelOfNumber(99), barriers: { stopLoss: 0.02 } });
    // The fill at 98 puts the stop at 96.04; bar 1 had been at 96 before there was a fill.
    const dip: Row[] = [FLAT, [100, 100, 96, 99.5], [99, 99, 98, 98]];
    expect(run(dip, early, EXACT)).toMatchObject({ closeType: 'STOP_LOSS', closeBar: 1, fillBar: -1, filledQuote: 0 });
    // Fixed, the limit fills on the way down and the stop lies at 97.02.
    expect(run(dip, early, CORRECTED)).toMatchObject({ closeType: 'STOP_LOSS', fillPrice: 99, closePrice: 99 * 0.98 });
  });

  test('a limit that never trades ends with its time, empty', () => {
    const timed = order({ entry: 'limit', price: levelOfNumber(50), barriers: { timeLimitMs: 120_000 } });
    expect(run([FLAT, FLAT, FLAT, FLAT], timed, EXACT)).toMatchObject({
      closeType: 'TIME_LIMIT',
      closeBar: 2,
      fillBar: -1,
    });
  });
});

describe('take-profit', () => {
  const target = order({ barriers: { takeProfit: fraction('0.02'), stopLoss: 0.02 } });

  test('exact: the high does not count, and costs come first', () => {
    const rows: Row[] = [FLAT, [100, 103, 100, 102], [102, 102.5, 102, 102.2]];
    const found = run(rows, target, EXACT, 0.0005);
    expect(found).toMatchObject({ closeType: 'TAKE_PROFIT', closeBar: 2 });
    expect(found.netPnlPct).toBeCloseTo(0.021, 12);
  });

  test('takeProfitPrice: the high reaches it, and it fills at its level', () => {
    const found = run([FLAT, [100, 103, 100, 101]], target, exactWith('takeProfitPrice'));
    expect(found).toMatchObject({ closeType: 'TAKE_PROFIT', closeBar: 1, closePrice: 102 });
  });

  test('a bar with both: the target in the exact profile, the stop in the corrected one', () => {
    const both: Row[] = [FLAT, [100, 103, 97, 103]];
    expect(run(both, target, EXACT).closeType).toBe('TAKE_PROFIT');
    expect(run(both, target, CORRECTED)).toMatchObject({ closeType: 'STOP_LOSS', closePrice: 98 });
  });

  test('corrected: the bar of a limit fill does not reach the target, its high came before', () => {
    const limit = order({ entry: 'limit', price: levelOfNumber(99), barriers: { takeProfit: fraction('0.01') } });
    const rows: Row[] = [FLAT, [100, 101, 98.5, 99], [99, 100, 99, 99.5]];
    expect(run(rows, limit, CORRECTED)).toMatchObject({ closeType: 'TAKE_PROFIT', closeBar: 2, closePrice: 99 * 1.01 });
  });
});

describe('trailing stop', () => {
  const trailing = order({ barriers: { trailing: { activation: fraction('0.02'), delta: 0.01 } } });
  // Up 3 %, then back to 2.5 % and 1.9 %.
  const rows: Row[] = [FLAT, [100, 104, 100, 103], [103, 103, 102.5, 102.5], [102.5, 102.5, 101.5, 101.9], FLAT];

  test('exact: it follows closes and books a close', () => {
    expect(run(rows, trailing, EXACT)).toMatchObject({ closeType: 'TRAILING_STOP', closeBar: 3, closePrice: 101.9 });
  });

  test('corrected: it follows the high and books its level from the next bar on', () => {
    const found = run(rows, trailing, CORRECTED);
    expect(found).toMatchObject({ closeType: 'TRAILING_STOP', closeBar: 2 });
    // The high of 104 less 1 % of the entry is 103, where bar 2 opens.
    expect(found.closePrice).toBeCloseTo(103, 12);
  });

  test('below its activation it does nothing', () => {
    expect(run([FLAT, [100, 101.5, 100, 101.5], [101.5, 101.5, 99, 99]], trailing, CORRECTED).closeType).toBe(
      'TIME_LIMIT',
    );
  });
});

describe('money', () => {
  test('both sides are charged and the volume counts both', () => {
    const found = run([FLAT, [100, 101, 100, 101]], order({ amount: 3 }), EXACT, 0.001);
    expect(found).toMatchObject({ closeType: 'TIME_LIMIT', filledQuote: 600, closePrice: 101 });
    expect(found.feesQuote).toBeCloseTo(0.6, 12);
    expect(found.netPnlQuote).toBeCloseTo(3 - 0.6, 12);
  });

  test('a time limit between two bars ends on the earlier one', () => {
    const timed = order({ barriers: { timeLimitMs: 90_000 } });
    expect(run([FLAT, FLAT, FLAT], timed, EXACT).closeBar).toBe(1);
  });
});

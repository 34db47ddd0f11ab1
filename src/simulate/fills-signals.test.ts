// The fill rules on signals, prices, costs, size and ruin (docs/fills.md, rules 2 and 4 to 9) on a few candles each.
import { describe, expect, test } from 'vitest';
import { type RuleRun, runRule, type TradeRow, tradeRows } from '../../test/fixtures/simulate/rule-run.ts';

/** Bars whose open differs from their close, so that a fill at the wrong one shows. */
const CANDLES = '10 12 9 11, 12 14 11 13, 14 16 13 15, 16 18 15 17, 18 20 17 19';

type Row = readonly [statement: string, run: RuleRun, trades: readonly TradeRow[]];

const TABLE: readonly Row[] = [
  // The signal of bar i fills at close[i].
  [
    'fills rule 2: under close a signal fills at the close of its bar',
    { candles: CANDLES, signals: '. L . x .' },
    [['long', 1, 13, 3, 17, 'signal']],
  ],
  // The signal of bar i fills at open[i + 1].
  [
    'fills rule 2: under next-open a signal fills at the next open',
    { profile: 'next-open', candles: CANDLES, signals: '. L . x .' },
    [['long', 2, 14, 4, 18, 'signal']],
  ],
  // There is no next open after the last bar.
  [
    'fills rule 2: under next-open a signal of the last bar does not fill',
    { profile: 'next-open', candles: CANDLES, signals: '. . . . L' },
    [],
  ],
  [
    'fills rule 2: under close a signal of the last bar fills and stays open',
    { candles: CANDLES, signals: '. . . . L' },
    [['long', 4, 19, 4, 19, 'open']],
  ],
  // Four events: enter and exit, long and short.
  [
    'fills rule 4: enter and exit events open and close a long',
    { candles: CANDLES, signals: 'L x . . .', direction: 'both' },
    [['long', 0, 11, 1, 13, 'signal']],
  ],
  [
    'fills rule 4: enter and exit events open and close a short',
    { candles: CANDLES, signals: 'S c . . .', direction: 'both' },
    [['short', 0, 11, 1, 13, 'signal']],
  ],
  // A target that turns from +1 to -1 is the events exit long and enter short.
  [
    'fills rule 4: a target that changes sides exits one and enters the other',
    { candles: CANDLES, signals: 'L . xS . cL', direction: 'both' },
    [
      ['long', 0, 11, 2, 15, 'reverse'],
      ['short', 2, 15, 4, 19, 'reverse'],
      ['long', 4, 19, 4, 19, 'open'],
    ],
  ],
  [
    'fills rule 4: an exit event of the side that is not held does nothing',
    { candles: CANDLES, signals: 'L c . x x', direction: 'both' },
    [['long', 0, 11, 3, 17, 'signal']],
  ],
  // With both, an opposite entry closes and opens at one price.
  [
    'fills rule 5: with both an opposite entry reverses',
    { candles: CANDLES, signals: 'L . S . .', direction: 'both' },
    [
      ['long', 0, 11, 2, 15, 'reverse'],
      ['short', 2, 15, 4, 19, 'open'],
    ],
  ],
  // In one direction, an opposite entry is an exit.
  [
    'fills rule 5: in direction long a short entry exits',
    { candles: CANDLES, signals: 'L . S S .', direction: 'long' },
    [['long', 0, 11, 2, 15, 'signal']],
  ],
  [
    'fills rule 5: in direction short a long entry exits',
    { candles: CANDLES, signals: 'S . L L .', direction: 'short' },
    [['short', 0, 11, 2, 15, 'signal']],
  ],
  [
    'fills rule 5: a direction opens no position of the other side',
    { candles: CANDLES, signals: 'S . c S .', direction: 'long' },
    [],
  ],
  // Entry and exit of one side on one bar cancel.
  [
    'fills rule 6: entry and exit of the same side on one bar cancel',
    { candles: CANDLES, signals: 'Lx L Lx x .' },
    [['long', 1, 13, 3, 17, 'signal']],
  ],
  [
    'fills rule 6: long and short entries on one bar cancel',
    { candles: CANDLES, signals: 'LS L LS . .', direction: 'both' },
    [['long', 1, 13, 4, 19, 'open']],
  ],
  // Sides cancel first, so the entry of the other side is left over.
  [
    'fills rule 6: entry and exit of one side cancel before the entries meet',
    { candles: CANDLES, signals: 'LxS . . . .', direction: 'both' },
    [['short', 0, 11, 4, 19, 'open']],
  ],
  [
    'fills rule 6: an entry in the direction of the position is ignored',
    { candles: CANDLES, signals: 'L L L x .' },
    [['long', 0, 11, 3, 17, 'signal']],
  ],
  // Buys pay 10 % more, sells get 10 % less.
  [
    'fills rule 7: slippage raises the price of buys and lowers that of sells',
    { candles: '10, 10, 20, 20, 20', signals: 'L . S . c', direction: 'both', costs: { slippage: 0.1 } },
    [
      ['long', 0, 11, 2, 18, 'reverse'],
      ['short', 2, 18, 4, 22, 'signal'],
    ],
  ],
];

test.each(TABLE)('%s', (_statement, run, trades) => {
  expect(tradeRows(runRule(run))).toEqual(trades);
});

test('fills rule 5: a reversal is two fills, each with its fee', () => {
  const costs = { feeRate: 0.01, fixedFee: 1 };
  const sizing = { kind: 'fixed-units', value: 2 } as const;
  const { fills } = runRule({ candles: '10, 20, 20', signals: 'L S .', direction: 'both', costs, sizing });
  expect(fills).toEqual([
    { bar: 0, side: 'buy', size: 2, price: 10, fee: 1.2, reason: 'entry' },
    { bar: 1, side: 'sell', size: 2, price: 20, fee: 1.4, reason: 'reverse' },
    { bar: 1, side: 'sell', size: 2, price: 20, fee: 1.4, reason: 'entry' },
  ]);
});

describe('fills rule 7: every fill pays notional x fee rate + fixed fee', () => {
  const costs = { feeRate: 0.01, fixedFee: 1 };
  const sizing = { kind: 'fixed-units', value: 2 } as const;

  test('on a long', () => {
    const { trades, equity } = runRule({ candles: '10, 15, 20', signals: 'L . x', costs, sizing });
    // Bought for 20 + 1.2, sold for 40 - 1.4.
    expect(trades[0]).toMatchObject({ size: 2, fees: 1.2 + 1.4 });
    expect(trades[0].return).toBeCloseTo(17.4 / 20, 15);
    expect(trades[0].pnl).toBeCloseTo(17.4, 12);
    expect([...equity]).toEqual([998.8, 1008.8, 1017.4]);
  });

  test('on a short', () => {
    const run = { candles: '20, 15, 10', signals: 'S . c', direction: 'short', costs, sizing } as const;
    const { trades, equity } = runRule(run);
    // Sold for 40 - 1.4, bought back for 20 + 1.2.
    expect(trades[0].pnl).toBeCloseTo(17.4, 12);
    expect([...equity].map((value) => Number(value.toFixed(9)))).toEqual([998.6, 1008.6, 1017.4]);
  });
});

describe('fills rule 8: size', () => {
  const fill = (run: Partial<RuleRun>) => runRule({ candles: '10, 10', signals: 'L .', ...run });

  test('equity-fraction 1 spends all cash to the last bit, fee included', () => {
    const { fills, equity } = fill({ costs: { feeRate: 0.0037, fixedFee: 0.13, slippage: 0.0011 } });
    const [{ size, price, fee }] = fills;
    expect(size * price + fee).toBeCloseTo(1000, 10);
    expect(equity[0]).toBe(size * 10);
  });

  test('a short is sized as a long: its value and fee are covered by cash', () => {
    const costs = { feeRate: 0.25 };
    const long = fill({ costs }).fills[0];
    const short = fill({ costs, signals: 'S .', direction: 'short' }).fills[0];
    expect(short).toEqual({ ...long, side: 'sell' });
    expect(long).toMatchObject({ size: 80, fee: 200 });
  });

  test('short proceeds are credited: equity moves against the price', () => {
    const { equity } = runRule({ candles: '10, 5, 15', signals: 'S . .', direction: 'short' });
    expect([...equity]).toEqual([1000, 1500, 500]);
  });

  test.each([
    ['equity-fraction 0.5 spends half', { sizing: { value: 0.5 } }, 50],
    ['fixed-notional buys for that much', { sizing: { kind: 'fixed-notional', value: 250 } }, 25],
    ['fixed-units buys that many', { sizing: { kind: 'fixed-units', value: 7 } }, 7],
    ['an order for more than cash is cut to it', { sizing: { kind: 'fixed-units', value: 700 } }, 100],
    ['a size step rounds down', { sizing: { sizeStep: 30 } }, 90],
    [
      'a size that is a whole number of steps up to rounding is kept',
      {
        sizing: { kind: 'fixed-units', value: 0.3, sizeStep: 0.1 },
      },
      3 * 0.1,
    ],
    ['a size at the minimum fills', { sizing: { minSize: 100, minNotional: 1000 } }, 100],
  ] as const)('%s', (_statement, run, size) => {
    const { fills, skippedOrders } = fill(run);
    expect([fills[0].size, skippedOrders]).toEqual([size, 0]);
  });

  test.each([
    ['below the minimum size', { sizing: { minSize: 101 } }],
    ['below the minimum notional', { sizing: { minNotional: 1001 } }],
    ['below one size step', { sizing: { sizeStep: 101 } }],
    ['without cash for the fixed fee', { costs: { fixedFee: 1000 } }],
  ] as const)('an order %s is skipped and counted', (_statement, run) => {
    const { fills, skippedOrders } = fill({ ...run, signals: 'L L' });
    expect([fills.length, skippedOrders]).toEqual([0, 2]);
  });
});

describe('fills rule 9: equity at or below 0 ends the variant', () => {
  const ruin = { candles: '10, 15, 20, 5, 5', signals: 'S . . L S', direction: 'both' } as const;

  test('at the first such close: position closed, equity 0 from there on, flagged', () => {
    const run = runRule(ruin);
    expect(tradeRows(run)).toEqual([['short', 0, 10, 2, 20, 'ruin']]);
    expect([...run.equity]).toEqual([1000, 500, 0, 0, 0]);
    expect(run).toMatchObject({ ruined: true, finalEquity: 0, totalReturn: -1 });
  });

  test('what the account owes beyond that is not booked, so profits add up to the equity', () => {
    const run = runRule({ ...ruin, candles: '10, 15, 80, 5, 5' });
    expect([...run.equity]).toEqual([1000, 500, 0, 0, 0]);
    expect(run.trades[0]).toMatchObject({ exitPrice: 80, pnl: -1000, return: -1 });
  });

  test('also at a fill: a stop that gaps beyond the account', () => {
    const run = runRule({ candles: '10, 30', signals: 'S .', direction: 'short', barriers: { stopLoss: 0.5 } });
    expect(tradeRows(run)).toEqual([['short', 0, 10, 1, 30, 'stop-loss']]);
    expect(run).toMatchObject({ ruined: true, finalEquity: 0 });
  });

  test('in a reversal: the side it was to open is not even tried', () => {
    const run = runRule({ ...ruin, candles: '10, 15, 20, 5, 5', signals: 'S . L . .', direction: 'both' });
    expect(tradeRows(run)).toEqual([['short', 0, 10, 2, 20, 'reverse']]);
    expect(run).toMatchObject({ ruined: true, skippedOrders: 0, finalEquity: 0 });
  });

  test('under next-open as well, and nothing fills afterwards', () => {
    const run = runRule({ ...ruin, profile: 'next-open', candles: '10, 10, 20, 5, 5', signals: 'S L . L .' });
    expect(run).toMatchObject({ ruined: true, finalEquity: 0 });
    expect(run.fills.length).toBe(2);
  });
});

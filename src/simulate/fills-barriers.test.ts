// The fill rules on barriers and the end of data (docs/fills.md, rules 10 to 17) on a few candles each.
import { describe, expect, test } from 'vitest';
import { type RuleRun, runRule, type TradeRow, tradeRows } from '../../test/fixtures/simulate/rule-run.ts';

type Row = readonly [statement: string, run: RuleRun, trades: readonly TradeRow[], ambiguousBars?: number];

const short = { direction: 'short' } as const;

const TABLE: readonly Row[] = [
  // Bought at 110 (slippage), but the levels are 5 % around the reference price 100.
  [
    'fills rule 10: stop-loss is measured from the reference price, before slippage',
    { candles: '100, 100 100 94 96', signals: 'L .', barriers: { stopLoss: 0.05 }, costs: { slippage: 0.1 } },
    [['long', 0, 100 * (1 + 0.1), 1, 95 * (1 - 0.1), 'stop-loss']],
  ],
  [
    'fills rule 10: take-profit is measured from the reference price, before slippage',
    { candles: '100, 100 106 100 100', signals: 'L .', barriers: { takeProfit: 0.05 }, costs: { slippage: 0.1 } },
    [['long', 0, 100 * (1 + 0.1), 1, 105, 'take-profit']],
  ],
  [
    'fills rule 10: under next-open the reference price is the open',
    { profile: 'next-open', candles: '90, 100 101 99 98, 98 98 90 92', signals: 'L . .', barriers: { stopLoss: 0.05 } },
    [['long', 1, 100, 2, 95, 'stop-loss']],
  ],
  // Bar 1 rises to 120 and falls to 105: 10 % below 120 is 108, but it acts from bar 2 on.
  [
    'fills rule 10: the best price moves after the bar was tested, so the trailing stop acts from the next bar',
    { candles: '100, 110 120 105 115, 115 116 107 110', signals: 'L . .', barriers: { trailingStop: 0.1 } },
    [['long', 0, 100, 2, 108, 'trailing-stop']],
  ],
  [
    'fills rule 10: the trailing stop of a short follows the low',
    { ...short, candles: '100, 90 95 80 85, 85 89 84 88', signals: 'S . .', barriers: { trailingStop: 0.1 } },
    [['short', 0, 100, 2, 80 * (1 + 0.1), 'trailing-stop']],
  ],
  [
    'fills rule 10: the trailing stop starts from the reference price',
    { candles: '100, 98 99 89 95', signals: 'L .', barriers: { trailingStop: 0.1 } },
    [['long', 0, 100, 1, 90, 'trailing-stop']],
  ],
  // The entry bar's own low of 80 lies before the fill at its close.
  [
    'fills rule 11: under close barriers are tested from the bar after entry',
    { candles: '100 120 80 100, 100 100 99 99', signals: 'L .', barriers: { stopLoss: 0.05, takeProfit: 0.1 } },
    [['long', 0, 100, 1, 99, 'open']],
  ],
  [
    'fills rule 11: under next-open barriers are tested from the entry bar itself',
    { profile: 'next-open', candles: '100, 100 101 94 99', signals: 'L .', barriers: { stopLoss: 0.05 } },
    [['long', 1, 100, 1, 95, 'stop-loss']],
  ],
  // The exit waits for open[2] = 98; the stop at 95 lies in the same bar.
  [
    'fills rule 11: under next-open an order that waits for the open fills before the barriers of its bar',
    { profile: 'next-open', candles: '100, 100, 98 98 90 91', signals: 'L x .', barriers: { stopLoss: 0.05 } },
    [['long', 1, 100, 2, 98, 'signal']],
  ],
  [
    'fills rule 12: a stop inside the bar fills at its level',
    { candles: '100, 99 101 94 100', signals: 'L .', barriers: { stopLoss: 0.05 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
  ],
  [
    'fills rule 12: a low at the level is enough',
    { candles: '100, 99 101 95 100', signals: 'L .', barriers: { stopLoss: 0.05 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
  ],
  [
    'fills rule 12: a gap through the stop fills at the open',
    { candles: '100, 90 101 89 100', signals: 'L .', barriers: { stopLoss: 0.05 } },
    [['long', 0, 100, 1, 90, 'stop-loss']],
  ],
  [
    'fills rule 12: a gap through the target fills at the open',
    { candles: '100, 120 121 119 120', signals: 'L .', barriers: { takeProfit: 0.1 } },
    [['long', 0, 100, 1, 120, 'take-profit']],
  ],
  [
    'fills rule 12: mirrored for a short: stop above',
    { ...short, candles: '100, 101 106 100 100', signals: 'S .', barriers: { stopLoss: 0.05 } },
    [['short', 0, 100, 1, 105, 'stop-loss']],
  ],
  [
    'fills rule 12: mirrored for a short: gap above the stop',
    { ...short, candles: '100, 108 109 100 100', signals: 'S .', barriers: { stopLoss: 0.05 } },
    [['short', 0, 100, 1, 108, 'stop-loss']],
  ],
  [
    'fills rule 12: mirrored for a short: gap below the target',
    { ...short, candles: '100, 85 86 84 85', signals: 'S .', barriers: { takeProfit: 0.1 } },
    [['short', 0, 100, 1, 85, 'take-profit']],
  ],
  // Low 94 and high 111 hold both levels: the worse one is assumed, and counted.
  [
    'fills rule 13: stop and target in one bar: the stop acts and the bar is ambiguous',
    { candles: '100, 100 111 94 100', signals: 'L .', barriers: { stopLoss: 0.05, takeProfit: 0.1 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
    1,
  ],
  [
    'fills rule 13: the same for a short',
    { ...short, candles: '100, 100 106 89 100', signals: 'S .', barriers: { stopLoss: 0.05, takeProfit: 0.1 } },
    [['short', 0, 100, 1, 105, 'stop-loss']],
    1,
  ],
  [
    'fills rule 13: an open beyond the target does not save it from a stop in the bar',
    { candles: '100, 112 113 94 100', signals: 'L .', barriers: { stopLoss: 0.05, takeProfit: 0.1 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
    1,
  ],
  // Nothing was assumed: the position was gone at the open.
  [
    'fills rule 13: an open beyond the stop is certain, so the bar is not ambiguous',
    { candles: '100, 94 111 93 100', signals: 'L .', barriers: { stopLoss: 0.05, takeProfit: 0.1 } },
    [['long', 0, 100, 1, 94, 'stop-loss']],
    0,
  ],
  // Stop-loss at 90, trailing at 95 from the start.
  [
    'fills rule 13: of stop-loss and trailing stop the nearer one acts: trailing',
    { candles: '100, 100 100 85 100', signals: 'L .', barriers: { stopLoss: 0.1, trailingStop: 0.05 } },
    [['long', 0, 100, 1, 95, 'trailing-stop']],
  ],
  [
    'fills rule 13: of stop-loss and trailing stop the nearer one acts: stop-loss',
    { candles: '100, 100 100 85 100', signals: 'L .', barriers: { stopLoss: 0.05, trailingStop: 0.1 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
  ],
  [
    'fills rule 13: on a tie of the two the stop-loss acts',
    { candles: '100, 100 100 85 100', signals: 'L .', barriers: { stopLoss: 0.05, trailingStop: 0.05 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
  ],
  // Bar 1 stops the long out; its own entry signal is lost under close ...
  [
    'fills rule 14: under close an exit at a barrier discards the signals of its bar',
    { candles: '100, 99 99 94 96, 97', signals: 'L L .', barriers: { stopLoss: 0.05 } },
    [['long', 0, 100, 1, 95, 'stop-loss']],
  ],
  // ... and acts at the next open under next-open.
  [
    'fills rule 14: under next-open the signal of that bar acts at the next open',
    { profile: 'next-open', candles: '100, 100 100 94 96, 97', signals: 'L L .', barriers: { stopLoss: 0.05 } },
    [
      ['long', 1, 100, 1, 95, 'stop-loss'],
      ['long', 2, 97, 2, 97, 'open'],
    ],
  ],
  [
    'fills rule 14: under close a time-limit exit discards the signals of its bar',
    { candles: '100, 101, 102', signals: 'L S .', direction: 'both', barriers: { timeLimit: 1 } },
    [['long', 0, 100, 1, 101, 'time-limit']],
  ],
  [
    'fills rule 14: under next-open the signal of a time-limit bar acts at the next open',
    {
      profile: 'next-open',
      candles: '100, 101, 102, 103',
      signals: 'L . S .',
      direction: 'both',
      barriers: { timeLimit: 1 },
    },
    [
      ['long', 1, 101, 2, 102, 'time-limit'],
      ['short', 3, 103, 3, 103, 'open'],
    ],
  ],
  [
    'fills rule 15: stop-loss exits pay slippage',
    { candles: '100, 100 100 90 100', signals: 'L .', barriers: { stopLoss: 0.05 }, costs: { slippage: 0.02 } },
    [['long', 0, 100 * (1 + 0.02), 1, 95 * (1 - 0.02), 'stop-loss']],
  ],
  [
    'fills rule 15: trailing exits pay slippage',
    { candles: '100, 100 100 90 100', signals: 'L .', barriers: { trailingStop: 0.05 }, costs: { slippage: 0.02 } },
    [['long', 0, 100 * (1 + 0.02), 1, 95 * (1 - 0.02), 'trailing-stop']],
  ],
  [
    'fills rule 15: take-profit exits do not',
    {
      ...short,
      candles: '100, 100 100 90 100',
      signals: 'S .',
      barriers: { takeProfit: 0.05 },
      costs: { slippage: 0.02 },
    },
    [['short', 0, 100 * (1 - 0.02), 1, 95, 'take-profit']],
  ],
  [
    'fills rule 16: a time limit of n exits at the close of the bar n bars after entry',
    { candles: '100, 101, 102 110 90 103, 104', signals: 'L . . .', barriers: { timeLimit: 2 } },
    [['long', 0, 100, 2, 103, 'time-limit']],
  ],
  [
    'fills rule 16: under next-open the bars count from the entry bar',
    { profile: 'next-open', candles: '100, 101, 102, 103 110 90 104', signals: 'L . . .', barriers: { timeLimit: 2 } },
    [['long', 1, 101, 3, 104, 'time-limit']],
  ],
  [
    'fills rule 16: a barrier on the last allowed bar comes first',
    { candles: '100, 101, 102 110 94 103', signals: 'L . .', barriers: { timeLimit: 2, stopLoss: 0.05 } },
    [['long', 0, 100, 2, 95, 'stop-loss']],
  ],
  [
    'fills rule 16: a time-limit exit pays slippage as any market order',
    { candles: '100, 200', signals: 'L .', barriers: { timeLimit: 1 }, costs: { slippage: 0.1 } },
    [['long', 0, 100 * (1 + 0.1), 1, 200 * (1 - 0.1), 'time-limit']],
  ],
  [
    'fills rule 17: an open position is marked at the last close',
    { candles: '100, 90 130 80 120', signals: 'L .' },
    [['long', 0, 100, 1, 120, 'open']],
  ],
  [
    'fills rule 17: closeAtEnd closes it there with slippage',
    { candles: '100, 90 130 80 200', signals: 'L .', closeAtEnd: true, costs: { slippage: 0.1 } },
    [['long', 0, 100 * (1 + 0.1), 1, 200 * (1 - 0.1), 'end']],
  ],
  [
    'fills rule 17: closeAtEnd finds nothing to close after an exit',
    { candles: '100, 110, 120', signals: 'L x .', closeAtEnd: true },
    [['long', 0, 100, 1, 110, 'signal']],
  ],
];

const rows = TABLE.map(
  ([statement, run, trades, ambiguousBars = 0]) => [statement, run, trades, ambiguousBars] as const,
);

test.each(rows)('%s', (_statement, run, trades, ambiguousBars) => {
  const simulation = runRule(run);
  expect(tradeRows(simulation)).toEqual(trades);
  expect(simulation.ambiguousBars).toBe(ambiguousBars);
});

describe('fills rule 17: the open trade', () => {
  const costs = { feeRate: 0.01 };
  const sizing = { kind: 'fixed-units', value: 1 } as const;

  test('carries its entry fee and no exit fee, and its profit is in the equity', () => {
    const { trades, equity, totalReturn } = runRule({ candles: '100, 120', signals: 'L .', costs, sizing });
    expect(trades[0]).toMatchObject({ fees: 1, pnl: 19, exitReason: 'open' });
    expect([...equity]).toEqual([999, 1019]);
    expect(totalReturn).toBeCloseTo(0.019, 15);
  });

  test('pays the exit fee when it is closed at the end', () => {
    const { trades, equity } = runRule({ candles: '100, 120', signals: 'L .', costs, sizing, closeAtEnd: true });
    expect(trades[0]).toMatchObject({ fees: 2.2, exitReason: 'end' });
    expect(equity[1]).toBeCloseTo(1017.8, 12);
  });
});

test('exposed bars are those with a position at their close', () => {
  expect(runRule({ candles: '1, 1, 1, 1, 1', signals: '. L . x .' }).exposedBars).toBe(2);
  expect(runRule({ profile: 'next-open', candles: '1, 1, 1, 1, 1', signals: '. L . x .' }).exposedBars).toBe(2);
});

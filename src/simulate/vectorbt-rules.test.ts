// What the vectorbt rule book counts and defaults to, where that peer's records do not show it.
import { expect, test } from 'vitest';
import { runRule, tradeRows } from '../../test/fixtures/simulate/rule-run.ts';

const vectorbt = { profile: 'vectorbt' } as const;
const stops = { stopLoss: 0.05, takeProfit: 0.1 };

test.each([
  ['a stop at its level in a bar that holds the target', '100, 100 111 94 100', 95, 1],
  ['a stop that the open has passed', '100, 94 111 93 100', 94, 0],
  ['a stop in a bar without the target', '100, 100 109 94 100', 95, 0],
] as const)('ambiguous bars: %s', (_what, candles, price, ambiguousBars) => {
  const run = runRule({ ...vectorbt, candles, signals: 'L .', barriers: stops });
  expect(tradeRows(run)).toEqual([['long', 0, 100, 1, price, 'stop-loss']]);
  expect(run.ambiguousBars).toBe(ambiguousBars);
});

test('a stop fills at its level without slippage, an exit signal pays it', () => {
  const costs = { slippage: 0.1 };
  const stopped = runRule({ ...vectorbt, candles: '100, 100 100 94 100', signals: 'L .', barriers: stops, costs });
  expect(stopped.trades[0].exitPrice).toBe(95);
  expect(runRule({ ...vectorbt, candles: '100, 100', signals: 'L x', costs }).trades[0].exitPrice).toBe(90);
});

test('a reversal is one order with one fixed fee', () => {
  const sizing = { kind: 'fixed-units', value: 1 } as const;
  const { fills } = runRule({
    ...vectorbt,
    candles: '10, 10',
    signals: 'L S',
    direction: 'both',
    sizing,
    costs: { fixedFee: 1 },
  });
  expect(fills[1]).toEqual({ bar: 1, side: 'sell', size: 2, price: 10, fee: 1, reason: 'reverse' });
});

test('no account is ever ruined: equity may fall below 0', () => {
  const { equity, ruined } = runRule({ ...vectorbt, candles: '10, 30', signals: 'S .', direction: 'short' });
  expect([...equity]).toEqual([1000, -1000]);
  expect(ruined).toBe(false);
});

test('an order that finds no cash is rejected and counted', () => {
  const lockCash = { lockCash: true, accumulate: 'both' } as const;
  const run = runRule({ ...vectorbt, candles: '10, 10', signals: 'S S', direction: 'short', vectorbt: lockCash });
  expect([run.fills.length, run.skippedOrders]).toEqual([1, 1]);
});

test('a missing valuation price is the last known one, or with fillValuationForward off makes the order ignored', () => {
  const run = {
    ...vectorbt,
    candles: '10, 10',
    signals: '. L',
    sizing: { kind: 'fixed-notional', value: 100 },
  } as const;
  const valuationPrice = Float64Array.of(20, Number.NaN);
  expect(runRule({ ...run, vectorbt: { valuationPrice } }).fills[0].size).toBe(5);
  expect(runRule({ ...run, vectorbt: { valuationPrice, fillValuationForward: false } }).fills).toEqual([]);
});

test('previous-close values an order at the close before it', () => {
  const run = {
    ...vectorbt,
    candles: '20, 10',
    signals: '. L',
    sizing: { kind: 'fixed-notional', value: 100 },
  } as const;
  expect(runRule({ ...run, vectorbt: { valuationPrice: 'previous-close' } }).fills[0].size).toBe(5);
});

// Reasons why a controller stayed idle: each kind, and none where none is plain.
import { expect, test } from 'vitest';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { whyIdle } from './idle-controller.ts';

const timeframe = parseTimeframe('1m');
const candles = syntheticCandles({ seed: 1, timeframe, barCount: 60, startTime: 0, startPrice: 100 });

test('a grid beside the prices says where both lie', () => {
  expect(whyIdle({ start_price: 1000, end_price: 1200 }, candles)).toMatch(/from 1000 to 1200.*they never met/);
  expect(whyIdle({ start_price: 1, end_price: 1200 }, candles)).toBeUndefined();
});

test('candles shorter than the longest indicator say how many are missing, and of which', () => {
  const short = whyIdle({ interval_minutes: 3, bb_length: 20, macd_slow: 42, macd_fast: 21 }, candles);
  expect(short).toMatch(/^macd_slow 42 needs .* of candles before its first value/);
  expect(whyIdle({ interval_minutes: 3, bb_length: 19 }, candles)).toBeUndefined();
});

test('orders that were never reached name the time that they wait', () => {
  expect(whyIdle({ executor_refresh_time: 300 }, candles)).toMatch(/within the 300 s/);
  expect(whyIdle({}, candles)).toBeUndefined();
});

// Channel breakout, as the Turtle traders played it.
import { candles, close, gt, lt } from '../expression.ts';
import { donchian } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const donchianBreakout = defineStrategy({
  name: 'donchian',
  description:
    'Buys a close above the highest high of the previous `length` candles and leaves below the lowest low of the previous `exitLength`; shorts the other way round.',
  parameters: { length: range(20, 200, 20), exitLength: range(10, 100, 10) },
  constraint: (p) => p.exitLength <= p.length,
  signals: (p) => {
    const entry = donchian(candles, p.length);
    const exit = donchian(candles, p.exitLength);
    return {
      enterLong: gt(close, entry.upper),
      exitLong: lt(close, exit.lower),
      enterShort: lt(close, entry.lower),
      exitShort: gt(close, exit.upper),
    };
  },
});

// Breakout of the Bollinger bands.
import { close, crossAbove, crossBelow } from '../expression.ts';
import { bollinger } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const bollingerBreakout = defineStrategy({
  name: 'bollinger',
  description:
    'Buys when the close breaks above the upper band and leaves below the middle; shorts the other way round.',
  parameters: { length: range(10, 100, 10), width: range(1, 3, 0.25) },
  signals: (p) => {
    const bands = bollinger(close, p.length, p.width);
    return {
      enterLong: crossAbove(close, bands.upper),
      exitLong: crossBelow(close, bands.middle),
      enterShort: crossBelow(close, bands.lower),
      exitShort: crossAbove(close, bands.middle),
    };
  },
});

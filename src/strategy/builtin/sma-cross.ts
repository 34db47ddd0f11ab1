// Crossing of two simple moving averages.
import { close, crossAbove, crossBelow } from '../expression.ts';
import { sma } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const smaCross = defineStrategy({
  name: 'sma-cross',
  description: 'Long while the fast simple moving average is above the slow one; short the other way round.',
  parameters: { fast: range(5, 60, 5), slow: range(20, 240, 10) },
  constraint: (p) => p.fast < p.slow,
  signals: (p) => {
    const fast = sma(close, p.fast);
    const slow = sma(close, p.slow);
    return {
      enterLong: crossAbove(fast, slow),
      exitLong: crossBelow(fast, slow),
      enterShort: crossBelow(fast, slow),
      exitShort: crossAbove(fast, slow),
    };
  },
});

// Crossing of two exponential moving averages.
import { close, crossAbove, crossBelow } from '../expression.ts';
import { ema } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const emaCross = defineStrategy({
  name: 'ema-cross',
  description: 'Long while the fast exponential moving average is above the slow one; short the other way round.',
  parameters: { fast: range(5, 60, 5), slow: range(20, 240, 10) },
  constraint: (p) => p.fast < p.slow,
  signals: (p) => {
    const fast = ema(close, p.fast);
    const slow = ema(close, p.slow);
    return {
      enterLong: crossAbove(fast, slow),
      exitLong: crossBelow(fast, slow),
      enterShort: crossBelow(fast, slow),
      exitShort: crossAbove(fast, slow),
    };
  },
});

// Mean reversion on the relative strength index.
import { close, crossAbove, crossBelow } from '../expression.ts';
import { rsi } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const rsiReversion = defineStrategy({
  name: 'rsi-reversion',
  description: 'Buys when the RSI falls below `low` and leaves when it rises above `high`; shorts the other way round.',
  parameters: { length: range(7, 28, 7), low: range(20, 40, 5), high: range(60, 80, 5) },
  constraint: (p) => p.low < p.high,
  signals: (p) => {
    const strength = rsi(close, p.length);
    return {
      enterLong: crossBelow(strength, p.low),
      exitLong: crossAbove(strength, p.high),
      enterShort: crossAbove(strength, p.high),
      exitShort: crossBelow(strength, p.low),
    };
  },
});

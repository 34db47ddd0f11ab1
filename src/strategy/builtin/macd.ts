// Crossing of the MACD and its signal line.
import { close, crossAbove, crossBelow } from '../expression.ts';
import { macd } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const macdCross = defineStrategy({
  name: 'macd',
  description: 'Long while the MACD is above its signal line; short the other way round.',
  parameters: { fast: range(8, 24, 4), slow: range(20, 60, 10), signal: range(5, 15, 5) },
  constraint: (p) => p.fast < p.slow,
  signals: (p) => {
    const lines = macd(close, p.fast, p.slow, p.signal);
    return {
      enterLong: crossAbove(lines.macd, lines.signal),
      exitLong: crossBelow(lines.macd, lines.signal),
      enterShort: crossBelow(lines.macd, lines.signal),
      exitShort: crossAbove(lines.macd, lines.signal),
    };
  },
});

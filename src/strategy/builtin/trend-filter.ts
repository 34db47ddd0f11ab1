// A crossing taken only with the trend of the hourly candles: an example of two timeframes.
import { and, close, crossAbove, crossBelow, gt, lt, on } from '../expression.ts';
import { ema } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const trendFilter = defineStrategy({
  name: 'trend-filter',
  description:
    'Crossing of two exponential averages, bought only while the last closed hourly candle is above its own average and shorted only below it.',
  parameters: { fast: range(10, 50, 10), slow: range(30, 150, 30), trend: range(20, 100, 20) },
  constraint: (p) => p.fast < p.slow,
  signals: (p) => {
    const fast = ema(close, p.fast);
    const slow = ema(close, p.slow);
    const hourly = on('1h');
    const trend = ema(hourly.close, p.trend);
    return {
      enterLong: and(crossAbove(fast, slow), gt(hourly.close, trend)),
      exitLong: crossBelow(fast, slow),
      enterShort: and(crossBelow(fast, slow), lt(hourly.close, trend)),
      exitShort: crossAbove(fast, slow),
    };
  },
});

// Trend following on the Supertrend line.
import { candles, gt, lt } from '../expression.ts';
import { supertrend } from '../indicator-expressions.ts';
import { range } from '../parameters.ts';
import { defineStrategy } from '../strategy.ts';

export const supertrendFollow = defineStrategy({
  name: 'supertrend',
  description: 'Long while the Supertrend points up, short while it points down.',
  parameters: { length: range(7, 28, 7), multiplier: range(1, 5, 0.5) },
  signals: (p) => {
    const { direction } = supertrend(candles, p.length, p.multiplier);
    return { long: gt(direction, 0), short: lt(direction, 0) };
  },
});

// Three independent conditions: an oversold RSI, a close below the lower band, and a close above its trend.
import { and, bollinger, close, defineStrategy, gt, lt, range, rsi, sma } from '../../src/index.ts';

/** 10 values on each of six axes: 1,000,000 variants. */
export default defineStrategy({
  name: 'rsi-bollinger-trend',
  description: 'Buys weakness inside an uptrend and leaves when the RSI has recovered.',
  parameters: {
    rsiLength: range(6, 24, 2),
    band: range(10, 55, 5),
    width: range(0.6, 2.4, 0.2),
    trend: range(200, 2000, 200),
    low: range(31, 49, 2),
    high: range(51, 69, 2),
  },
  signals: (p) => {
    const strength = rsi(close, p.rsiLength);
    const bands = bollinger(close, p.band, p.width);
    return {
      enterLong: and(lt(strength, p.low), lt(close, bands.lower), gt(close, sma(close, p.trend))),
      exitLong: gt(strength, p.high),
    };
  },
});

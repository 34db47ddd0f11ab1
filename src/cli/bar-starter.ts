// The commented bar-by-bar strategy that `gridmill init --bars` writes.

export const barStrategySource = (
  name: string,
): string => `// Buys a pullback in an upward trend with a limit order that carries its stop and target. Change anything; gridmill
// compiles it on the fly. It runs under the profiles close (the default) and next-open.
import { atr, candles, close, defineBarStrategy, on, range, sma } from 'gridmill';

export default defineBarStrategy({
  name: '${name}',
  description: 'Waits below the price for a pullback while the fast average is above the slow one and the hour rises.',

  // What a sweep varies. On the command line --set fast=5..20:5 or --set fast=8,13,21 replaces a range.
  parameters: {
    fast: range(5, 20, 5),
    slow: range(40, 80, 20),
  },

  // Combinations for which this is false are left out.
  constraint: (p) => p.fast < p.slow,

  // Called before the first bar of each variant: declares columns, and returns the state that onBar gets.
  init: ({ parameters: p, column, higher, position }) => ({
    fast: column(sma(close, p.fast)),
    slow: column(sma(close, p.slow)),
    range: column(atr(candles, 14)),
    // Candles of an hour that have closed: the hour that is forming cannot be read.
    hourly: higher('1h'),
    hourlyAverage: column(sma(on('1h').close, 5)),
    position: position(),
  }),

  // Called at the close of every bar. at() is now, at(1) one bar ago; a value that does not exist yet is NaN.
  onBar: (context, { fast, slow, range, hourly, hourlyAverage, position }) => {
    const trend = fast.at() > slow.at() && hourly.close.at() > hourlyAverage.at();
    if (position.side !== 0) {
      // Leave at the market when the trend ends; the stop and the target of the order do the rest.
      if (fast.at() < slow.at()) context.exit();
      return;
    }
    if (!trend || context.waitingOrders > 0) return;
    const entry = context.close - 0.5 * range.at();
    context.buy({
      limit: entry,
      expireAfter: 5, // bars
      stopLossPrice: entry - 2 * range.at(),
      takeProfitPrice: entry + 3 * range.at(),
      timeLimit: 240, // bars
    });
  },

  // Barriers for every position it opens, to vary on the best variants: --stop-loss, --take-profit, --trailing, --time-limit.
  // risk: { trailingStop: choice(0, 0.02) },
});
`;

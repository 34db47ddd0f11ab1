// A crossing of two averages traded bar by bar: every entry carries its stop, its target and a limit on its time.
import { defineBarStrategy } from '../bar-strategy.ts';
import { candles, close } from '../expression.ts';
import { atr, sma } from '../indicator-expressions.ts';
import { choice, range } from '../parameters.ts';

export const smaBracket = defineBarStrategy({
  name: 'sma-bracket',
  description:
    'Bar by bar: enters where the fast average has crossed the slow one, with a stop and a target in average true ranges.',
  parameters: { fast: range(10, 30, 10), slow: range(60, 120, 30), stop: choice(1.5, 3), target: choice(2, 4) },
  constraint: (p) => p.fast < p.slow,
  init: ({ parameters, column, position }) => ({
    fast: column(sma(close, parameters.fast)),
    slow: column(sma(close, parameters.slow)),
    range: column(atr(candles, 14)),
    position: position(),
    /** 1 above, -1 below, 0 before both averages have a value. */
    trend: 0,
  }),
  onBar: (context, state) => {
    const fast = state.fast.at();
    const slow = state.slow.at();
    const trend = fast > slow ? 1 : fast < slow ? -1 : state.trend;
    const crossed = state.trend !== 0 && trend !== state.trend;
    state.trend = trend;
    if (!crossed) return;
    const { stop, target } = context.parameters;
    const stopDistance = stop * state.range.at();
    const targetDistance = target * state.range.at();
    // A falling market in which the stop would lie below zero offers no entry.
    if (!(stopDistance > 0 && Math.max(stopDistance, targetDistance) < context.close)) return context.exit();
    context[trend === 1 ? 'buy' : 'sell']({
      stopLossPrice: context.close - trend * stopDistance,
      takeProfitPrice: context.close + trend * targetDistance,
    });
  },
});

// GARCH(1,1) volatility: fitted again and again on the returns of the window before, carried on bar by bar in between.
import { fitGarch, type GarchFit } from './garch-fit.ts';
import { isRefit, type ModelBars } from './refit-schedule.ts';

/**
 * Per bar the standard deviation foreseen for the return of the next bar (0.01 = 1 %). `params` are the bars from one
 * fit to the next and the returns of a window. NaN before the first fit, and where a window has a missing price or no
 * price moves. out[i] depends on the prices of bars i - every - window to i.
 */
export function garch(prices: Float64Array, params: readonly number[], bars: ModelBars): Float64Array {
  const [every, window] = params as readonly [number, number];
  const out = new Float64Array(prices.length).fill(Number.NaN);
  const squares = squaredReturns(prices);
  let fit: GarchFit | undefined;
  let variance = Number.NaN;
  for (let i = 0; i < out.length; i++) {
    if (isRefit(bars, every, i) && i >= window) {
      const seen = squares.subarray(i - window + 1, i + 1);
      fit = seen.some(Number.isNaN) ? undefined : fitGarch(seen);
      variance = fit?.nextVariance ?? Number.NaN;
    } else if (fit !== undefined) {
      variance = fit.omega + fit.alpha * squares[i]! + fit.beta * variance;
    }
    out[i] = Math.sqrt(variance);
  }
  return out;
}

function squaredReturns(prices: Float64Array): Float64Array {
  const squares = new Float64Array(prices.length).fill(Number.NaN);
  for (let i = 1; i < prices.length; i++) {
    const change = prices[i]! / prices[i - 1]! - 1;
    squares[i] = change * change;
  }
  return squares;
}

// Which price an order of a bar is placed at, and at which price vectorbt values the position for it.
import type { Candles } from '../market/candles.ts';
import type { ResolvedVectorbtOptions } from './vectorbt-options.ts';

/** Order price of a bar before slippage; NaN when there is none, which makes the order be ignored. */
export function orderPriceAt({ price }: ResolvedVectorbtOptions, candles: Candles, bar: number): number {
  if (price === 'close') return candles.close[bar];
  if (price !== 'open') return price[bar];
  const open = candles.open[bar];
  if (!Number.isNaN(open)) return open;
  return bar > 0 ? candles.close[bar - 1] : Number.NaN;
}

function ownValuationAt(options: ResolvedVectorbtOptions, candles: Candles, bar: number): number {
  const { valuationPrice } = options;
  if (valuationPrice === 'order-price') return orderPriceAt(options, candles, bar);
  if (valuationPrice === 'previous-close') return bar > 0 ? candles.close[bar - 1] : Number.NaN;
  return valuationPrice[bar];
}

/** Valuation price of a bar whose order price is `orderPrice`: its own or, filling forward, the last there was. */
export function valuationPriceAt(
  options: ResolvedVectorbtOptions,
  candles: Candles,
  bar: number,
  orderPrice: number,
): number {
  if (options.valuationPrice === 'order-price' && !Number.isNaN(orderPrice)) return orderPrice;
  for (let known = bar; known >= 0; known--) {
    const price = ownValuationAt(options, candles, known);
    if (!Number.isNaN(price) || !options.fillValuationForward) return price;
  }
  return Number.NaN;
}

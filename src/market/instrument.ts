// What an exchange allows for one instrument: the steps of price and size, and the smallest order.

/** A rate of a quote currency in another one; `from` is the open time in epoch ms from which it holds, if it has one. */
export interface QuoteRate {
  /** The currency that one unit of the quote currency is counted in, such as USD. */
  readonly to: string;
  readonly rate: string;
  readonly from: number | null;
}

/** Numbers are decimal texts with all their digits. */
export interface Instrument {
  readonly exchange: string;
  /** As the exchange writes it: WLDUSDT. */
  readonly symbol: string;
  /** Smallest step of a price, in quote currency. */
  readonly tickSize: string;
  /** Smallest step of a size, in base units. */
  readonly stepSize: string;
  /** Smallest value of an order, in quote currency. */
  readonly minNotional: string;
  /** Smallest size of an order, in base units; null where the exchange names none. */
  readonly minAmount: string | null;
  readonly quoteRates: readonly QuoteRate[];
}

/** An instrument as a result remembers it, with the SHA-256 of the list that it came from. */
export interface SourcedInstrument extends Instrument {
  readonly listHash: string;
}

const plain = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** The instrument that a pair names, whatever stands between its currencies: WLD-USDT is WLDUSDT. */
export function findInstrument(instruments: readonly Instrument[], pair: string): Instrument | undefined {
  return instruments.find(({ symbol }) => plain(symbol) === plain(pair));
}

// Which market candles belong to, as the name of their file tells it.

const EXCHANGES = [
  'binance',
  'bitfinex',
  'bitstamp',
  'bybit',
  'coinbase',
  'kraken',
  'kucoin',
  'okx',
  'gateio',
  'huobi',
];

/** Kinds of market other than spot, and the price that a series of marks follows; each has a name of its own. */
const MARKET = /^(futures|usdm|coinm|swap|perp|mark)$/i;

/**
 * Exchange and symbol as a file name tells them: `BTCUSDT-1m-2024-01.zip` and `BTC_USDT-5m.feather` begin with the
 * symbol, `bitfinex_BTCUSD_1m_2019.csv.gz` with the exchange. Where no exchange is named it is `local`. A market other
 * than spot is part of the exchange, as in downloads: `binance_usdm_BTCUSDT_5m.csv` is `binance-usdm`.
 */
export function nameParts(name: string): { readonly exchange: string; readonly symbol: string } {
  const stem = name.replace(/\.(csv|json|parquet|arrow|feather|ipc|gz|zip|txt)/gi, '').replace(/[^A-Za-z0-9._-]/g, '_');
  const words = stem.split(/[_-]/).filter((word) => word !== '');
  const exchange = EXCHANGES.includes(words[0]?.toLowerCase() ?? '') ? words.shift()!.toLowerCase() : 'local';
  const leads = words.length > 1 && (MARKET.test(words[0]!) || /^spot$/i.test(words[0]!));
  const first = leads ? words.shift()! : undefined;
  // The symbol ends where a timeframe, a date or a market begins.
  const end = words.findIndex(
    (word, index) => index > 0 && (/^(\d+[smhdwM]|\d{4,}|rth)$/.test(word) || MARKET.test(word)),
  );
  const market = first ?? words.slice(Math.max(end, 1)).find((word) => MARKET.test(word));
  const symbol = (end < 0 ? words : words.slice(0, end)).slice(0, 2).join('').slice(0, 64).replace(/^\.+/, '');
  return {
    exchange: market === undefined || /^spot$/i.test(market) ? exchange : `${exchange}-${market.toLowerCase()}`,
    symbol: symbol === '' ? 'unnamed' : symbol,
  };
}

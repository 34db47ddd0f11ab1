// Markets as file names tell them.
import { expect, test } from 'vitest';
import { nameParts } from './market-of-file.ts';

test('exchange and symbol are read from the file names that exchanges and tools write', () => {
  const text = (name: string): string => {
    const { exchange, symbol } = nameParts(name);
    return `${exchange}/${symbol}`;
  };
  expect(text('BTCUSDT-1m-2024-01.zip')).toBe('local/BTCUSDT');
  expect(text('BTC_USDT-5m.feather')).toBe('local/BTCUSDT');
  expect(text('bitfinex_BTCUSD_1m_2019.csv.gz')).toBe('bitfinex/BTCUSD');
  expect(text('binance_spot_KITEUSDT_3m_2025.csv.gz')).toBe('binance/KITEUSDT');
  expect(text('binance_spot_BTCUSDT_5m.csv')).toBe('binance/BTCUSDT');
  expect(text('binance_usdm_BTCUSDT_5m.csv')).toBe('binance-usdm/BTCUSDT');
  expect(text('BTC_USDT_USDT-5m-futures.feather')).toBe('local-futures/BTCUSDT');
  expect(text('BTC_USDT_USDT-8h-mark.feather')).toBe('local-mark/BTCUSDT');
  expect(text('futures.csv')).toBe('local/futures');
  expect(text('SPY_1m_rth_2024-03_2025-04.csv.gz')).toBe('local/SPY');
  expect(text('my candles.csv')).toBe('local/mycandles');
  expect(text('.csv')).toBe('local/unnamed');
});

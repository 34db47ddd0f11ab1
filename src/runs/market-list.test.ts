// Which markets --data names, and what they are called.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCandles } from '../../test/synthetic-request.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { openCandleStore } from '../store/candle-store.ts';
import type { LoadedCandles } from './candle-source.ts';
import { listMarkets, marketNames } from './market-list.ts';

let folder: string;
const context = () => ({ folder, storeRoot: join(folder, 'home') });
const list = (...texts: string[]): string[] =>
  listMarkets(texts, context()).map((name) => name.replace(`${folder}/`, ''));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridmill-markets-'));
  mkdirSync(join(folder, 'coins'));
  mkdirSync(join(folder, 'empty'));
  for (const name of ['coins/ETH.csv', 'coins/BTC.csv.gz', 'coins/README.md', 'coins/.hidden.csv', 'a,b.csv']) {
    writeFileSync(join(folder, name), '');
  }
  const store = openCandleStore(join(folder, 'home'));
  const meta = { source: 'test', importedAt: 0, quality: null };
  for (const [exchange, symbol, timeframe] of [
    ['binance', 'BTCUSDT', '1m'],
    ['binance', 'ETHUSDT', '1m'],
    ['binance', 'ETHUSDT', '5m'],
    ['kraken', 'BTCUSD', '1m'],
  ] as const) {
    store.write({ exchange, symbol, timeframe: parseTimeframe(timeframe) }, testCandles(10, 1, timeframe), meta);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('--data names', () => {
  test.each<[string[], string[]]>([
    [['x.csv'], ['x.csv']],
    [
      ['x.csv,y.csv', 'z.csv'],
      ['x.csv', 'y.csv', 'z.csv'],
    ],
    [['a,b.csv'], ['a,b.csv']],
    [['coins'], ['coins/BTC.csv.gz', 'coins/ETH.csv']],
    [['coins/*.csv'], ['coins/ETH.csv']],
    [['binance/*/1m'], ['binance/BTCUSDT/1m', 'binance/ETHUSDT/1m']],
    [['binance/*'], ['binance/BTCUSDT', 'binance/ETHUSDT']],
    [['*/BTC*/1m'], ['binance/BTCUSDT/1m', 'kraken/BTCUSD/1m']],
  ])('%j: %j', (texts, expected) => {
    expect(list(...texts)).toEqual(expected);
  });

  test.each<[string[], RegExp]>([
    [['coins/ETH.csv', './coins/ETH.csv'], /"\.\/coins\/ETH.csv" twice/],
    [['coins', 'coins/*.gz'], /twice/],
    [['empty'], /none in "empty"/],
    [['okx/*/1m'], /"okx\/\*\/1m", which fits none/],
    [['x.csv,,y.csv'], /an empty name/],
  ])('%j is refused', (texts, message) => {
    expect(() => list(...texts)).toThrow(message);
  });
});

test('markets have the shortest name that no other has', () => {
  const file = (label: string, path = `/data/${label}`) =>
    ({ label, origin: { kind: 'file', path } }) as unknown as LoadedCandles;
  const stored = (key: string) => ({ label: key, origin: { kind: 'store', key } }) as unknown as LoadedCandles;
  expect(marketNames([file('binance_BTCUSDT_1m.csv'), stored('binance/ETHUSDT/1m')])).toEqual(['BTCUSDT', 'ETHUSDT']);
  expect(marketNames([stored('binance/BTCUSDT/1m'), stored('kraken/BTCUSDT/1m')])).toEqual([
    'binance BTCUSDT',
    'kraken BTCUSDT',
  ]);
  expect(marketNames([file('BTC_1m_2023.csv'), file('BTC_1m_2024.csv')])).toEqual([
    'BTC_1m_2023.csv',
    'BTC_1m_2024.csv',
  ]);
  expect(marketNames([file('BTC.csv', '/a/BTC.csv'), file('BTC.csv', '/b/BTC.csv')])).toEqual([
    '/a/BTC.csv',
    '/b/BTC.csv',
  ]);
});

// Lists of instruments: Binance's layout, ours, CSV, and what is wrong in them.
import { expect, test } from 'vitest';
import { parseInstruments } from './instrument-list.ts';

const WLD = {
  exchange: 'binance',
  symbol: 'WLDUSDT',
  tickSize: '0.0001',
  stepSize: '0.1',
  minNotional: '5',
  minAmount: '0.1',
  quoteRates: [],
};

test("Binance's exchangeInfo is read with its own texts; symbols without steps are left out and named", () => {
  const symbols = [
    {
      symbol: 'WLDUSDT',
      filters: [
        { filterType: 'PRICE_FILTER', tickSize: '0.00010000' },
        { filterType: 'LOT_SIZE', stepSize: '0.10000000', minQty: '0.10000000' },
        { filterType: 'NOTIONAL', minNotional: '5.00000000' },
      ],
    },
    { symbol: 'GONE', filters: [{ filterType: 'PRICE_FILTER', tickSize: '0.00000000' }] },
  ];
  const { instruments, notes } = parseInstruments(JSON.stringify({ timezone: 'UTC', symbols }), 'binance');
  expect(instruments).toEqual([WLD]);
  expect(notes.join()).toContain('GONE');
  const futures = {
    ...symbols[0],
    filters: [...symbols[0]!.filters.slice(0, 2), { filterType: 'MIN_NOTIONAL', notional: '5' }],
  };
  expect(parseInstruments(JSON.stringify({ symbols: [futures] }), 'binance').instruments).toEqual([WLD]);
});

test('our JSON and CSV give the same, also under the names of Hummingbot', () => {
  const plain = [{ symbol: 'WLDUSDT', tick_size: 0.0001, step_size: '0.10', min_notional: '5', min_amount: '0.1' }];
  const theirs = {
    instruments: [
      {
        trading_pair: 'WLDUSDT',
        min_price_increment: '0.0001',
        min_base_amount_increment: '0.1',
        min_notional_size: 5,
        min_order_size: '0.1',
      },
    ],
  };
  const csv = '\ufeffsymbol;tick_size;step_size;min_notional;min_amount\r\nWLDUSDT;0.0001;0.1;5;0.1\r\n';
  for (const text of [JSON.stringify(plain), JSON.stringify(theirs), csv]) {
    expect(parseInstruments(text, 'binance').instruments).toEqual([WLD]);
  }
});

test('quote rates are single or dated', () => {
  const head = { symbol: 'A', tick_size: 1, step_size: 1, min_notional: 1 };
  const rates = (extra: object) =>
    parseInstruments(JSON.stringify([{ ...head, ...extra }]), 'x').instruments[0]!.quoteRates;
  expect(rates({ quote_rate: 1.08 })).toEqual([{ to: 'USD', rate: '1.08', from: null }]);
  expect(rates({ quote_rates: [{ to: 'USDT', rate: '1', from: '2024-01-01' }] })).toEqual([
    { to: 'USDT', rate: '1', from: Date.UTC(2024, 0, 1) },
  ]);
});

test.each([
  ['no list', '{"rateLimits":[]}', /without a list/],
  ['no JSON', '[{"symbol":', /no JSON/],
  ['no symbol column', 'a,b\n1,2', /without a symbol/],
  ['a short line', 'symbol,tick_size\nA', /line 2/],
  ['a step of zero', 'symbol,tick_size,step_size,min_notional\nA,0,1,1', /tick_size = "0"/],
  ['a negative step', '[{"symbol":"A","tick_size":-1,"step_size":1,"min_notional":1}]', /tick_size = -1/],
  ['a missing smallest order', '[{"symbol":"A","tick_size":1,"step_size":1}]', /min_notional = null/],
  ['one symbol twice', 'symbol,tick_size,step_size,min_notional\nA,1,1,1\nA,2,1,1', /more than once/],
  ['nothing', '[]', /no instrument/],
  [
    'a rate from no day',
    '[{"symbol":"A","tick_size":1,"step_size":1,"min_notional":1,"quote_rates":[{"rate":1,"from":"soon"}]}]',
    /soon/,
  ],
])('%s is refused', (_, text, message) => {
  expect(() => parseInstruments(text, 'x')).toThrow(message);
});

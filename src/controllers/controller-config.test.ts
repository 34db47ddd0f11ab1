// Configurations of Hummingbot load unchanged; what it would not understand is refused by name.
import { describe, expect, test } from 'vitest';
import { decimalToNumber } from '../core/decimal.ts';
import { CONTROLLER_NAMES, fieldsWithoutEffect, readControllerConfig } from './controller-config.ts';
import { parseControllerYaml } from './controller-yaml.ts';

describe('defaults', () => {
  test.each(CONTROLLER_NAMES)('%s needs nothing but its name', (controller_name) => {
    expect(readControllerConfig({ controller_name }).controller_name).toBe(controller_name);
  });

  test("are Hummingbot's", () => {
    const config = readControllerConfig({ controller_name: 'macd_bb_v1' });
    expect(config).toMatchObject({
      interval: '3m',
      bb_length: 100,
      bb_std: 2,
      macd_fast: 21,
      macd_slow: 42,
      macd_signal: 9,
      max_executors_per_side: 2,
      cooldown_time: 300,
      time_limit: 2700,
      trailing_stop: null,
    });
  });
});

describe('values', () => {
  test('numbers, texts, lists and blanks are read as Hummingbot reads them', () => {
    const config = readControllerConfig({
      controller_name: 'pmm_simple',
      buy_spreads: '0.01, 0.02',
      sell_spreads: [0.03],
      buy_amounts_pct: null,
      sell_amounts_pct: '',
      stop_loss: '',
      take_profit: '0.005',
      time_limit: null,
      trailing_stop: { activation_price: 0.01, trailing_delta: '0.002' },
      skip_rebalance: 'yes',
    });
    if (config.controller_name !== 'pmm_simple') throw new Error('pmm_simple');
    expect(config.buy_spreads.map(decimalToNumber)).toEqual([0.01, 0.02]);
    expect(config.sell_spreads.map(decimalToNumber)).toEqual([0.03]);
    expect(config).toMatchObject({ stop_loss: null, time_limit: null, buy_amounts_pct: null, skip_rebalance: true });
    expect(decimalToNumber(config.trailing_stop!.trailingDelta)).toBe(0.002);
  });

  test('a whole file loads', () => {
    const config = readControllerConfig(
      parseControllerYaml(`
id: grid-btc
controller_name: grid_strike
controller_type: generic
total_amount_quote: '500'
leverage: 20
position_mode: HEDGE
connector_name: binance_perpetual
trading_pair: BTC-USDT
side: 2
start_price: 100000
end_price: 110000.5
limit_price: 115000
keep_position: no
candles_config: []
triple_barrier_config:
  open_order_type: 3
  take_profit: 0.001
  stop_loss: null
`),
    );
    expect(config).toMatchObject({ controller_name: 'grid_strike', side: -1, keep_position: false });
    if (config.controller_name !== 'grid_strike') throw new Error('grid_strike');
    expect(decimalToNumber(config.triple_barrier_config.takeProfit!)).toBe(0.001);
  });

  test('fields that no back-test reads are named', () => {
    const given = { controller_name: 'bollinger_v1', leverage: 5, stop_loss: 0.01, id: 'x' };
    expect(fieldsWithoutEffect(given)).toEqual(['leverage']);
  });
});

describe('refusals', () => {
  const refused = (given: Record<string, unknown>) => () => readControllerConfig(given);

  test('an unknown field names its neighbour', () => {
    expect(refused({ controller_name: 'bollinger_v1', stop_los: 0.1 })).toThrow(/Did you mean "stop_loss"/);
    expect(refused({ controller_name: 'pmm_simple', bb_length: 3 })).toThrow(/"bb_length"/);
  });

  test('an unknown controller and a wrong type are refused', () => {
    expect(refused({ controller_name: 'bolinger_v1' })).toThrow(/Did you mean "bollinger_v1"/);
    expect(refused({})).toThrow(/controller_name/);
    expect(refused({ controller_name: 'pmm_simple', controller_type: 'generic' })).toThrow(/market_making/);
  });

  test('values out of range say the rule', () => {
    for (const [field, value] of [
      ['stop_loss', -0.1],
      ['take_profit', 'two'],
      ['bb_length', 2.5],
      ['max_executors_per_side', 0],
      ['trailing_stop', '0.01'],
      ['total_amount_quote', 0],
      ['cooldown_time', Number.NaN],
    ] as const) {
      expect(refused({ controller_name: 'bollinger_v1', [field]: value }), field).toThrow(
        new RegExp(`${field} must be`),
      );
    }
  });

  test('lists that belong together have one length', () => {
    expect(refused({ controller_name: 'pmm_simple', buy_spreads: [0.1], buy_amounts_pct: [1, 2] })).toThrow(
      /as long as/,
    );
    expect(refused({ controller_name: 'dman_maker_v2', dca_spreads: '0.1', dca_amounts: '1,2' })).toThrow(/as long as/);
  });

  test('a file that is no YAML, or no names and values, says so', () => {
    expect(() => parseControllerYaml('a: [1')).toThrow(/must be YAML/);
    expect(() => parseControllerYaml('- a\n- b')).toThrow(/a list/);
    expect(() => parseControllerYaml('')).toThrow(/names and values/);
  });
});

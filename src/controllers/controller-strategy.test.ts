// A configuration as a strategy: its parameters, numbers put in their place, and what is refused.
import { describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { readControllerConfig } from './controller-config.ts';
import {
  checkControllerAxes,
  configurator,
  controllerCapital,
  controllerStrategy,
  withControllerFields,
} from './controller-strategy.ts';

const given = {
  controller_name: 'pmm_dynamic',
  trading_pair: 'WLD-USDT',
  stop_loss: '0.0300000000000000000001',
  buy_spreads: '1,2',
  sell_spreads: [1, 2, 4],
  time_limit: 2700,
  interval: '5m',
};
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member)));

describe('parameters', () => {
  test('are the numbers that the file sets, list items and interval among them', () => {
    const { parameters, name, program } = controllerStrategy(given);
    expect(name).toBe('pmm_dynamic');
    expect(program).toEqual({ kind: 'controller', given });
    expect(Object.fromEntries(Object.entries(parameters).map(([key, { values }]) => [key, values[0]]))).toEqual({
      stop_loss: 0.03,
      time_limit: 2700,
      'buy_spreads.0': 1,
      'buy_spreads.1': 2,
      'sell_spreads.0': 1,
      'sell_spreads.1': 2,
      'sell_spreads.2': 4,
      interval_minutes: 5,
    });
  });

  test('come to hold any other number that is named, with its default', () => {
    const strategy = withControllerFields(controllerStrategy(given), ['macd_fast', 'trailing_stop.trailing_delta']);
    expect(strategy.parameters['macd_fast']).toEqual({ values: [21] });
    expect(strategy.parameters['trailing_stop.trailing_delta']).toEqual({ values: [0] });
  });

  test.each([
    ['macd_fats', /Did you mean "macd_fast"/],
    ['leverage', /no back-test reads/],
    ['buy_spreads', /It has:/],
  ])('%s is refused', (name, message) => {
    expect(() => controllerStrategy(given, [name])).toThrow(message);
  });
});

describe('numbers in their place', () => {
  const config = configurator(given);
  test('values that the file has already keep all their digits', () => {
    expect(plain(config({ stop_loss: 0.03 }))).toEqual(plain(readControllerConfig(given)));
  });

  test('are the same configuration as the file with them written into it', () => {
    const values = {
      stop_loss: 0.1,
      'buy_spreads.1': 0.3,
      'buy_amounts_pct.0': 2,
      'trailing_stop.activation_price': 0.015,
      'trailing_stop.trailing_delta': 0.005,
      interval_minutes: 60,
      skip_rebalance: 1,
      time_limit: 0,
    };
    const written = {
      ...given,
      stop_loss: '0.1',
      buy_spreads: '1,0.3',
      buy_amounts_pct: '2,1',
      trailing_stop: '0.015,0.005',
      interval: '1h',
      skip_rebalance: true,
      time_limit: null,
    };
    expect(plain(config(values))).toEqual(plain(readControllerConfig(written)));
  });

  test('0 is no stop, and no trailing stop when it is either of its numbers', () => {
    expect(plain(config({ stop_loss: 0 }))).toMatchObject({ stop_loss: null });
    const off = { 'trailing_stop.activation_price': 0.01, 'trailing_stop.trailing_delta': 0 };
    expect(plain(config(off))).toMatchObject({ trailing_stop: null });
  });

  test('barriers of a grid keep the others, also those that the file leaves out', () => {
    const grid = configurator({ controller_name: 'grid_strike' });
    const { triple_barrier_config: barriers } = grid({ 'triple_barrier_config.stop_loss': 0.1 }) as never as {
      triple_barrier_config: { stopLoss: unknown; takeProfit: unknown };
    };
    expect(plain(barriers)).toMatchObject({
      stopLoss: { coefficient: '1', exponent: -1 },
      takeProfit: { coefficient: '1', exponent: -3 },
    });
  });
});

describe('axes', () => {
  const refused = (axes: Record<string, readonly number[]>): string | undefined => {
    try {
      checkControllerAxes(
        given,
        Object.fromEntries(Object.entries(axes).map(([name, values]) => [name, { values: [...values] }])),
      );
      return undefined;
    } catch (error) {
      if (!isAppError(error)) throw error;
      return error.message;
    }
  };
  test('a value that its field refuses has the name of the field', () => {
    expect(refused({ macd_fast: [5, 0] })).toMatch(/macd_fast must be a whole number/);
    expect(refused({ 'buy_spreads.0': [0.1, 0.2] })).toBeUndefined();
  });

  test('half a trailing stop is refused, unless it is off', () => {
    expect(refused({ 'trailing_stop.trailing_delta': [0.001] })).toMatch(/Set trailing_stop.activation_price too/);
    expect(refused({ 'trailing_stop.trailing_delta': [0] })).toBeUndefined();
  });

  test('combinations that make no sense are no part of the grid', () => {
    const { constraint } = controllerStrategy(given);
    expect(constraint!({ macd_fast: 10, macd_slow: 20 })).toBe(true);
    expect(constraint!({ macd_fast: 20, macd_slow: 20 })).toBe(false);
    expect(constraint!({ macd_fast: 50 })).toBe(false);
    expect(controllerStrategy({ controller_name: 'grid_strike' }).constraint!({ start_price: 1 })).toBe(false);
    expect(controllerStrategy({ controller_name: 'pmm_simple' }).constraint).toBeUndefined();
  });
});

test('the capital is total_amount_quote, or the largest that is tried', () => {
  expect(controllerCapital(given, {})).toBe(100);
  expect(controllerCapital({ ...given, total_amount_quote: '250.5' }, {})).toBe(250.5);
  expect(controllerCapital(given, { total_amount_quote: { values: [50, 400, 100] } })).toBe(400);
});

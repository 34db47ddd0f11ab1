// Bar strategies are typed by what they declare, and made only when complete.
import { expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { defineBarStrategy } from './bar-strategy.ts';
import { close } from './expression.ts';
import { sma } from './indicator-expressions.ts';
import { range } from './parameters.ts';
import { isStrategy } from './strategy.ts';

test('parameters and state are typed by the axes and by init', () => {
  const strategy = defineBarStrategy({
    name: 'typed',
    parameters: { fast: range(2, 4), slow: range(5, 9) },
    constraint: (p) => p.fast < p.slow,
    init: ({ parameters, column }) => ({ average: column(sma(close, parameters.fast)), count: 0 }),
    onBar: (context, state) => {
      state.count += context.parameters.slow;
      state.average.at().toFixed();
      // @ts-expect-error: no such parameter
      context.parameters.slwo;
      // @ts-expect-error: no such member of the state
      state.counter;
      // @ts-expect-error: no such member of an order
      context.buy({ stoploss: 0.1 });
      // @ts-expect-error: positions are read, not written
      context.position().side = 1;
    },
  });
  expect(isStrategy(strategy)).toBe(true);
  expect(strategy).toMatchObject({ name: 'typed', description: '', program: { kind: 'bars' }, signals: undefined });
});

test('a strategy without onBar is refused with what to give', () => {
  const make = () => defineBarStrategy({ name: 'half', parameters: {}, init: () => 0 } as never);
  let thrown: unknown;
  try {
    make();
  } catch (error) {
    thrown = error;
  }
  expect(isAppError(thrown, 'STRATEGY_INVALID')).toBe(true);
  expect(String(thrown)).toContain('half without onBar');
});

// Default search spaces: every name is one that --set takes, every end of a range is a configuration that reads.
import { expect, test } from 'vitest';
import { range } from '../strategy/parameters.ts';
import { CONTROLLER_NAMES } from './controller-config.ts';
import { checkControllerAxes, controllerStrategy } from './controller-strategy.ts';
import { controllerSearchSpace } from './search-space.ts';

test.each(CONTROLLER_NAMES)('%s is searched in numbers that it has and takes', (name) => {
  const given = { controller_name: name };
  const space = controllerSearchSpace(name);
  const names = Object.keys(space);
  expect(names.length).toBeGreaterThanOrEqual(4);
  expect(Object.keys(controllerStrategy(given, names).parameters).sort()).toEqual([...names].sort());
  const axes = Object.fromEntries(
    Object.entries(space).map(([key, one]) => [
      key,
      'choices' in one ? { values: one.choices } : range(one.low, one.high, one.step),
    ]),
  );
  for (const { values } of Object.values(axes)) expect(values.length).toBeGreaterThan(3);
  checkControllerAxes(given, axes);
});

test('lists are searched as long as they are in the file, and prices around those in it', () => {
  const space = controllerSearchSpace('pmm_simple', { buy_spreads: [0.01, 0.02, 0.03], sell_spreads: '0.01' });
  expect(Object.keys(space).filter((name) => name.includes('spreads'))).toEqual([
    'buy_spreads.0',
    'buy_spreads.1',
    'buy_spreads.2',
    'sell_spreads.0',
  ]);
  expect(controllerSearchSpace('grid_strike', { start_price: 200, end_price: 300 })['start_price']).toEqual({
    low: 180,
    high: 220,
    step: 2,
  });
});

// Values that no indicator takes are refused before the first bar, in words of the strategy's author.
import { expect, test } from 'vitest';
import { close, crossAbove, crossBelow, defineStrategy, range, sma } from '../index.ts';
import { checkParameters } from './parameter-names.ts';

test('arithmetic on a parameter is refused with what it made of it', () => {
  const strategy = defineStrategy({
    name: 'mine',
    parameters: { slow: range(40, 60, 20) },
    signals: ({ slow }) => {
      // What a file that is not type-checked may hold.
      const later = `${slow}1` as unknown as typeof slow;
      return { enterLong: crossAbove(close, sma(close, later)), exitLong: crossBelow(close, sma(close, slow)) };
    },
  });
  expect(() => checkParameters(strategy, {})).toThrow(/length of sma is a number, or a parameter.*\[object Object\]1/s);
});

// The nearest name for a misspelt one.
import { expect, test } from 'vitest';
import { didYouMean, nearestName } from './nearest-name.ts';

test('finds a name with a swapped, missing or wrong letter', () => {
  const known = ['sma-cross', 'ema-cross', 'donchian', 'macd'];
  expect(nearestName('sma-corss', known)).toBe('sma-cross');
  expect(nearestName('donchan', known)).toBe('donchian');
  expect(nearestName('MACD', known)).toBe('macd');
});

test('offers nothing when no name is near', () => {
  expect(nearestName('completely-else', ['macd', 'donchian'])).toBeUndefined();
  expect(nearestName('x', [])).toBeUndefined();
  expect(didYouMean('zzzz', ['macd'])).toBe('');
});

test('phrases the offer as a question', () => {
  expect(didYouMean('sharp', ['sharpe', 'calmar'])).toBe(' Did you mean "sharpe"?');
});

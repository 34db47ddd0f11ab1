// Promises that fail unheard: whose error they are, and what it says.
import { expect, test } from 'vitest';
import { AppError, isAppError } from '../core/errors.ts';
import { strayError } from './stray-promise.ts';

test('a promise that a strategy file leaves behind is an error of the strategy, with its cause', () => {
  const error = strayError(new TypeError('fetch failed', { cause: new Error('no such host') }), true);
  expect(isAppError(error, 'STRATEGY_FAILED')).toBe(true);
  expect((error as AppError).found).toBe('TypeError: fetch failed (no such host).');
});

test('an error of ours stays what it is, and so does any where no strategy file was loaded', () => {
  const own = new AppError('REQUEST_INVALID', { found: 'x.', todo: 'y.' });
  const bug = new Error('bug');
  expect(strayError(own, true)).toBe(own);
  expect(strayError(bug, false)).toBe(bug);
});

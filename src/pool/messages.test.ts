// Messages between threads: errors arrive whole, foreign messages are told apart.
import { describe, expect, test } from 'vitest';
import { AssertionError } from '../core/assert.ts';
import { AppError, isAppError } from '../core/errors.ts';
import { packError, readMessage, unpackError } from './messages.ts';

const across = (error: unknown): Error => unpackError(structuredClone(packError(error)));

describe('errors between threads', () => {
  test('an AppError keeps class, code, found, todo, message, stack and cause', () => {
    for (const rule of [undefined, 'A sharper rule.']) {
      const cause = new RangeError('too deep', { cause: 'a text' });
      const error = new AppError('STRATEGY_FAILED', { rule, found: 'compute threw.', todo: 'Fix it.', cause });
      const copy = across(error);
      expect(isAppError(copy, 'STRATEGY_FAILED')).toBe(true);
      expect(copy).toMatchObject({ found: 'compute threw.', todo: 'Fix it.', message: error.message, exitCode: 4 });
      expect(copy.stack).toBe(error.stack);
      expect(copy.cause).toMatchObject({ name: 'RangeError', message: 'too deep', stack: cause.stack });
      expect((copy.cause as Error).cause).toMatchObject({ message: 'a text' });
    }
  });

  test('a bug stays a bug: name, message and stack arrive, but no code', () => {
    const bug = new AssertionError('Invariant broken: one');
    const copy = across(bug);
    expect(isAppError(copy)).toBe(false);
    expect(copy).toMatchObject({ name: 'AssertionError', message: bug.message, stack: bug.stack });
  });

  test('anything can be thrown, also what cannot be sent', () => {
    expect(across('a text').message).toBe('a text');
    expect(across(undefined).message).toBe('undefined');
    expect(across(Symbol('s')).message).toBe('Symbol(s)');
    expect(across(() => 1).message).toBe('() => 1');
  });
});

describe('readMessage', () => {
  const stats = { columnsComputed: 1, hits: 2, misses: 3 };

  test('reads the four messages of a thread', () => {
    const rows = new Float64Array(2);
    const error = packError(new Error('x'));
    const kernels = 'scalar';
    expect(readMessage({ token: 1, rows, stats, kernels, ms: 5 })).toEqual({ token: 1, rows, stats, kernels, ms: 5 });
    expect(readMessage({ token: 1, filled: true, stats, kernels })).toEqual({
      token: 1,
      filled: true,
      stats,
      kernels,
      ms: 0,
    });
    expect(readMessage({ token: 1, error })).toEqual({ token: 1, error });
    expect(readMessage({ unfit: error })).toEqual({ unfit: error });
  });

  test.each([
    undefined,
    null,
    'done',
    7,
    [],
    {},
    { token: 1 },
    { token: '1', rows: new Float64Array(2), stats },
    { token: 1, rows: [1, 2], stats },
    { token: 1, rows: new Float32Array(2), stats },
    { token: 1, rows: new Float64Array(2) },
    { token: 1, rows: new Float64Array(2), stats: null },
    { token: 1, rows: new Float64Array(2), stats: { hits: 1 } },
    { token: 1, filled: true },
    { token: 1, filled: 1, stats },
    { token: 1, error: null },
    { token: 1, error: 'text' },
    { unfit: true },
  ])('ignores what is none of them: %j', (message) => {
    expect(readMessage(message)).toBeUndefined();
  });
});

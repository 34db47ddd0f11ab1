// The error table: every message says the rule, what was found, and what to do.
import { expect, test } from 'vitest';
import { AppError, ERRORS, isAppError } from './errors.ts';

test('a message carries rule, finding and advice', () => {
  const error = new AppError('GRID_INVALID', { found: 'no variant.', todo: 'Widen the ranges.' });
  expect(error.message).toBe(`${ERRORS.GRID_INVALID.rule} Found: no variant. Widen the ranges.`);
  expect(error.exitCode).toBe(2);
  expect(isAppError(error, 'GRID_INVALID')).toBe(true);
  expect(isAppError(error, 'DEADLINE')).toBe(false);
});

test('every row is a full sentence with an exit code that a shell can tell from success', () => {
  for (const [code, row] of Object.entries(ERRORS)) {
    expect(row.rule, code).toMatch(/^[A-Z].*\.$/);
    expect(row.exitCode, code).toBeGreaterThan(0);
    expect(row.exitCode, code).toBeLessThan(256);
  }
});

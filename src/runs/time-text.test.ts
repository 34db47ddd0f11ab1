// Times as users write them.
import { expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { parseTime } from './time-text.ts';

test('times without a zone are UTC, and shorter forms begin their span', () => {
  const iso = (text: string): string => new Date(parseTime('--from', text)).toISOString();
  expect(iso('2024')).toBe('2024-01-01T00:00:00.000Z');
  expect(iso('2024-03')).toBe('2024-03-01T00:00:00.000Z');
  expect(iso('2024-03-01')).toBe('2024-03-01T00:00:00.000Z');
  expect(iso('2024-03-01T12:30')).toBe('2024-03-01T12:30:00.000Z');
  expect(iso('2024-03-01 12:30:15Z')).toBe('2024-03-01T12:30:15.000Z');
  expect(iso('2024-03-01T12:30+02:00')).toBe('2024-03-01T10:30:00.000Z');
  expect(iso('1704067200000')).toBe('2024-01-01T00:00:00.000Z');
});

test('what is no time is refused by the name of its option', () => {
  for (const text of ['', 'yesterday', '2024-13-01', '2024-02-30', '2024-03-01T25:00', '01/02/2024', '12']) {
    let caught: unknown;
    try {
      parseTime('--to', text);
    } catch (error) {
      caught = error;
    }
    expect(isAppError(caught, 'REQUEST_INVALID'), text).toBe(true);
    expect(String(caught)).toContain('--to');
  }
});

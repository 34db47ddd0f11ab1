// How values of the command line are read.
import { expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { bytes, duration, numberAtLeast, share, shareAxis, wholeNumber } from './option-values.ts';

const refused = (run: () => unknown): boolean => {
  try {
    run();
    return false;
  } catch (error) {
    return isAppError(error, 'REQUEST_INVALID');
  }
};

test('a share is the same double in all three spellings', () => {
  const fee = share('--fee');
  expect([fee('0.001'), fee('0.1%'), fee('10bps'), fee('10 bp')]).toEqual([0.001, 0.001, 0.001, 0.001]);
  for (const text of ['1', '100%', '-0.1', 'abc', '', '0x1', 'NaN'])
    expect(
      refused(() => fee(text)),
      text,
    ).toBe(true);
});

test('an axis of shares takes % on every number or on none', () => {
  const axis = (text: string) => shareAxis('--stop-loss')(text).values;
  expect(axis('5%')).toEqual([0.05]);
  expect(axis('1%..3%:1%')).toEqual([0.01, 0.02, 0.03]);
  expect(axis('0, 2.5 %,4%')).toEqual([0, 0.025, 0.04]);
  expect(axis('0.01..0.03:0.01')).toEqual([0.01, 0.02, 0.03]);
  for (const text of ['1..3%', '1%..3', '1,2%', '%', '5%%', 'x%', '1%..3%:']) {
    expect(() => axis(text), text).toThrow(`"${text}"`);
  }
});

test('bytes know decimal and binary units', () => {
  const memory = bytes('--memory');
  expect(memory('512MB')).toBe(512_000_000);
  expect(memory('2GiB')).toBe(2_147_483_648);
  expect(memory('1k')).toBe(1_000);
  expect(memory('1000')).toBe(1_000);
  for (const text of ['0', '-1MB', '5 apples', 'MB', '1TB'])
    expect(
      refused(() => memory(text)),
      text,
    ).toBe(true);
});

test('durations are ms; a plain number counts seconds', () => {
  const deadline = duration('--deadline');
  expect([deadline('60s'), deadline('60'), deadline('1.5m'), deadline('1h'), deadline('250ms')]).toEqual([
    60_000, 60_000, 90_000, 3_600_000, 250,
  ]);
  for (const text of ['0', '-5s', '5d', 's'])
    expect(
      refused(() => deadline(text)),
      text,
    ).toBe(true);
});

test('whole numbers and bounds are held at their value and one beyond', () => {
  const top = wholeNumber('--top', 1, 10_000);
  expect([top('1'), top('10000'), top('10_000')]).toEqual([1, 10_000, 10_000]);
  for (const text of ['0', '10001', '1.5', '1e99', ''])
    expect(
      refused(() => top(text)),
      text,
    ).toBe(true);
  const cash = numberAtLeast('--cash', 0, true);
  expect(cash('0.5')).toBe(0.5);
  expect(refused(() => cash('0'))).toBe(true);
});

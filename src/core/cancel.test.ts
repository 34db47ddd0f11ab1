// Cancel and deadline on one token.
import { expect, test } from 'vitest';
import { createStopSource } from './cancel.ts';
import { createFakeClock } from './clock.ts';

test('a token without a deadline goes on until cancelled', () => {
  const clock = createFakeClock();
  const stop = createStopSource(clock);
  clock.advance(1e12);
  expect(stop.reason()).toBeUndefined();
  stop.cancel();
  expect(stop.reason()).toBe('cancelled');
});

test('a deadline stops at its time and not before', () => {
  const clock = createFakeClock(1000);
  const stop = createStopSource(clock, 50);
  clock.advance(49);
  expect(stop.reason()).toBeUndefined();
  clock.advance(1);
  expect(stop.reason()).toBe('deadline');
});

test('the first reason stays', () => {
  const clock = createFakeClock();
  const stop = createStopSource(clock, 10);
  stop.cancel();
  clock.advance(100);
  expect(stop.reason()).toBe('cancelled');
});

// The progress line: on a terminal, in a pipe, and its estimate.
import { expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { createProgressLine, rateAndEta } from './progress.ts';

const output = (isTty: boolean) => {
  const written: string[] = [];
  return { written, write: (text: string) => void written.push(text), isTty, color: false, columns: 40 };
};

test('a pipe gets a plain line every five seconds and none for quick work', () => {
  const clock = createFakeClock();
  const pipe = output(false);
  const line = createProgressLine(pipe, clock);
  for (let i = 0; i < 49; i++) {
    clock.advance(100);
    line.update(() => `step ${i}`);
  }
  expect(pipe.written).toEqual([]);
  clock.advance(100);
  line.update(() => 'at five seconds');
  line.clear();
  expect(pipe.written).toEqual(['at five seconds\n']);
});

test('a terminal gets one line that rewrites itself, cut to its width, and is left clean', () => {
  const clock = createFakeClock();
  const terminal = output(true);
  const line = createProgressLine(terminal, clock);
  line.update(() => 'x'.repeat(80));
  line.update(() => 'too soon');
  clock.advance(100);
  line.update(() => 'b');
  line.clear();
  line.clear();
  expect(terminal.written).toEqual([`\r\x1b[2K${'x'.repeat(39)}`, '\r\x1b[2Kb', '\r\x1b[2K']);
});

test('rate and time left follow from what was done', () => {
  expect(rateAndEta(0, 100, 1_000)).toBe('');
  expect(rateAndEta(50, 100, 1_000)).toBe('50/s  ETA 1 s');
  expect(rateAndEta(1_000, 1_000_000, 1_000)).toBe('1,000/s  ETA 16:39');
  expect(rateAndEta(1, 10_000, 1_000)).toBe('1/s  ETA 2:46:39');
  expect(rateAndEta(500, undefined, 1_000)).toBe('500/s');
});

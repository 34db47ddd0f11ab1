// From a file to candles: what policies repair, what order the rows may have, and what an error suggests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { isAppError } from '../core/errors.ts';
import { DEFECT_KINDS, QUALITY_POLICIES, type QualityRule } from '../market/quality-policies.ts';
import { loadCandles, parsePolicies } from './candle-source.ts';

const folder = mkdtempSync(join(tmpdir(), 'gridmill-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2024, 0, 6);
const row = (day: number, close = '1.5'): string => `${START_MS + day * DAY_MS},1,2,0.5,${close},10`;

function load(rows: readonly string[], policies = {}, timeframe?: string) {
  writeFileSync(join(folder, 'candles.csv'), `time,open,high,low,close,volume\n${rows.join('\n')}\n`);
  const context = { folder, storeRoot: join(folder, 'store'), clock: createFakeClock() };
  return loadCandles({ data: 'candles.csv', policies, timeframe }, context);
}

test('not-finite=repair removes a candle without a close; without it the line is named', async () => {
  const rows = [row(0), row(1), row(2, 'NaN'), row(3), row(4)];
  await expect(load(rows)).rejects.toMatchObject({ code: 'CANDLES_INVALID', found: expect.stringContaining('line 4') });
  const { candles, quality } = await load(rows, { 'not-finite': 'repair' });
  expect(candles.barCount).toBe(4);
  expect(quality.join()).toContain('not-finite: 1 times removed the candle');
});

test('newest-first rows are sorted, and their timeframe is known', async () => {
  const { candles, quality } = await load([row(4), row(3), row(2), row(1), row(0)]);
  expect(candles.timeframe).toBe('1d');
  expect(candles.time[0]).toBe(START_MS);
  expect(quality.join()).toContain('out-of-order');
});

test('weeks begin with the first whole one, and a note says so', async () => {
  // From a Saturday on.
  const { candles, quality } = await load(
    Array.from({ length: 20 }, (_, day) => row(day)),
    {},
    '1w',
  );
  expect([...candles.time]).toEqual([START_MS + 2 * DAY_MS, START_MS + 9 * DAY_MS]);
  expect(quality.join()).toContain('The first candle was left out');
});

test('the error of a policy suggests what its kind allows, and nothing else', () => {
  for (const kind of DEFECT_KINDS) {
    const { allowed }: QualityRule = QUALITY_POLICIES[kind];
    for (const policy of ['reject', 'repair', 'keep', 'ignore'] as const) {
      if (allowed.some((name) => name === policy)) {
        expect(parsePolicies({ [kind]: policy })).toEqual({ [kind]: policy });
        continue;
      }
      const error = catchError(() => parsePolicies({ [kind]: policy }));
      expect(isAppError(error) && error.todo).toBe(
        `Write ${allowed.map((name) => `--policy ${kind}=${name}`).join(' or ')}.`,
      );
    }
  }
});

function catchError(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

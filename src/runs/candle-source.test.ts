// From a file to candles: what policies repair, what order the rows may have, and what an error suggests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createFakeClock } from '../core/clock.ts';
import { isAppError } from '../core/errors.ts';
import { CANDLE_COLUMNS, candlesHash } from '../market/candles.ts';
import { checkCandles } from '../market/quality.ts';
import { DEFECT_KINDS, QUALITY_POLICIES, type QualityRule } from '../market/quality-policies.ts';
import { syntheticCandles } from '../market/synthetic.ts';
import { parseTimeframe } from '../market/timeframe.ts';
import { createMirror } from '../mirror/mirror.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { REAL_DISK } from '../store/disk.ts';
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

test('through a mirror, stored candles are read once, those of files are shared, and both are what they are without', async () => {
  const timeframe = parseTimeframe('1m');
  const candles = syntheticCandles({ seed: 1, timeframe, barCount: 400, startTime: 0, startPrice: 9 });
  const storeRoot = join(folder, 'mirrored');
  let columnReads = 0;
  const read: typeof REAL_DISK.read = (handle, target, position) => {
    if (target.byteLength > 400 * 48) columnReads++;
    return REAL_DISK.read(handle, target, position);
  };
  const store = openCandleStore(storeRoot, { disk: { ...REAL_DISK, read } });
  // A report of an import that found a gap.
  const without7 = (column: Float64Array): Float64Array => column.filter((_, i) => i !== 7);
  const gapped = Object.fromEntries(CANDLE_COLUMNS.map((name) => [name, without7(candles[name])]));
  const { report } = checkCandles(gapped as unknown as typeof candles, timeframe, {});
  expect(report.defects).toHaveLength(1);
  store.write({ exchange: 'x', symbol: 'A', timeframe }, candles, { source: '', importedAt: 0, quality: report });
  writeFileSync(
    join(folder, 'candles.csv'),
    `time,open,high,low,close,volume\n${[row(0), row(1), row(2)].join('\n')}\n`,
  );
  const clock = createFakeClock();
  const mirror = createMirror({ store, clock, bytesMax: 1e6 });
  const session = mirror.session();
  const plain = { folder, storeRoot, clock };
  for (const selection of [{ data: 'x/A' }, { data: 'x/A/1m', timeframe: '5m' }, { data: 'candles.csv' }]) {
    const without = await loadCandles(selection, plain);
    const first = await loadCandles(selection, { ...plain, mirror: session });
    const again = await loadCandles(selection, { ...plain, mirror: session });
    expect(candlesHash(first.candles)).toBe(candlesHash(without.candles));
    expect({ ...first, candles: 0 }).toEqual({ ...without, candles: 0 });
    expect(first.candles.close.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(again.candles).toBe(first.candles);
  }
  expect(columnReads).toBe(1);
  // Each series once, however often it was taken: 1m, 5m and the file.
  expect(mirror.status()).toMatchObject({ entries: 3, pins: 3 });
  session.release();
  expect(mirror.status().pins).toBe(0);
  mirror.close();
});

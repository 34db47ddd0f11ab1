// Signals of every spelling land on their bars, and whatever does not fit the candles is refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { columnFromArray, tableFromColumns, tableToIPC } from '@uwdata/flechette';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, test } from 'vitest';
import { isAppError } from '../core/errors.ts';
import { readSignalsFile, type SignalOptions, type Signals } from './signals-file.ts';

const START = Date.UTC(2024, 0, 1);
const time = Float64Array.from({ length: 4 }, (_, bar) => START + bar * 3_600_000);
const folder = mkdtempSync(join(tmpdir(), 'gridmill-signals-'));
afterAll(() => rmSync(folder, { recursive: true }));

const read = (content: string | Uint8Array, options?: SignalOptions): Promise<Signals> => {
  const path = join(folder, 'signals');
  writeFileSync(path, content);
  return readSignalsFile(path, { time }, options);
};
const csv = (header: string, ...cells: string[]): string =>
  `${header}\n${cells.map((cell, bar) => `${time[bar]},${cell}`).join('\n')}\n`;

describe('spellings', () => {
  test.each([
    ['numbers', csv('time,signal', '0', '1', '-1', '0')],
    ['decimals', csv('time,signal', '0.0', '1.0', '-1.0', '+0')],
    ['words', csv('date,Signal', 'NEUTRAL', 'LONG', 'short', 'flat')],
    [
      'ISO times out of order',
      'time,signal\n2024-01-01 02:00,-1\n2024-01-01 01:00,1\n2024-01-01,0\n2024-01-01T03:00Z,0\n',
    ],
    ['gzip', gzipSync(csv('time;signal'.replace(';', ','), '0', '1', '-1', '0'))],
  ])('%s', async (_, content) => {
    const signals = await read(content);
    expect(signals.kind === 'target' && signals.values).toEqual(Int8Array.of(0, 1, -1, 0));
    expect(signals.sourceRows).toBe(4);
  });

  test('entries and exits without side', async () => {
    const signals = await read(csv('time,entries,exits,note', '1,0,x', 'True,FALSE,y', '0,1,z', ',true,'));
    expect(signals).toEqual({
      kind: 'entry-exit',
      entry: Uint8Array.of(1, 1, 0, 0),
      exit: Uint8Array.of(0, 0, 1, 1),
      sourceRows: 4,
      notes: ['Columns not used: note.'],
    });
  });

  test('the four columns of freqtrade, empty where nothing happens', async () => {
    const signals = await read(
      csv('date,enter_long,exit_long,enter_short,exit_short', '1,,,', ',1,,', ',,1.0,', ',,,1'),
    );
    expect(signals).toMatchObject({
      kind: 'events',
      enterLong: Uint8Array.of(1, 0, 0, 0),
      exitLong: Uint8Array.of(0, 1, 0, 0),
      enterShort: Uint8Array.of(0, 0, 1, 0),
      exitShort: Uint8Array.of(0, 0, 0, 1),
    });
  });

  test('Parquet and Arrow, with booleans, integers and text', async () => {
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: 'time', data: [...time].map((ms) => new Date(ms)), type: 'TIMESTAMP' },
        { name: 'enter_long', data: [true, false, true, false], type: 'BOOLEAN' },
        { name: 'exit_long', data: [null, 1, null, 1], type: 'INT32' },
      ],
    });
    expect(await read(new Uint8Array(parquet))).toMatchObject({
      kind: 'events',
      enterLong: Uint8Array.of(1, 0, 1, 0),
      exitLong: Uint8Array.of(0, 1, 0, 1),
      enterShort: new Uint8Array(4),
    });
    const table = tableFromColumns({
      time: columnFromArray(time),
      signal: columnFromArray(['LONG', 'NEUTRAL', 'SHORT', 'LONG']),
    });
    expect(await read(tableToIPC(table, { format: 'stream' })!)).toMatchObject({
      kind: 'target',
      values: Int8Array.of(1, 0, -1, 1),
    });
  });

  test('a sparse file may leave out bars', async () => {
    const signals = await read('time,signal\n2024-01-01 02:00,1\n', { sparse: true });
    expect(signals).toMatchObject({ kind: 'target', values: Int8Array.of(0, 0, 1, 0) });
    expect(signals.notes).toContain('3 bars are not listed and count as 0, which is flat.');
  });
});

describe('refusals', () => {
  const good = csv('time,signal', '0', '1', '0', '-1');
  test.each<[name: string, content: string, found: RegExp, options?: SignalOptions]>([
    [
      'a bar missing',
      good.replace(/.*,1\n/, ''),
      /the bar of 2024-01-01T01:00:00\.000Z is not listed \(1 of 4 bars are not\)/,
    ],
    ['a window covered in part', csv('time,signal', '0', '1'), /2024-01-01T02:00:00\.000Z is not listed \(2 of 4/],
    [
      'a misaligned time',
      good.replace(String(time[2]), String(time[2]! + 1)),
      /line 4: 2024-01-01T02:00:00\.001Z is no bar .*\(1 of 4 rows/,
    ],
    [
      'a misaligned time in a sparse file',
      `time,signal\n${time[1]! + 5},1\n`,
      /line 2: .* is no bar/,
      { sparse: true },
    ],
    ['a bar listed twice', `${good}${time[1]},0\n`, /line 6: 2024-01-01T01:00:00\.000Z is listed again after line 3/],
    ['an unknown value', csv('time,signal', '0', '2', '0', '2'), /line 3: column "signal" says "2" \(2 such rows\)/],
    ['an empty target', csv('time,signal', '0', '', '0', '0'), /line 3: column "signal" is empty \(1 such row\)/],
    ['an unknown flag', csv('time,entry,exit', '0,0', 'yes,0', '0,0', '0,0'), /line 3: column "entry" says "yes"/],
    ['a prototype as value', csv('time,signal', '0', '__proto__', '0', '0'), /says "__proto__"/],
    ['no signal column', csv('time,close', '1', '2', '3', '4'), /no signal column among "time, close"/],
    ['two kinds of columns', csv('time,signal,entry', '0,0', '0,0', '0,0', '0,0'), /more than one kind/],
    ['exits alone', csv('time,exit', '0', '1', '0', '1'), /exits without entries/],
    ['the same signal twice', csv('time,entry,entries', '0,0', '0,0', '0,0', '0,0'), /two columns for the same signal/],
    ['no time column', 'when,signal\n1,1\n', /no time column/],
    ['a broken time', good.replace(String(time[3]), 'noon'), /line 5: the time in column "time" is "noon"/],
    ['a short line', `${good}1704067200000\n`, /line 6: 1 columns where the header has 2/],
    ['JSON', '[{}]', /this is JSON/],
    ['nothing', '', /the file is empty/],
  ])('%s', async (_, content, found, options) => {
    const error = await read(content, options).then(
      () => undefined,
      (reason) => reason,
    );
    if (!isAppError(error, 'SIGNALS_INVALID')) return expect.fail(String(error));
    expect(error.found).toMatch(found);
  });

  test('a missing file is not found, and limits stay limits', async () => {
    await expect(readSignalsFile(join(folder, 'none.csv'), { time })).rejects.toMatchObject({
      code: 'CANDLES_NOT_FOUND',
    });
    await expect(read(good, { inputBytesMax: 10 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(read(`${good}${'1'.repeat(70_000)},1\n`)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

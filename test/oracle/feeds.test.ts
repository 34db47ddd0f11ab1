// Every real candle file parses to the row count and the first and last stamps that its catalogue states.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readCandleFile } from '../../src/feeds/candle-file.ts';
import { countOracle, describeOracle, hasShared, readShared, sharedFolder } from './oracle.ts';

/** `| crypto/x.csv.gz | source | 119,784 | 2024-12-31 00:00 | 2026-02-19 21:55 | ... | zv | flat | misal | KB |` */
const LINE =
  /^\| (\S+\.csv\.gz) \| .*? \| ([\d,]+) \| (\d{4}-\d\d-\d\d \d\d:\d\d) \| (\d{4}-\d\d-\d\d \d\d:\d\d) \| .*?([\d,]+) \| [\d,]+ \| \d+ \| \d+ \|$/gm;

interface Listed {
  readonly file: string;
  readonly rows: number;
  readonly first: number;
  readonly last: number;
  readonly zeroVolume: number;
}

const count = (text: string): number => Number(text.replaceAll(',', ''));
const stamp = (text: string): number => Date.parse(`${text.replace(' ', 'T')}:00Z`);

const listed: Listed[] = hasShared('data/README.md')
  ? [...readShared('data/README.md').matchAll(LINE)].map(([, file, rows, first, last, zeroVolume]) => ({
      file: file!,
      rows: count(rows!),
      first: stamp(first!),
      last: stamp(last!),
      zeroVolume: count(zeroVolume!),
    }))
  : [];

describeOracle('real candle files', ['data/README.md', ...listed.map(({ file }) => `data/${file}`)], 22, () => {
  test('the catalogue lists 22 files', () => {
    expect(listed.length).toBe(22);
  });

  test.each(listed)('$file', async ({ file, rows, first, last, zeroVolume }) => {
    const { columns, format, timeUnit, sourceRows, notes } = await readCandleFile(join(sharedFolder, 'data', file));
    expect([format, timeUnit, sourceRows]).toEqual(['csv', 'ms', rows]);
    // The catalogue states stamps to the minute.
    expect(Math.floor(columns.time[0]! / 60_000) * 60_000).toBe(first);
    expect(Math.floor(columns.time[rows - 1]! / 60_000) * 60_000).toBe(last);
    for (const column of Object.values(columns)) expect(column.length).toBe(rows);
    for (let row = 1; row < rows; row++) {
      if (!(columns.time[row]! > columns.time[row - 1]!)) expect.fail(`times do not rise at row ${row}`);
      if (!(columns.low[row]! > 0 && columns.high[row]! >= columns.close[row]!)) expect.fail(`prices at row ${row}`);
    }
    if (notes.length === 0) expect(columns.volume.filter((volume) => volume === 0).length).toBe(zeroVolume);
    countOracle(1);
  });
});

// Records written as CSV, JSON and Parquet come back, and no text of theirs becomes a formula.
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { columnsOf, encodeRows, type RowFormat, type RowRecord } from './encode-rows.ts';

const rows: RowRecord[] = [
  { key: 'a', fast: 10, ratio: 0.1, won: true },
  { key: 'b,"c"\nd', fast: -0, ratio: Number.NaN, won: false },
  { key: '=HYPERLINK("http://x")', fast: 1e21, ratio: null, won: true, late: 'x' },
];
const columns = columnsOf(rows);

const encode = async (batches: Parameters<typeof encodeRows>[0], format: RowFormat): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of encodeRows(batches, columns, format)) parts.push(part);
  return Buffer.concat(parts);
};

test('columns come in order of appearance with their types', () => {
  expect(columns).toEqual([
    { name: 'key', type: 'text' },
    { name: 'fast', type: 'number' },
    { name: 'ratio', type: 'number' },
    { name: 'won', type: 'boolean' },
    { name: 'late', type: 'text' },
  ]);
  expect(columnsOf([{ a: 1 }, { a: 'x' }, { b: null }])).toEqual([
    { name: 'a', type: 'text' },
    { name: 'b', type: 'number' },
  ]);
});

describe('CSV', () => {
  test('a CSV reader gets the cells back', async () => {
    const text = (await encode([rows], 'csv')).toString();
    expect(parse(text)).toEqual([
      ['key', 'fast', 'ratio', 'won', 'late'],
      ['a', '10', '0.1', 'true', ''],
      ['b,"c"\nd', '-0', '', 'false', ''],
      [`'=HYPERLINK("http://x")`, '1e+21', '', 'true', 'x'],
    ]);
  });

  test('no text cell or header starts like a formula', async () => {
    const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '\uff1d1'];
    const records = evil.map((key) => ({ '=name': key, count: -5 }));
    let text = '';
    for await (const part of encodeRows([records], columnsOf(records), 'csv')) text += Buffer.from(part).toString();
    const cells = parse(text) as string[][];
    expect(cells.map(([first]) => first![0])).toEqual(Array(evil.length + 1).fill("'"));
    expect(cells[1]![1], 'a negative number stays a number').toBe('-5');
  });
});

test('JSON leaves out what is not there and is valid at any batch size', async () => {
  const expected = [
    { key: 'a', fast: 10, ratio: 0.1, won: true },
    { key: 'b,"c"\nd', fast: 0, won: false },
    { ...rows[2] },
  ];
  for (const batches of [[rows], rows.map((row) => [row]), [[], rows, []]]) {
    expect(JSON.parse((await encode(batches, 'json')).toString())).toEqual(expected);
  }
  expect(JSON.parse((await encode([], 'json')).toString())).toEqual([]);
  const names = [{ name: '__proto__', type: 'number' as const }];
  let text = '';
  for await (const part of encodeRows([[JSON.parse('{"__proto__":5}')]], names, 'json'))
    text += Buffer.from(part).toString();
  expect(text.replaceAll('\n', '')).toBe('[{"__proto__":5}]');
});

test('Parquet keeps types and nulls over several row groups', async () => {
  const many = Array.from(
    { length: 70_000 },
    (_, at): RowRecord => ({ key: `k${at % 7}`, fast: at, ratio: at % 3 === 0 ? null : at / 7, won: at % 2 === 0 }),
  );
  async function* batches(): AsyncGenerator<RowRecord[]> {
    for (let at = 0; at < many.length; at += 1_000) yield many.slice(at, at + 1_000);
  }
  const bytes = await encode(batches(), 'parquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const read = await parquetReadObjects({ file });
  expect(read.length).toBe(70_000);
  for (const at of [0, 1, 32_767, 32_768, 69_999]) expect(read[at]).toEqual({ ...many[at], late: null });
});

test('pieces stay small while many rows stream through', async () => {
  function* endless(): Generator<RowRecord[]> {
    for (let batch = 0; batch < 200; batch++) yield Array.from({ length: 500 }, (_, at) => ({ key: 'k', fast: at }));
  }
  for (const format of ['csv', 'json'] as const) {
    let largest = 0;
    let bytes = 0;
    for await (const part of encodeRows(endless(), columns, format)) {
      largest = Math.max(largest, part.length);
      bytes += part.length;
    }
    expect(bytes).toBeGreaterThan(500_000);
    expect(largest).toBeLessThan(20_000);
  }
});

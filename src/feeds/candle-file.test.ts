// Every file format gives the candles of its CSV twin.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../core/errors.ts';
import { CANDLE_COLUMNS } from '../market/candles.ts';
import { readCandleFile } from './candle-file.ts';
import type { RawCandles, ReadOptions } from './raw-candles.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/feeds');
const folder = mkdtempSync(join(tmpdir(), 'gridmill-feeds-'));
afterAll(() => rmSync(folder, { recursive: true }));

let twin: RawCandles;
beforeAll(async () => {
  twin = await readCandleFile(join(fixtures, 'twin.csv'));
});

const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const refusal = async (path: string, options?: ReadOptions): Promise<{ code: ErrorCode; found: string }> => {
  const error = await readCandleFile(path, options).then(
    () => {
      throw new Error(`${path} was accepted`);
    },
    (reason) => reason,
  );
  return { code: error.code, found: error.found };
};

describe('Parquet and Arrow files written by pandas and pyarrow (test/fixtures/feeds/make.py)', () => {
  const cases: [file: string, format: string, unit: string, notes: string[]][] = [
    ['freqtrade-lz4.feather', 'arrow', 'ms', []],
    ['ns-zstd.feather', 'arrow', 'ns', []],
    ['us-plain.feather', 'arrow', 'us', []],
    ['naive-seconds.arrows', 'arrow', 's', ['Times without a zone were read as UTC.']],
    ['own-names.arrow', 'arrow', 'ms', []],
    ['freqtrade-snappy.parquet', 'parquet', 'ms', []],
    ['us-zstd.parquet', 'parquet', 'us', []],
    ['ns-gzip.parquet', 'parquet', 'ns', []],
    ['us-lz4.parquet', 'parquet', 'us', []],
    ['ns-brotli.parquet', 'parquet', 'ns', []],
    ['us-none.parquet', 'parquet', 'us', []],
    ['int96.parquet', 'parquet', 'ns', ['Times without a zone were read as UTC.']],
    ['pandas-index.parquet', 'parquet', 'us', []],
  ];
  test.each(cases)('%s gives the bits of its CSV twin', async (file, format, timeUnit, notes) => {
    const read = await readCandleFile(join(fixtures, file));
    expect(read).toEqual({ columns: twin.columns, format, timeUnit, sourceRows: 90, notes });
  });

  test('a missing volume column gives zeros and says so', async () => {
    const read = await readCandleFile(join(fixtures, 'no-volume.parquet'));
    expect(read.columns.volume).toEqual(new Float64Array(90));
    expect(read.notes).toEqual(['There is no volume column: volume is 0.']);
  });

  test('the limit counts unpacked bytes, not the bytes of the file', async () => {
    for (const file of ['freqtrade-lz4.feather', 'ns-zstd.feather']) {
      const size = readFileSync(join(fixtures, file)).length;
      expect((await readCandleFile(join(fixtures, file), { inputBytesMax: size + 4_096 })).sourceRows).toBe(90);
    }
    const rows = 20_000;
    const flat = write('flat.csv.gz', gzipSync(`t,o,h,l,c,v\n${'1704067200000,1,1,1,1,1\n'.repeat(rows)}`));
    expect(readFileSync(flat).length).toBeLessThan(4_096);
    expect((await refusal(flat, { inputBytesMax: 65_536 })).code).toBe('LIMIT_EXCEEDED');
  });

  test('files cut short or with a flipped byte are refused or give a typed error, never a crash', async () => {
    for (const file of ['freqtrade-lz4.feather', 'us-zstd.parquet', 'ns-gzip.parquet', 'own-names.arrow']) {
      const bytes = readFileSync(join(fixtures, file));
      for (const length of [8, 100, bytes.length >> 1, bytes.length - 1]) {
        const cut = write(`cut-${length}-${file}`, bytes.subarray(0, length));
        // The Arrow stream inside a file is whole before its footer, so that a missing last byte may do no harm.
        const outcome = await readCandleFile(cut).catch((error) => error.code);
        expect(typeof outcome === 'string' ? outcome : 'read').toMatch(
          /^(CANDLE_FILE_UNREADABLE|CANDLES_INVALID|LIMIT_EXCEEDED|read)$/,
        );
      }
      for (let at = 0; at < bytes.length; at += 131) {
        const bad = Buffer.from(bytes);
        bad[at] = bad[at]! ^ 0x55;
        const outcome = await readCandleFile(write('flipped', bad)).catch((error) => error.code ?? error);
        expect(typeof outcome === 'string' ? outcome : 'read', `${file}, byte ${at}`).toMatch(
          /^(CANDLE_FILE_UNREADABLE|CANDLES_INVALID|LIMIT_EXCEEDED|read)$/,
        );
      }
    }
  }, 60_000);
});

describe('archives', () => {
  const text = readFileSync(join(fixtures, 'twin.csv'), 'utf8');

  test('gzip, also of several members, and zip unpack to the twin', async () => {
    const half = text.indexOf('\n', text.length / 2) + 1;
    const members = Buffer.concat([gzipSync(text.slice(0, half)), gzipSync(text.slice(half))]);
    const zip = zipSync({
      'folder/': new Uint8Array(0),
      'BTCUSDT-1m-2024-01.csv': strToU8(text),
      '__MACOSX/x': strToU8('x'),
    });
    const stored = zipSync({ 'a.csv': [strToU8(text), { level: 0 }] });
    for (const bytes of [gzipSync(text), members, zip, stored]) {
      expect((await readCandleFile(write('no-extension', bytes))).columns).toEqual(twin.columns);
    }
  });

  test('damaged, foreign, nested and oversized archives are refused with a reason', async () => {
    const zip = zipSync({ 'a.csv': strToU8(text) });
    const wrongCrc = zip.slice();
    const directory = Buffer.from(zip).lastIndexOf(Buffer.from('PK\x01\x02', 'latin1'));
    wrongCrc[directory + 16] = wrongCrc[directory + 16]! ^ 1;
    const liar = zip.slice();
    new DataView(liar.buffer).setUint32(directory + 24, 100, true);
    const damagedGzip = gzipSync(text);
    damagedGzip.fill(0, damagedGzip.length - 8, damagedGzip.length - 4);
    const bomb = zipSync({ 'a.csv': [strToU8('1'.repeat(1_000_000)), { level: 9 }] });
    const cases: [name: string, bytes: Uint8Array | string, code: ErrorCode, found: RegExp, options?: ReadOptions][] = [
      ['cut.csv.gz', gzipSync(text).subarray(0, 900), 'CANDLE_FILE_UNREADABLE', /gzip data is damaged or cut off/],
      ['crc.csv.gz', damagedGzip, 'CANDLE_FILE_UNREADABLE', /gzip data is damaged/],
      ['twice.csv.gz', gzipSync(gzipSync(text)), 'CANDLE_FILE_UNREADABLE', /archive inside an archive/],
      [
        'bomb.csv.gz',
        gzipSync('1'.repeat(1_000_000)),
        'LIMIT_EXCEEDED',
        /larger than 1000 bytes/,
        { inputBytesMax: 1_000 },
      ],
      ['bomb.zip', bomb, 'LIMIT_EXCEEDED', /unpacks to more than 1000 bytes/, { inputBytesMax: 1_000 }],
      ['line.csv.gz', gzipSync('1'.repeat(5_000_000)), 'LIMIT_EXCEEDED', /line 1: the line is longer than 65536 bytes/],
      ['crc.zip', wrongCrc, 'CANDLE_FILE_UNREADABLE', /fails its checksum/],
      ['liar.zip', liar, 'CANDLE_FILE_UNREADABLE', /larger than the 100 bytes it declares/],
      ['cut.zip', zip.subarray(0, -30), 'CANDLE_FILE_UNREADABLE', /directory is missing/],
      [
        'two.zip',
        zipSync({ 'a.csv': strToU8(text), 'b.csv': strToU8(text) }),
        'CANDLE_FILE_UNREADABLE',
        /holds 2 files/,
      ],
      ['none.zip', zipSync({ 'x/': new Uint8Array(0) }), 'CANDLE_FILE_UNREADABLE', /holds 0 files/],
      ['nested.zip', zipSync({ 'a.zip': zip }), 'CANDLE_FILE_UNREADABLE', /archive inside an archive/],
      ['x.csv', brotliCompressSync(text), 'CANDLE_FILE_UNREADABLE', /./],
      ['x.feather', 'FEA1....', 'CANDLE_FILE_UNREADABLE', /Feather file of version 1/],
      ['x.html', '<!doctype html><html>', 'CANDLE_FILE_UNREADABLE', /HTML or XML/],
      ['empty.csv', '', 'CANDLE_FILE_UNREADABLE', /the file is empty/],
      ['empty.csv.gz', gzipSync(''), 'CANDLE_FILE_UNREADABLE', /the file is empty/],
    ];
    for (const [name, bytes, code, found, options] of cases) {
      const refused = await refusal(write(name, bytes), options);
      expect(refused, name).toEqual({ code, found: expect.stringMatching(found) });
      expect(refused.found).toContain(name);
    }
  });

  test('a missing file and a folder have their own errors', async () => {
    expect((await refusal(join(folder, 'nowhere.csv'))).code).toBe('CANDLES_NOT_FOUND');
    expect(await refusal(folder)).toEqual({
      code: 'CANDLE_FILE_UNREADABLE',
      found: expect.stringContaining('no regular file'),
    });
  });
});

describe('freqtrade JSON', () => {
  test('gives the bits of the twin, plain and in gzip', async () => {
    const rows = [...twin.columns.time].map((_, row) => CANDLE_COLUMNS.map((name) => twin.columns[name][row]));
    for (const bytes of [JSON.stringify(rows), gzipSync(JSON.stringify(rows))]) {
      const read = await readCandleFile(write('BTC_USDT-1m.json', bytes));
      expect(read).toEqual({
        columns: twin.columns,
        format: 'freqtrade-json',
        timeUnit: 'ms',
        sourceRows: 90,
        notes: [],
      });
    }
  });

  test.each<[text: string, code: ErrorCode, found: RegExp]>([
    ['[]', 'CANDLE_FILE_UNREADABLE', /there are no rows/],
    ['{"a":1}', 'CANDLE_FILE_UNREADABLE', /no array/],
    ['[[1,2,3', 'CANDLE_FILE_UNREADABLE', /JSON is broken/],
    ['[[1704067200000,1,1,1,1]]', 'CANDLE_FILE_UNREADABLE', /row 1: .* is not 6 numbers/],
    ['[[1704067200000,1,1,1,1,1],[1704067260000,1,"2",1,1,1]]', 'CANDLES_INVALID', /row 2: high is/],
    ['[[1704067200000,1e999,1,1,1,1]]', 'CANDLES_INVALID', /row 1: open is/],
    ['[[null,1,1,1,1,1]]', 'CANDLES_INVALID', /row 1: time is/],
  ])('%s is refused', async (text, code, found) => {
    expect(await refusal(write('bad.json', text))).toEqual({ code, found: expect.stringMatching(found) });
  });

  test('a null volume is 0 with a note', async () => {
    const read = await readCandleFile(write('null.json', '[[1704067200000,1,1,1,1,null]]'));
    expect(read.columns.volume).toEqual(Float64Array.of(0));
    expect(read.notes).toEqual(['Volume is null in 1 rows and was read as 0.']);
  });
});

describe('missing prices', () => {
  const rows = (price: string): string =>
    `time,open,high,low,close,volume\n1704067200000,1,2,0.5,1.5,3\n1704067260000,1,2,0.5,${price},3\n`;

  test.each(['NaN', 'nan', 'null', 'None', 'NA', '', '  ', '""'])(
    '%j is refused with its line, or handed out as NaN',
    async (price) => {
      const path = write('missing.csv', rows(price));
      expect(await refusal(path)).toEqual({ code: 'CANDLES_INVALID', found: expect.stringContaining('line 3') });
      await expect(readCandleFile(path)).rejects.toMatchObject({ todo: expect.stringContaining('not-finite=repair') });
      const read = await readCandleFile(path, { keepMissing: true });
      expect(read.columns.close).toEqual(Float64Array.of(1.5, Number.NaN));
    },
  );

  test('other text is refused in any case', async () => {
    for (const price of ['abc', '1.2.3', 'inf', '1e999']) {
      const path = write('wrong.csv', rows(price));
      await expect(readCandleFile(path, { keepMissing: true })).rejects.toMatchObject({ code: 'CANDLES_INVALID' });
    }
  });

  test('null in JSON is handed out as NaN on request', async () => {
    const path = write('missing.json', '[[1704067200000,1,1,null,1,1]]');
    expect((await refusal(path)).found).toContain('row 1: low is');
    expect((await readCandleFile(path, { keepMissing: true })).columns.low).toEqual(Float64Array.of(Number.NaN));
  });
});

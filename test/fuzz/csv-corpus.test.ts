// Broken CSV by hand: each case is refused with a typed error that names file and line.
import { describe, expect, test } from 'vitest';
import { type ErrorCode, isAppError } from '../../src/core/errors.ts';
import { contentKind } from '../../src/feeds/content-kind.ts';
import { CsvCandleParser } from '../../src/feeds/csv-candles.ts';

const HEAD = 't,o,h,l,c,v\n';
const ROW = '1704067200000,1,2,0.5,1.5,10\n';
const NEXT = '1704067260000,1,2,0.5,1.5,10\n';
const SHAPE = 'CANDLE_FILE_UNREADABLE';
const VALUE = 'CANDLES_INVALID';

/** Puts `text` in place of the close of the second candle. */
const close = (text: string): string => `${HEAD}${ROW}1704067260000,1,2,0.5,${text},10\n`;
const time = (text: string): string => `${HEAD}${ROW}${text},1,2,0.5,1.5,10\n`;

const corpus: [name: string, text: string | Uint8Array, code: ErrorCode, line: number, found: RegExp][] = [
  ['a word for a price', close('abc'), VALUE, 3, /column "c" is "abc"/],
  ['NaN', close('NaN'), VALUE, 3, /"NaN", not a finite number/],
  ['nan', close('nan'), VALUE, 3, /"nan"/],
  ['null', close('null'), VALUE, 3, /"null"/],
  ['None', close('None'), VALUE, 3, /"None"/],
  ['Infinity', close('Infinity'), VALUE, 3, /"Infinity"/],
  ['-inf', close('-inf'), VALUE, 3, /"-inf"/],
  ['overflow', close('1e999'), VALUE, 3, /"1e999"/],
  ['negative overflow', close('-1e999'), VALUE, 3, /"-1e999"/],
  ['hexadecimal', close('0x10'), VALUE, 3, /"0x10"/],
  ['underscores', close('1_000'), VALUE, 3, /"1_000"/],
  ['two points', close('1.2.3'), VALUE, 3, /"1\.2\.3"/],
  ['two signs', close('--1'), VALUE, 3, /"--1"/],
  ['a bare sign', close('-'), VALUE, 3, /"-"/],
  ['a bare point', close('.'), VALUE, 3, /"\."/],
  ['a bare exponent', close('1e'), VALUE, 3, /"1e"/],
  ['a currency', close('$1.5'), VALUE, 3, /"\$1\.5"/],
  ['a percent sign', close('1.5%'), VALUE, 3, /"1\.5%"/],
  ['an inner space', close('1 5'), VALUE, 3, /"1 5"/],
  ['a no-break space', close('1\u00a0500'), VALUE, 3, /"1\u00a0500"/],
  ['Arabic digits', close('\u0661'), VALUE, 3, /not a finite number/],
  ['a full-width digit', close('\uff11'), VALUE, 3, /not a finite number/],
  ['a NUL byte', close('1\0'), VALUE, 3, /not a finite number/],
  ['an empty price', close(''), VALUE, 3, /column "c" is empty/],
  ['a price of spaces', close('   '), VALUE, 3, /column "c" is empty/],
  ['a quoted empty price', close('""'), VALUE, 3, /column "c" is empty/],
  ['a quoted word', close('"abc"'), VALUE, 3, /"abc"/],
  ['quotes in quotes', close('"1""5"'), VALUE, 3, /not a finite number/],
  ['a formula', close('=1+1'), VALUE, 3, /"=1\+1"/],
  ['a quoted decimal comma', close('"1,5"'), VALUE, 3, /"1,5"/],
  ['a decimal comma', close('1,5'), SHAPE, 3, /7 columns where the first line has 6/],
  ['a decimal comma between semicolons', `${HEAD}${ROW}`.replaceAll(',', ';').replace('1.5', '1,5'), VALUE, 2, /"1,5"/],
  ['a thousands separator', close('1,500.25'), SHAPE, 3, /7 columns/],
  ['one column less', `${HEAD}${ROW}1704067260000,1,2,0.5,1.5\n`, SHAPE, 3, /5 columns where the first line has 6/],
  ['one column more', `${HEAD}${ROW}1704067260000,1,2,0.5,1.5,10,11\n`, SHAPE, 3, /7 columns/],
  ['a trailing delimiter', `${HEAD}${ROW.replace('10', '10,')}`, SHAPE, 2, /7 columns/],
  ['one word alone', `${HEAD}${ROW}total\n`, VALUE, 3, /the time in column "t" is "total"/],
  ['a cut last line', `${HEAD}${ROW}17040672`, VALUE, 3, /"17040672" where milliseconds/],
  ['a cut last line in a number', `${HEAD}${ROW}1704067260000,1,2,0.5`, SHAPE, 3, /4 columns/],
  ['a line of spaces', `${HEAD}${ROW}   \n${NEXT}`, VALUE, 3, /the time in column "t" is ""/],
  ['a second header', `${HEAD}${ROW}${HEAD}${NEXT}`, VALUE, 3, /the time in column "t" is "t"/],
  ['another delimiter below', `${HEAD}${ROW.replaceAll(',', ';')}`, VALUE, 2, /the time in column "t"/],
  ['an open quote', `${HEAD}${ROW}"1704067260000,1,2,0.5,1.5,10\n`, SHAPE, 3, /a quote opens and never closes/],
  ['a quote in a number', close('1"5'), SHAPE, 3, /a stray quote in column 5/],
  ['text behind a quote', close('"1"5'), SHAPE, 3, /a stray quote in column 5/],
  ['a lone carriage return', `${HEAD}${ROW}1704067260000,1,2,0.5,1.5,10\r11\n`, SHAPE, 3, /a stray carriage return/],
  ['carriage returns for line ends', `${HEAD}${ROW}`.replaceAll('\n', '\r'), SHAPE, 1, /carriage returns alone/],
  ['an empty time', time(''), VALUE, 3, /the time in column "t" is ""/],
  ['a time in words', time('yesterday'), VALUE, 3, /"yesterday" where milliseconds are expected/],
  ['seconds among milliseconds', time('1704067260'), VALUE, 3, /"1704067260" where milliseconds are expected/],
  ['ISO among milliseconds', time('2024-01-01T00:01:00Z'), VALUE, 3, /where milliseconds are expected/],
  [
    'milliseconds among ISO',
    `${HEAD}2024-01-01,1,2,0.5,1.5,10\n${NEXT}`,
    VALUE,
    3,
    /where ISO 8601 times are expected/,
  ],
  ['half a millisecond', time('1704067260000.5'), VALUE, 3, /"1704067260000\.5"/],
  ['a time rounded by a spreadsheet', time('1.70407E+12'), VALUE, 3, /"1\.70407E\+12"/],
  ['a day that does not exist', `${HEAD}2023-02-29,1,2,0.5,1.5,10\n`, VALUE, 2, /"2023-02-29"/],
  ['an American date', `${HEAD}01/31/2024,1,2,0.5,1.5,10\n`, VALUE, 2, /"01\/31\/2024"/],
  ['a time of day alone', `date,time,o,h,l,c\n2024.01.01,00:00,1,2,0.5,1.5\n`, VALUE, 2, /"00:00"/],
  ['2^53 + 1 as a time', time('9007199254740993'), VALUE, 3, /"9007199254740993"/],
  ['a time of 400 digits', time('9'.repeat(400)), VALUE, 3, /the time in column "t"/],
  ['no close column', 't,o,h,l,v\n1704067200000,1,2,0.5,10\n', SHAPE, 1, /no column for close/],
  ['no known column', 'a,b,c,d,e,f\n1,2,3,4,5,6\n', SHAPE, 1, /no column for time, open, high, low/],
  ['one column', 'hello\nworld\n', SHAPE, 1, /no column for/],
  ['the close twice', `t,o,h,l,close,Close\n${ROW}`, SHAPE, 1, /"close" stands twice/],
  ['a prototype as header', '__proto__,constructor,o,h,l,c\n1,2,3,4,5,6\n', SHAPE, 1, /no column for time/],
  ['seven columns and no header', ROW.replace('10', '10,11'), SHAPE, 1, /7 columns and no header/],
  ['broken quotes in the header', `"t,o,h,l,c,v\n${ROW}`, SHAPE, 1, /broken quotes/],
  ['an error behind empty lines', `\n\n${HEAD}\n${ROW}\nx,1,1,1,1,1\n`, VALUE, 7, /"x"/],
  [
    'an error behind a quoted line break',
    `t,o,h,l,c,n\n1704067200000,1,2,0.5,1.5,"a\nb"\nx,1,1,1,1,1\n`,
    VALUE,
    4,
    /"x"/,
  ],
  ['a line of 70,000 bytes', `${HEAD}${ROW}${'1'.repeat(70_000)}\n`, 'LIMIT_EXCEEDED', 3, /longer than 65536 bytes/],
  ['a header of 70,000 bytes', `${'t'.repeat(70_000)}\n${ROW}`, 'LIMIT_EXCEEDED', 1, /longer than 65536 bytes/],
  ['UTF-16', Buffer.from(`\ufeff${HEAD}${ROW}`, 'utf16le'), SHAPE, 1, /UTF-16/],
];

const parse = (text: string | Uint8Array, chunk: number): unknown => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    const parser = new CsvCandleParser('candles.csv');
    for (let at = 0; at < bytes.length; at += chunk) parser.push(bytes.subarray(at, at + chunk));
    return parser.finish();
  } catch (error) {
    return error;
  }
};

describe(`${corpus.length} broken files`, () => {
  test.each(corpus)('%s', (_, text, code, line, found) => {
    for (const chunk of [1 << 20, 4_096]) {
      const error = parse(text, chunk);
      if (!isAppError(error)) return expect.fail(`accepted or untyped: ${String(error)}`);
      expect(error.code).toBe(code);
      expect(error.found).toMatch(found);
      expect(error.found, 'the message names file and line').toMatch(new RegExp(`^candles\\.csv, line ${line}: `));
      expect(error.found.length).toBeLessThan(300);
    }
  });

  test('the limit on a line is exact', () => {
    const line = (length: number): string => `1704067200000,1,2,0.5,1.5,${'0'.repeat(length - 26)}\n`;
    const parser = (length: number): CsvCandleParser => {
      const made = new CsvCandleParser('candles.csv', { lineBytesMax: 100 });
      made.push(Buffer.from(HEAD + line(length)));
      return made;
    };
    expect(parser(100).finish().sourceRows).toBe(1);
    expect(() => parser(101)).toThrow(/longer than 100 bytes/);
  });

  test('nothing and a header alone are errors', () => {
    for (const [text, found] of [
      ['', /the file is empty/],
      ['\n\n', /the file is empty/],
      [HEAD, /no row below/],
    ] as const) {
      const error = parse(text, 4_096);
      expect(isAppError(error, 'CANDLE_FILE_UNREADABLE') && error.found).toMatch(found);
    }
    expect(() => contentKind('x', new Uint8Array(0))).toThrow(/the file is empty/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

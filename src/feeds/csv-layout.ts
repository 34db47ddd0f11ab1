// Reads the first line of a CSV file of candles: the delimiter, whether it is a header, and what each column is.
import { CANDLE_COLUMNS, type CandleColumn } from '../market/candles.ts';
import { chooseColumns, ignoredNote } from './column-names.ts';
import { inputFault, shown } from './input-fault.ts';

/** Role of a column: an index into CANDLE_COLUMNS, or IGNORED. */
export const IGNORED = -1;
export const TIME = 0;

export interface CsvLayout {
  readonly delimiter: number;
  readonly hasHeader: boolean;
  readonly roles: Int8Array;
  /** For messages: the name of each column. */
  readonly names: readonly string[];
  readonly hasVolume: boolean;
  readonly timeIsMs: boolean;
  readonly notes: readonly string[];
}

/** Splits one line (without its line break) at `delimiter`; quoted fields lose their quotes. undefined: broken quotes. */
export function splitLine(line: string, delimiter: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const lead = /^ */.exec(line.slice(at))![0].length;
    if (line[at + lead] === '"') {
      const quoted = /^"((?:[^"]|"")*)" *(?=$|(.))/s.exec(line.slice(at + lead));
      if (quoted === null || (quoted[2] !== undefined && quoted[2] !== delimiter)) return undefined;
      fields.push(quoted[1]!.replaceAll('""', '"'));
      at += lead + quoted[0].length;
    } else {
      const stop = line.indexOf(delimiter, at);
      const field = line.slice(at, stop < 0 ? line.length : stop);
      if (field.includes('"')) return undefined;
      fields.push(field.trim());
      at = stop < 0 ? line.length : stop;
    }
    if (at >= line.length) return fields;
    at++;
  }
}

/** The delimiter that splits `line` into most fields; comma wins ties. Quoted text does not count. */
export function delimiterOf(line: string): ',' | ';' | '\t' {
  const bare = line.replace(/"(?:[^"]|"")*"/g, '');
  const count = (delimiter: string): number => bare.split(delimiter).length;
  if (count('\t') > count(',') && count('\t') > count(';')) return '\t';
  return count(';') > count(',') ? ';' : ',';
}

/** Candle columns of files without header, by their number of columns. Twelve is an exchange kline row. */
const HEADERLESS: ReadonlyMap<number, readonly CandleColumn[]> = new Map<number, readonly CandleColumn[]>([
  [5, ['time', 'open', 'high', 'low', 'close']],
  [6, CANDLE_COLUMNS],
  [12, CANDLE_COLUMNS],
]);

/** `line` is the first non-empty line, at `lineNumber`. Errors: CANDLE_FILE_UNREADABLE. */
export function readCsvLayout(file: string, line: string, lineNumber: number): CsvLayout {
  const place = `line ${lineNumber}`;
  if (line.includes('\r')) {
    const found = 'lines end in carriage returns alone';
    throw inputFault('CANDLE_FILE_UNREADABLE', file, place, found, 'End lines with LF or CRLF.');
  }
  const delimiter = delimiterOf(line);
  const fields = splitLine(line, delimiter);
  if (fields === undefined) {
    throw inputFault(
      'CANDLE_FILE_UNREADABLE',
      file,
      place,
      `broken quotes in ${shown(line)}`,
      'Write quotes around whole fields only.',
    );
  }
  const first = fields[0]!;
  return /^[+-]?\.?\d/.test(first)
    ? headerlessLayout(file, place, delimiter, fields)
    : headerLayout(file, place, delimiter, fields);
}

function headerlessLayout(file: string, place: string, delimiter: string, fields: readonly string[]): CsvLayout {
  const columns = HEADERLESS.get(fields.length);
  if (columns === undefined) {
    throw inputFault(
      'CANDLE_FILE_UNREADABLE',
      file,
      place,
      `${fields.length} columns and no header`,
      'Add a header such as time,open,high,low,close,volume, or write 6 columns in that order.',
    );
  }
  const unused = fields.length - columns.length;
  return {
    delimiter: delimiter.charCodeAt(0),
    hasHeader: false,
    roles: Int8Array.from(fields, (_, at) => (at < columns.length ? at : IGNORED)),
    names: fields.map((_, at) => columns[at] ?? `column ${at + 1}`),
    hasVolume: columns.length === CANDLE_COLUMNS.length,
    timeIsMs: false,
    notes: [
      `No header: columns read as ${columns.join(', ')}.`,
      ...(unused > 0 ? [`Columns not used: the last ${unused}.`] : []),
    ],
  };
}

function headerLayout(file: string, place: string, delimiter: string, fields: readonly string[]): CsvLayout {
  const { index, ignored, missing, repeated, timeIsMs } = chooseColumns(fields);
  const needed = missing.filter((column) => column !== 'volume');
  if (needed.length > 0) {
    throw inputFault(
      'CANDLE_FILE_UNREADABLE',
      file,
      place,
      `no column for ${needed.join(', ')} in the header ${shown(fields.join(delimiter))}`,
      'Name the columns time, open, high, low, close and volume.',
    );
  }
  if (repeated.length > 0) {
    const names = repeated.map(shown).join(', ');
    throw inputFault('CANDLE_FILE_UNREADABLE', file, place, `the column ${names} stands twice`, 'Keep one of them.');
  }
  const roles = new Int8Array(fields.length).fill(IGNORED);
  for (const [column, at] of index) roles[at] = CANDLE_COLUMNS.indexOf(column);
  return {
    delimiter: delimiter.charCodeAt(0),
    hasHeader: true,
    roles,
    names: fields,
    hasVolume: !missing.includes('volume'),
    timeIsMs,
    notes: ignoredNote(ignored),
  };
}

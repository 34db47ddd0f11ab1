// Reads a whole CSV file as columns of text: for files that are read once and hold more than numbers.
import { LIMITS } from '../core/limits.ts';
import { delimiterOf, splitLine } from './csv-layout.ts';
import { inputFault, shown } from './input-fault.ts';
import type { RawTable } from './raw-table.ts';

/** The first line must be a header. Empty lines are skipped. Errors (with line): CANDLE_FILE_UNREADABLE, LIMIT_EXCEEDED. */
export function openCsvTable(file: string, content: string, lineBytesMax: number = LIMITS.lineBytesMax): RawTable {
  const lines = (content.startsWith('\ufeff') ? content.slice(1) : content).split('\n');
  const lineNumbers: number[] = [];
  let names: string[] | undefined;
  let delimiter = ',';
  const columns: string[][] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!.endsWith('\r') ? lines[at]!.slice(0, -1) : lines[at]!;
    if (line === '') continue;
    const place = `line ${at + 1}`;
    if (line.length > lineBytesMax) {
      throw inputFault('LIMIT_EXCEEDED', file, place, `the line is longer than ${lineBytesMax} bytes`, 'Break it.');
    }
    if (names === undefined) delimiter = delimiterOf(line);
    const fields = splitLine(line, delimiter);
    if (fields === undefined) {
      const todo = 'Write quotes around whole fields, and no line breaks inside.';
      throw inputFault('CANDLE_FILE_UNREADABLE', file, place, `broken quotes in ${shown(line)}`, todo);
    }
    if (names === undefined) {
      names = fields;
      for (const _ of fields) columns.push([]);
      continue;
    }
    if (fields.length !== names.length) {
      const found = `${fields.length} columns where the header has ${names.length}`;
      throw inputFault('CANDLE_FILE_UNREADABLE', file, place, found, 'Give every line the same columns.');
    }
    lineNumbers.push(at + 1);
    for (let column = 0; column < fields.length; column++) columns[column]!.push(fields[column]!);
  }
  return {
    format: 'csv',
    names: names ?? [],
    rowCount: lineNumbers.length,
    place: (row) => `line ${lineNumbers[row]}`,
    column: async (index) => ({ values: columns[index]! }),
  };
}

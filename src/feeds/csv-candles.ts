// Parses CSV candles from chunks of bytes straight into columns.
import type { AppError, ErrorCode } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { CANDLE_COLUMNS } from '../market/candles.ts';
import { ColumnBuilder } from './column-builder.ts';
import { CR, type FieldSpan, LF, spanField, UNFINISHED } from './csv-field.ts';
import { type CsvLayout, IGNORED, readCsvLayout, TIME } from './csv-layout.ts';
import { parseDecimal, type ScanCursor, scanDecimal } from './decimal.ts';
import { inputFault, shown } from './input-fault.ts';
import { isMissing, MISSING_TODO } from './missing-value.ts';
import type { RawCandles, ReadOptions, TimeUnit } from './raw-candles.ts';
import { StampReader } from './stamp-reader.ts';

const VOLUME = CANDLE_COLUMNS.indexOf('volume');

/**
 * Push chunks in order, then finish. A record is parsed once all its bytes are there; the rest is carried over.
 * Errors (with file and line): CANDLE_FILE_UNREADABLE for the shape, CANDLES_INVALID for a value, LIMIT_EXCEEDED.
 */
export class CsvCandleParser {
  readonly #file: string;
  readonly #lineBytesMax: number;
  readonly #options: ReadOptions;
  #stamps: StampReader;
  #layout: CsvLayout | undefined;
  #builder = new ColumnBuilder();
  readonly #cursor: ScanCursor = { next: 0 };
  #carry: Uint8Array = new Uint8Array(0);
  /** Number of the line on which the current record starts. */
  #line = 1;
  /** Where the slow way found a field; `breaks` adds up over one record. */
  readonly #span: FieldSpan = { from: 0, to: 0, breaks: 0 };
  /** What the slow way read. */
  #slow = 0;
  #emptyLines = 0;
  #emptyVolumes = 0;
  #switchLine = 0;
  #started = false;

  constructor(file: string, options: ReadOptions = {}) {
    this.#file = file;
    this.#options = options;
    this.#lineBytesMax = options.lineBytesMax ?? LIMITS.lineBytesMax;
    this.#stamps = new StampReader(options.timeUnit);
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#carry.length > 0) {
      bytes = new Uint8Array(this.#carry.length + chunk.length);
      bytes.set(this.#carry);
      bytes.set(chunk, this.#carry.length);
    }
    let start = 0;
    if (!this.#started) {
      if (bytes.length < 3) {
        this.#carry = bytes.slice();
        return;
      }
      this.#started = true;
      start = this.#skipByteOrderMark(bytes);
    }
    const end = bytes.lastIndexOf(LF) + 1;
    const parsed = end > start ? this.#parse(bytes, start, end) : start;
    this.#carry = bytes.slice(parsed);
    if (this.#carry.length > this.#lineBytesMax) throw this.#tooLong();
  }

  finish(): RawCandles {
    const rest = this.#carry;
    if (rest.length > 0) {
      const last = new Uint8Array(rest.length + 1);
      last.set(rest);
      last[rest.length] = LF;
      const start = this.#started ? 0 : this.#skipByteOrderMark(last);
      if (this.#parse(last, start, last.length) < last.length) {
        throw this.#fault('CANDLE_FILE_UNREADABLE', 'a quote opens and never closes', 'Close it or remove it.');
      }
    }
    const unit = this.#stamps.unit;
    if (this.#layout === undefined || unit === undefined) {
      const found = this.#layout === undefined ? 'the file is empty' : 'there is a header and no row below it';
      throw inputFault('CANDLE_FILE_UNREADABLE', this.#file, undefined, found, 'Give a file with candles.');
    }
    const columns = this.#builder.finish();
    return { columns, format: 'csv', timeUnit: unit, sourceRows: this.#builder.rows, notes: this.#notes(this.#layout) };
  }

  #notes(layout: CsvLayout): string[] {
    const notes = [...layout.notes];
    if (!layout.hasVolume) notes.push('There is no volume column: volume is 0.');
    if (this.#emptyVolumes > 0) notes.push(`Volume is empty in ${this.#emptyVolumes} rows and was read as 0.`);
    if (this.#stamps.naive) notes.push('Times without a zone were read as UTC.');
    if (this.#stamps.unit === 'date') notes.push('Times were read as dates written YYYYMMDD.');
    if (this.#switchLine > 0) {
      const to = this.#stamps.unit === 'ms' ? 'microseconds' : 'milliseconds';
      notes.push(`Times switch to ${to} at line ${this.#switchLine}.`);
    }
    if (this.#emptyLines > 0) notes.push(`Empty lines skipped: ${this.#emptyLines}.`);
    return notes;
  }

  #skipByteOrderMark(bytes: Uint8Array): number {
    if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
      throw this.#fault('CANDLE_FILE_UNREADABLE', 'the text is UTF-16', 'Save it as UTF-8.');
    }
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  }

  /** Parses the records of [start, end), where bytes[end - 1] is a line feed. Answers where the first unfinished one starts. */
  #parse(bytes: Uint8Array, start: number, end: number): number {
    let pos = start;
    while (pos < end) {
      const first = bytes[pos];
      if (first === LF || (first === CR && bytes[pos + 1] === LF)) {
        pos += first === LF ? 1 : 2;
        this.#emptyLines++;
        this.#line++;
        continue;
      }
      if (this.#layout === undefined) {
        const next = this.#readLayout(bytes, pos);
        if (next !== pos) {
          pos = next;
          this.#line++;
          continue;
        }
      }
      const next = this.#record(bytes, pos, end);
      if (next === UNFINISHED) return pos;
      if (next - pos > this.#lineBytesMax + 1) throw this.#tooLong();
      pos = next;
      this.#line += 1 + this.#span.breaks;
    }
    return end;
  }

  /** Reads the layout from the line at `pos`; answers where the first record starts. */
  #readLayout(bytes: Uint8Array, pos: number): number {
    let stop = bytes.indexOf(LF, pos);
    const next = stop + 1;
    if (stop - pos > this.#lineBytesMax) throw this.#tooLong();
    if (bytes[stop - 1] === CR) stop--;
    const layout = readCsvLayout(this.#file, new TextDecoder().decode(bytes.subarray(pos, stop)), this.#line);
    this.#layout = layout;
    if (layout.timeIsMs && this.#options.timeUnit === undefined) this.#stamps = new StampReader('ms');
    return layout.hasHeader ? next : pos;
  }

  /** Parses one record; answers the position after its line break, or UNFINISHED. */
  #record(bytes: Uint8Array, start: number, end: number): number {
    const { roles, delimiter } = this.#layout!;
    const row = this.#builder.reserve();
    const columns = this.#builder.columns;
    const cursor = this.#cursor;
    const last = roles.length - 1;
    if (row >= LIMITS.barsMax) {
      throw this.#fault('LIMIT_EXCEEDED', `more than ${LIMITS.barsMax} candles`, 'Import a shorter history.');
    }
    this.#span.breaks = 0;
    let pos = start;
    for (let field = 0; field <= last; field++) {
      const role = roles[field]!;
      if (role === IGNORED) {
        pos = spanField(bytes, pos, end, delimiter, this.#span);
      } else {
        // Anything but a plain number up to the next separator takes the slow way, which also says what is wrong.
        let value = scanDecimal(bytes, pos, cursor);
        const byte = bytes[cursor.next];
        const plain = !Number.isNaN(value) && (byte === delimiter || byte === LF || byte === CR);
        if (plain && role === TIME) value = this.#stamps.fromNumber(value);
        if (plain && !Number.isNaN(value)) {
          pos = cursor.next;
        } else {
          pos = this.#slowField(bytes, pos, end, role, field);
          value = this.#slow;
        }
        columns[role]![row] = value;
        if (role === TIME && this.#switchLine === 0 && this.#stamps.switched) this.#switchLine = this.#line;
      }
      if (pos < 0) {
        if (pos === UNFINISHED) return UNFINISHED;
        throw this.#fault(
          'CANDLE_FILE_UNREADABLE',
          `a stray quote in column ${field + 1}`,
          'Quote whole fields or none.',
        );
      }
      const byte = bytes[pos];
      const ends = byte === LF || (byte === CR && bytes[pos + 1] === LF);
      if (field < last ? byte !== delimiter : !ends) throw this.#wrongCount(bytes, start, end, field, ends);
      pos += byte === CR ? 2 : 1;
    }
    this.#builder.rows = row + 1;
    return pos;
  }

  /** Reads a field that is quoted, padded, empty, signed, very long, a date, or wrong. Answers like spanField. */
  #slowField(bytes: Uint8Array, pos: number, end: number, role: number, field: number): number {
    const span = this.#span;
    const next = spanField(bytes, pos, end, this.#layout!.delimiter, span);
    if (next < 0) return next;
    const { from, to } = span;
    if (to - from > this.#lineBytesMax) throw this.#tooLong();
    if (role === TIME) {
      const separator = bytes[from + 4];
      this.#slow =
        to - from >= 10 && (separator === 45 || separator === 47)
          ? this.#stamps.fromIso(bytes, from, to)
          : this.#stamps.fromText(latin1(bytes, from, to));
      if (Number.isNaN(this.#slow)) throw this.#badTime(latin1(bytes, from, to), field);
      return next;
    }
    this.#slow = scanDecimal(bytes, from, this.#cursor);
    if (Number.isNaN(this.#slow) || this.#cursor.next !== to) this.#slow = parseDecimal(latin1(bytes, from, to));
    if (from === to && role === VOLUME) {
      this.#slow = 0;
      this.#emptyVolumes++;
    } else if (!Number.isFinite(this.#slow)) {
      const text = new TextDecoder().decode(bytes.subarray(from, to));
      if (this.#options.keepMissing !== true || !isMissing(text)) throw this.#badNumber(text, field);
      this.#slow = Number.NaN;
    }
    return next;
  }

  #badTime(text: string, field: number): AppError {
    const name = this.#layout!.names[field]!;
    const unit = this.#stamps.current;
    const found =
      unit === undefined
        ? `the time in column ${shown(name)} is ${shown(text)}`
        : `the time in column ${shown(name)} is ${shown(text)} where ${UNIT_NAMES[unit]} are expected`;
    const todo =
      'Write epoch seconds, milliseconds or microseconds, or ISO 8601, whole milliseconds, one unit throughout.';
    return this.#fault('CANDLES_INVALID', found, todo);
  }

  #badNumber(text: string, field: number): AppError {
    const found = `column ${shown(this.#layout!.names[field]!)} is ${text === '' ? 'empty' : shown(text)}, not a finite number`;
    const comma = /^[+-]?[\d.]*,\d+$/.test(text);
    const other = isMissing(text) ? MISSING_TODO : 'Correct the value or remove the row.';
    const todo = comma ? 'Write a decimal point, not a comma.' : other;
    return this.#fault('CANDLES_INVALID', found, todo);
  }

  #wrongCount(bytes: Uint8Array, start: number, end: number, field: number, ends: boolean): AppError {
    const { roles, delimiter } = this.#layout!;
    const span: FieldSpan = { from: 0, to: 0, breaks: 0 };
    let count = 1;
    for (let at = start; (at = spanField(bytes, at, end, delimiter, span)) >= 0 && bytes[at] === delimiter; at++)
      count++;
    if (!ends && count === roles.length) {
      return this.#fault(
        'CANDLE_FILE_UNREADABLE',
        `a stray carriage return in column ${field + 1}`,
        'End lines with LF or CRLF.',
      );
    }
    return this.#fault(
      'CANDLE_FILE_UNREADABLE',
      `${count} columns where the first line has ${roles.length}`,
      'Give every line the same columns; numbers take a decimal point and no thousands separator.',
    );
  }

  #tooLong(): AppError {
    const found = `the line is longer than ${this.#lineBytesMax} bytes`;
    return this.#fault('LIMIT_EXCEEDED', found, 'Break it, or close the quote that opens in it.');
  }

  #fault(code: ErrorCode, found: string, todo: string): AppError {
    return inputFault(code, this.#file, `line ${this.#line}`, found, todo);
  }
}

const UNIT_NAMES: Readonly<Record<TimeUnit, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  iso: 'ISO 8601 times',
  date: 'dates',
};

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');

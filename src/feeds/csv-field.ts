// Finds where one CSV field starts and ends, with or without quotes.

export const LF = 10;
export const CR = 13;
const SPACE = 32;
const QUOTE = 34;

/** The quote that opened does not close in the bytes at hand. */
export const UNFINISHED = -1;
/** A quote inside an unquoted field, or text after a closing quote. */
export const STRAY_QUOTE = -2;

/** The content of a field without quotes and surrounding spaces: bytes [from, to). `breaks` counts line feeds inside. */
export interface FieldSpan {
  from: number;
  to: number;
  breaks: number;
}

/**
 * Spans the field at `pos` and answers the index of the separator behind it (delimiter, LF, or CR before LF), or
 * UNFINISHED, or STRAY_QUOTE. bytes[end - 1] must be LF.
 */
export function spanField(bytes: Uint8Array, pos: number, end: number, delimiter: number, span: FieldSpan): number {
  let at = pos;
  while (bytes[at] === SPACE) at++;
  span.from = at;
  if (bytes[at] === QUOTE) return spanQuoted(bytes, at + 1, end, delimiter, span);
  let byte = bytes[at]!;
  while (byte !== delimiter && byte !== LF) {
    if (byte === QUOTE) return STRAY_QUOTE;
    byte = bytes[++at]!;
  }
  if (byte === LF && at > pos && bytes[at - 1] === CR) at--;
  let to = at;
  while (to > span.from && bytes[to - 1] === SPACE) to--;
  span.to = Math.max(to, span.from);
  return at;
}

function spanQuoted(bytes: Uint8Array, pos: number, end: number, delimiter: number, span: FieldSpan): number {
  span.from = pos;
  let at = pos;
  let breaks = 0;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === LF) breaks++;
    else if (byte === QUOTE) {
      if (bytes[at + 1] !== QUOTE) break;
      at++;
    }
  }
  if (at >= end) return UNFINISHED;
  span.to = at++;
  span.breaks += breaks;
  while (bytes[at] === SPACE) at++;
  const byte = bytes[at];
  return byte === delimiter || byte === LF || (byte === CR && bytes[at + 1] === LF) ? at : STRAY_QUOTE;
}

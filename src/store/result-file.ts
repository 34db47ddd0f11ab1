// The result file: JSON in three lines, so that a listing reads two short ones and a checksum covers everything.
import { AppError } from '../core/errors.ts';
import { canonicalJson, type Json, sha256Hex } from '../core/hash.ts';

/** Values worth showing in a list: strategy, symbol, variants, best return and the like. */
export type ResultSummary = Readonly<Record<string, string | number | boolean | null>>;

export interface ResultHead {
  /** Epoch ms UTC. */
  readonly createdAt: number;
  readonly summary: ResultSummary;
}

export interface StoredResult extends ResultHead {
  readonly format: 'gridmill-result';
  /** The result itself; numbers must be finite, null stands for NaN. */
  readonly body: Json;
}

/** Bytes of the first two lines. */
export const HEAD_BYTES_MAX = 65_536;
/** Bytes of a whole file: its text must fit one string. */
export const RESULT_BYTES_MAX = 268_435_456;

// Line 1 has a fixed length; its hash is over all bytes after it.
const LINE_1 = /^\{"format":"gridmill-result","sha256":"([0-9a-f]{64})",\n$/;
const LINE_1_BYTES = 105;
const BODY_START = '"body":';

/** The bytes of a result file. Errors: LIMIT_EXCEEDED when the summary or the whole is too long. */
export function encodeResult({ createdAt, summary, body }: StoredResult): Uint8Array {
  const head = canonicalJson({ createdAt, summary });
  const rest = Buffer.from(`${head.slice(1, -1)},\n${BODY_START}${canonicalJson(body)}}\n`);
  checkSize('a summary', LINE_1_BYTES + Buffer.byteLength(head), HEAD_BYTES_MAX);
  checkSize('a result', LINE_1_BYTES + rest.byteLength, RESULT_BYTES_MAX);
  return Buffer.concat([Buffer.from(`{"format":"gridmill-result","sha256":"${sha256Hex(rest)}",\n`), rest]);
}

export function checkSize(what: string, bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new AppError('LIMIT_EXCEEDED', {
    found: `${what} of ${bytes} bytes; the limit is ${limit}.`,
    todo: 'Keep fewer rows, trades or equity points.',
  });
}

/** A result from the bytes of a whole file, verified. Errors: RESULT_CORRUPT. */
export function decodeResult(path: string, bytes: Uint8Array): StoredResult {
  const match = LINE_1.exec(textOf(bytes.subarray(0, LINE_1_BYTES)));
  if (match === null) throw corrupt(path, 'the first line is not that of a result file');
  const found = sha256Hex(bytes.subarray(LINE_1_BYTES));
  if (found !== match[1]) throw corrupt(path, `SHA-256 ${found} instead of ${match[1]}`);
  const { createdAt, summary, body } = parse(path, textOf(bytes)) as unknown as StoredResult;
  return { format: 'gridmill-result', createdAt, summary, body };
}

/** The second line from the first bytes of a file. Not verified: the hash covers the body too. Errors: RESULT_CORRUPT. */
export function decodeResultHead(path: string, bytes: Uint8Array): ResultHead {
  if (!LINE_1.test(textOf(bytes.subarray(0, LINE_1_BYTES)))) {
    throw corrupt(path, 'the first line is not that of a result file');
  }
  const end = bytes.indexOf(0x0a, LINE_1_BYTES);
  if (end < 0) throw corrupt(path, 'it is cut off');
  const { createdAt, summary } = parse(
    path,
    `{${textOf(bytes.subarray(LINE_1_BYTES, end - 1))}}`,
  ) as Partial<ResultHead>;
  if (typeof createdAt !== 'number' || typeof summary !== 'object') throw corrupt(path, 'the second line is damaged');
  return { createdAt, summary };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function parse(path: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw corrupt(path, 'it is no JSON', error);
  }
}

function corrupt(path: string, what: string, cause?: unknown): AppError {
  return new AppError('RESULT_CORRUPT', {
    found: `${path}: ${what}.`,
    todo: 'Remove the file and run again.',
    cause,
  });
}

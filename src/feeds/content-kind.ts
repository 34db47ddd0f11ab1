// Tells what a file holds from its first bytes.
import { inputFault } from './input-fault.ts';

export type ContentKind = 'csv' | 'json' | 'parquet' | 'arrow';

const FOREIGN: readonly (readonly [magic: string, what: string])[] = [
  ['FEA1', 'a Feather file of version 1, which pyarrow no longer writes'],
  ['\x89HDF', 'an HDF5 file'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive'],
  ['BZh', 'a bzip2 archive'],
  ['\xfd7zXZ', 'an xz archive'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['SQLite format 3', 'an SQLite database'],
  ['%PDF', 'a PDF document'],
  ['<', 'HTML or XML, perhaps the error page of a download'],
];

/** `head` is the start of the unpacked content. Errors: CANDLE_FILE_UNREADABLE. */
export function contentKind(file: string, head: Uint8Array): ContentKind {
  const text = Buffer.from(head).toString('latin1');
  const todo = 'Give CSV, freqtrade JSON, Parquet or Arrow, also as .gz or .zip.';
  if (text.length === 0) throw inputFault('CANDLE_FILE_UNREADABLE', file, undefined, 'the file is empty', todo);
  if (text.startsWith('PAR1')) return 'parquet';
  if (text.startsWith('ARROW1') || text.startsWith('\xff\xff\xff\xff')) return 'arrow';
  const bare = text.replace(/^\xef\xbb\xbf/, '').trimStart();
  // A header of another system may start with <DATE>, which is no markup.
  const markup = /^<(?:[!?]|html|head|body|error|xml|pre)/i.test(bare);
  const foreign = FOREIGN.find(([magic]) => (magic === '<' ? markup : text.startsWith(magic)));
  if (foreign !== undefined) throw inputFault('CANDLE_FILE_UNREADABLE', file, undefined, `this is ${foreign[1]}`, todo);
  return bare.startsWith('[') || bare.startsWith('{') ? 'json' : 'csv';
}

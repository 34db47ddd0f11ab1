// Opens a table file of a known kind. The Parquet and Arrow readers are loaded only when such a file comes.

import { inputFault } from './input-fault.ts';
import type { InputFile } from './input-file.ts';
import { readWhole } from './input-file.ts';
import type { RawTable } from './raw-table.ts';

/** Both readers hold the file in one buffer. */
const FILE_BYTES_MAX = 2 ** 31 - 1;

/** `bytesMax` also bounds what the columns unpack to. Errors: CANDLE_FILE_UNREADABLE, LIMIT_EXCEEDED. */
export async function openTable(input: InputFile, kind: 'parquet' | 'arrow', bytesMax: number): Promise<RawTable> {
  if (input.packed !== 'no') {
    const found = `${kind === 'parquet' ? 'Parquet' : 'Arrow'} inside ${input.packed}`;
    throw inputFault('CANDLE_FILE_UNREADABLE', input.path, undefined, found, 'Unpack it first.');
  }
  const bytes = await readWhole(input, Math.min(bytesMax, FILE_BYTES_MAX));
  if (kind === 'parquet') return (await import('./parquet-table.ts')).openParquet(input.path, bytes, bytesMax);
  return (await import('./arrow-table.ts')).openArrow(input.path, bytes, bytesMax);
}

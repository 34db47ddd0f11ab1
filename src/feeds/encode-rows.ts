// Writes flat records, such as the rows of a result, as CSV, JSON or Parquet in pieces, so that memory stays bounded.
import { cellText, quotedText } from './csv-cell.ts';

export type RowFormat = 'csv' | 'json' | 'parquet';
export type RowValue = string | number | boolean | null;
export type RowRecord = Readonly<Record<string, RowValue | undefined>>;

export interface RowColumn {
  readonly name: string;
  readonly type: 'number' | 'text' | 'boolean';
}

type Batches = Iterable<readonly RowRecord[]> | AsyncIterable<readonly RowRecord[]>;

/** Rows of one Parquet row group: the most that is held at a time. */
const GROUP_ROWS = 32_768;

/**
 * Yields the bytes of the file while batches of records come in. A column that a record lacks is empty (CSV), null
 * (Parquet) or left out (JSON); NaN counts as lacking, infinities are text in CSV and null in JSON. Members of a record
 * without a column are left out. Text cells of CSV are safe to open in a spreadsheet.
 */
export async function* encodeRows(
  batches: Batches,
  columns: readonly RowColumn[],
  format: RowFormat,
): AsyncGenerator<Uint8Array> {
  if (format === 'csv') yield* encodeCsv(batches, columns);
  else if (format === 'json') yield* encodeJson(batches, columns);
  else yield* encodeParquet(batches, columns);
}

/** The columns of records in order of first appearance; a column is text as soon as one value is. */
export function columnsOf(records: Iterable<RowRecord>): RowColumn[] {
  const types = new Map<string, RowColumn['type'] | undefined>();
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      const known = types.get(name);
      if (value === null || value === undefined) {
        if (!types.has(name)) types.set(name, undefined);
        continue;
      }
      const type = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text';
      types.set(name, known === undefined || known === type ? type : 'text');
    }
  }
  return [...types].map(([name, type]) => ({ name, type: type ?? 'number' }));
}

async function* encodeCsv(batches: Batches, columns: readonly RowColumn[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${columns.map(({ name }) => quotedText(name)).join(',')}\n`);
  for await (const batch of batches) {
    let text = '';
    for (const record of batch) text += `${columns.map(({ name }) => cellText(record[name])).join(',')}\n`;
    if (text !== '') yield Buffer.from(text);
  }
}

async function* encodeJson(batches: Batches, columns: readonly RowColumn[]): AsyncGenerator<Uint8Array> {
  const names = columns.map(({ name }) => name);
  let separator = '\n';
  yield Buffer.from('[');
  for await (const batch of batches) {
    let text = '';
    for (const record of batch) {
      // A null prototype keeps a column called __proto__ a plain member.
      const ordered: Record<string, RowValue | undefined> = Object.create(null);
      for (const name of names) if (!Number.isNaN(record[name])) ordered[name] = record[name];
      text += `${separator}${JSON.stringify(ordered)}`;
      separator = ',\n';
    }
    if (text !== '') yield Buffer.from(text);
  }
  yield Buffer.from('\n]\n');
}

const PARQUET_TYPES = { number: 'DOUBLE', text: 'STRING', boolean: 'BOOLEAN' } as const;

async function* encodeParquet(batches: Batches, columns: readonly RowColumn[]): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const described = columns.map(({ name, type }) => ({ name, type: PARQUET_TYPES[type], nullable: true }));
  const bytes = new ByteWriter();
  const schema = schemaFromColumnData({ columnData: described.map((column) => ({ ...column, data: [] })) });
  const file = new ParquetWriter({ writer: bytes, schema, createdBy: 'gridmill' });
  const drain = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    // `offset` keeps counting from the start of the file, `index` from the start of the buffer.
    bytes.index = 0;
    return piece;
  };
  let group: RowRecord[] = [];
  const writeGroup = async (): Promise<Uint8Array> => {
    const columnData = columns.map(({ name, type }) => ({
      name,
      data: group.map((record) => parquetValue(record[name], type)),
    }));
    await file.write({ columnData, rowGroupSize: GROUP_ROWS });
    group = [];
    return drain();
  };
  for await (const batch of batches) {
    for (const record of batch) {
      group.push(record);
      if (group.length === GROUP_ROWS) yield await writeGroup();
    }
  }
  if (group.length > 0) yield await writeGroup();
  await file.finish();
  yield drain();
}

function parquetValue(value: RowValue | undefined, type: RowColumn['type']): RowValue {
  if (value === null || value === undefined || Number.isNaN(value)) return null;
  if (type === 'text') return String(value);
  return typeof value === type ? value : null;
}

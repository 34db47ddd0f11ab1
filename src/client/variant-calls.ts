// Named variants: a ranked row kept under a name, with everything it takes to run it again.
import type { RowAnswer } from '../api/answer-schemas.ts';
import type { RemovedAnswer, TableAnswer, VariantAnswer, VariantsAnswer } from '../api/catalog-schemas.ts';
import type { VariantBody, VariantRunQuery, VariantsQuery, VariantTableQuery } from '../api/results-schemas.ts';
import type { AsFile, Table } from './result-calls.ts';
import type { CallOptions, Transport } from './transport.ts';

export interface VariantCalls {
  list(query?: VariantsQuery, call?: CallOptions): Promise<VariantsAnswer>;
  /** Keeps a row of a stored result under a name; the same row again is no change. */
  save(name: string, body: VariantBody, call?: CallOptions): Promise<VariantAnswer>;
  get(name: string, call?: CallOptions): Promise<VariantAnswer>;
  remove(name: string, call?: CallOptions): Promise<RemovedAnswer>;
  /** Runs it again, on the candles it was scored on or on those of now. */
  run(name: string, query?: VariantRunQuery, call?: CallOptions): Promise<RowAnswer>;
  /** Its trades, or its equity at each close, page by page. */
  table(name: string, of: Table, query?: Omit<VariantTableQuery, 'format'>, call?: CallOptions): Promise<TableAnswer>;
  /** All of them as the bytes of a file. */
  exportTable(
    name: string,
    of: Table,
    query: VariantTableQuery & AsFile,
    call?: CallOptions,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

export function variantCalls({ json, bytes }: Transport): VariantCalls {
  const path = (name: string, rest = ''): string => `/api/variants/${encodeURIComponent(name)}${rest}`;
  return {
    list: (query, call) => json('/api/variants', { ...call, query }),
    save: (name, body, call) => json(path(name), { ...call, method: 'PUT', body }),
    get: (name, call) => json(path(name), { ...call }),
    remove: (name, call) => json(path(name), { ...call, method: 'DELETE' }),
    run: (name, query, call) => json(path(name, '/run'), { ...call, query }),
    table: (name, of, query, call) => json(path(name, `/${of}`), { ...call, query }),
    exportTable: (name, of, query, call) => bytes(path(name, `/${of}`), { ...call, query }),
  };
}

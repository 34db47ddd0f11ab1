// Stored results: lists, ranked rows, one variant in full, files, reports.
import type { RowAnswer } from '../api/answer-schemas.ts';
import type {
  ComparisonAnswer,
  DeletedAnswer,
  ResultAnswer,
  ResultsAnswer,
  RowsAnswer,
  TableAnswer,
} from '../api/catalog-schemas.ts';
import type { CompareQuery, ResultsQuery, RowQuery, RowsQuery, TableQuery } from '../api/results-schemas.ts';
import type { CallOptions, Transport } from './transport.ts';

export type Table = 'trades' | 'equity';
export type AsFile = { readonly format: 'csv' | 'parquet' };

/** Ids are those of answers, their beginnings, or `latest`. */
export interface ResultCalls {
  list(query?: ResultsQuery, call?: CallOptions): Promise<ResultsAnswer>;
  get(id: string, call?: CallOptions): Promise<ResultAnswer>;
  rows(id: string, query?: Omit<RowsQuery, 'format'>, call?: CallOptions): Promise<RowsAnswer>;
  /** All or some rows as the bytes of a file. */
  export(id: string, query: RowsQuery & AsFile, call?: CallOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** A ranked row run again: its trades, and as asked its equity and candles. */
  row(id: string, rank: number, query?: RowQuery, call?: CallOptions): Promise<RowAnswer>;
  /** The trades of a ranked row, or its equity at each close, page by page. */
  table(
    id: string,
    rank: number,
    of: Table,
    query?: Omit<TableQuery, 'format'>,
    call?: CallOptions,
  ): Promise<TableAnswer>;
  /** All of them as the bytes of a file. */
  exportTable(
    id: string,
    rank: number,
    of: Table,
    query: TableQuery & AsFile,
    call?: CallOptions,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** Two results side by side: differing settings, best rows, agreement of their orders. */
  compare(query: CompareQuery, call?: CallOptions): Promise<ComparisonAnswer>;
  /** A page of HTML that needs nothing else. */
  report(id: string, call?: CallOptions): Promise<string>;
  delete(id: string, call?: CallOptions): Promise<DeletedAnswer>;
}

export function resultCalls({ json, bytes, whole }: Transport): ResultCalls {
  const path = (id: string, rest = ''): string => `/api/results/${encodeURIComponent(id)}${rest}`;
  return {
    list: (query, call) => json('/api/results', { ...call, query }),
    get: (id, call) => json(path(id), { ...call }),
    rows: (id, query, call) => json(path(id, '/rows'), { ...call, query }),
    export: (id, query, call) => bytes(path(id, '/rows'), { ...call, query }),
    table: (id, rank, of, query, call) => json(path(id, `/rows/${rank}/${of}`), { ...call, query }),
    exportTable: (id, rank, of, query, call) => bytes(path(id, `/rows/${rank}/${of}`), { ...call, query }),
    compare: (query, call) => json('/api/results/compare', { ...call, query }),
    row: (id, rank, query, call) => json(path(id, `/rows/${rank}`), { ...call, query }),
    report: (id, call) => whole(path(id, '/report'), { ...call }, (response) => response.text()),
    delete: (id, call) => json(path(id), { ...call, method: 'DELETE' }),
  };
}

// Stored results: lists, ranked rows, one variant in full, files, reports.
import type { RowAnswer } from '../api/answer-schemas.ts';
import type { DeletedAnswer, ResultAnswer, ResultsAnswer, RowsAnswer } from '../api/catalog-schemas.ts';
import type { ResultsQuery, RowQuery, RowsQuery } from '../api/results-schemas.ts';
import type { CallOptions, Transport } from './transport.ts';

/** Ids are those of answers, their beginnings, or `latest`. */
export interface ResultCalls {
  list(query?: ResultsQuery, call?: CallOptions): Promise<ResultsAnswer>;
  get(id: string, call?: CallOptions): Promise<ResultAnswer>;
  rows(id: string, query?: Omit<RowsQuery, 'format'>, call?: CallOptions): Promise<RowsAnswer>;
  /** All or some rows as the bytes of a file. */
  export(
    id: string,
    query: RowsQuery & { readonly format: 'csv' | 'parquet' },
    call?: CallOptions,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** A ranked row run again: its trades, and as asked its equity and candles. */
  row(id: string, rank: number, query?: RowQuery, call?: CallOptions): Promise<RowAnswer>;
  /** A page of HTML that needs nothing else. */
  report(id: string, call?: CallOptions): Promise<string>;
  delete(id: string, call?: CallOptions): Promise<DeletedAnswer>;
}

export function resultCalls({ json, whole }: Transport): ResultCalls {
  const path = (id: string, rest = ''): string => `/api/results/${encodeURIComponent(id)}${rest}`;
  return {
    list: (query, call) => json('/api/results', { ...call, query }),
    get: (id, call) => json(path(id), { ...call }),
    rows: (id, query, call) => json(path(id, '/rows'), { ...call, query }),
    export: (id, query, call) =>
      whole(path(id, '/rows'), { ...call, query }, async (response) => new Uint8Array(await response.arrayBuffer())),
    row: (id, rank, query, call) => json(path(id, `/rows/${rank}`), { ...call, query }),
    report: (id, call) => whole(path(id, '/report'), { ...call }, (response) => response.text()),
    delete: (id, call) => json(path(id), { ...call, method: 'DELETE' }),
  };
}

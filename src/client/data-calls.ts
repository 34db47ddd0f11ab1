// Stored candles: listed, checked, imported from a file, downloaded from an exchange.
import type { CheckAnswer, DataAnswer, FetchAnswer, ImportAnswer, RemovedAnswer } from '../api/catalog-schemas.ts';
import type { DataKeyParams, FetchBody, ImportQuery } from '../api/schemas.ts';
import type { CallOptions, RequestBytes, Transport } from './transport.ts';

/** Bytes that are there, or that come one after another, such as those of `createReadStream` in Node. */
export type FileBytes = Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export interface DataCalls {
  list(call?: CallOptions): Promise<DataAnswer>;
  /** Checksums, content hash and every kind of defect. */
  check(key: DataKeyParams, call?: CallOptions): Promise<CheckAnswer>;
  /** A CSV, freqtrade JSON, Parquet, Arrow or Feather file, packed or not. A stream is never whole in memory here. */
  import(file: FileBytes, query: ImportQuery, call?: CallOptions): Promise<ImportAnswer>;
  fetch(body: FetchBody, call?: CallOptions): Promise<FetchAnswer>;
  remove(key: DataKeyParams, call?: CallOptions): Promise<RemovedAnswer>;
}

const UPLOAD = { 'content-type': 'application/octet-stream' };

export function dataCalls({ json }: Transport): DataCalls {
  return {
    list: (call) => json('/api/data', { ...call }),
    check: (key, call) => json(`${pathOf(key)}/check`, { ...call }),
    remove: (key, call) => json(pathOf(key), { ...call, method: 'DELETE' }),
    import: (file, query, call) =>
      json('/api/data/import', { ...call, method: 'POST', query, bytes: bodyOf(file), headers: UPLOAD }),
    fetch: (body, call) => json('/api/data/fetch', { ...call, method: 'POST', body }),
  };
}

const pathOf = ({ exchange, symbol, timeframe }: DataKeyParams): string =>
  `/api/data/${[exchange, symbol, timeframe].map(encodeURIComponent).join('/')}`;

function bodyOf(file: FileBytes): RequestBytes {
  if (file instanceof Uint8Array || file instanceof Blob || file instanceof ReadableStream) return file;
  const pieces = file[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}

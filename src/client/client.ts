// A client of the service: its routes as typed methods over fetch.
import type { ResultsQuery, RowQuery, RowsQuery } from '../api/results-schemas.ts';
import type { BacktestBody, DataKeyParams, FetchBody, ImportQuery, Problem } from '../api/schemas.ts';
import type { EstimateAnswer, FetchAnswer, ImportAnswer, RowAnswer, RunAnswer, SweepAnswer } from '../compute/task.ts';

export interface ClientOptions {
  /** Where the service answers, such as http://127.0.0.1:8080. */
  readonly url: string;
  readonly token?: string;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  /** Aborting gives up the request; the service then stops computing for it. */
  readonly signal?: AbortSignal;
}

/** An answer that is no success. `code` is one of the error table, or a circumstance of HTTP. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly problem: Problem['error'];
  /** Of a sweep cut short by its deadline: the result over what was scored until then. */
  readonly partial: unknown;
  /** Milliseconds after which the service wants to be asked again, where it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, { error, partial }: Problem, retryAfterMs?: number) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.retryable = error.retryable;
    this.problem = error;
    this.partial = partial;
    this.retryAfterMs = retryAfterMs;
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type Json = Record<string, unknown>;
type BodyOfSweep = BacktestBody & { readonly kind?: 'sweep' };
type BodyOfRun = BacktestBody & { readonly kind: 'run' };

export interface Client {
  health(call?: CallOptions): Promise<{ readonly status: string; readonly version: string }>;
  strategies(call?: CallOptions): Promise<Json[]>;
  profiles(call?: CallOptions): Promise<Json[]>;
  metrics(call?: CallOptions): Promise<Json[]>;
  sweep(body: BodyOfSweep, call?: CallOptions): Promise<SweepAnswer>;
  run(body: Omit<BodyOfRun, 'kind'>, call?: CallOptions): Promise<RunAnswer>;
  estimate(body: BacktestBody, call?: CallOptions): Promise<EstimateAnswer>;
  results(query?: ResultsQuery, call?: CallOptions): Promise<{ readonly total: number; readonly results: Json[] }>;
  result(id: string, call?: CallOptions): Promise<{ readonly resultId: string; readonly record: Json }>;
  rows(
    id: string,
    query?: Omit<RowsQuery, 'format'>,
    call?: CallOptions,
  ): Promise<{ readonly total: number; readonly rows: Json[] }>;
  /** The bytes of all or some rows as a file. */
  rowsFile(
    id: string,
    query: RowsQuery & { readonly format: 'csv' | 'parquet' },
    call?: CallOptions,
  ): Promise<Uint8Array>;
  row(id: string, rank: number, query?: RowQuery, call?: CallOptions): Promise<RowAnswer>;
  report(id: string, call?: CallOptions): Promise<string>;
  deleteResult(id: string, call?: CallOptions): Promise<Json>;
  data(call?: CallOptions): Promise<Json[]>;
  checkData(key: DataKeyParams, call?: CallOptions): Promise<Json>;
  importData(
    file: Uint8Array<ArrayBuffer>,
    query: ImportQuery,
    call?: CallOptions,
  ): Promise<Pick<ImportAnswer, 'imported'>>;
  fetchData(body: FetchBody, call?: CallOptions): Promise<FetchAnswer['fetched']>;
  openapi(call?: CallOptions): Promise<Json>;
}

/** Every method throws ServiceError for an answer that is no success, and what fetch throws when there is none. */
export function createClient({ url, token, fetch: ask = fetch }: ClientOptions): Client {
  const send = async (method: string, path: string, init: RequestInit = {}, query: Query = {}): Promise<Response> => {
    const target = new URL(path, url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.searchParams.set(name, String(value));
    }
    const headers = {
      ...(init.headers as object),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const response = await ask(target, { ...init, method, headers });
    if (response.ok) return response;
    throw await refusal(response);
  };
  const json = async <T>(answer: Promise<Response>): Promise<T> => (await (await answer).json()) as T;
  const get = <T>(path: string, call: CallOptions = {}, query?: Query): Promise<T> =>
    json<T>(send('GET', path, { ...call }, query));
  const post = <T>(path: string, body: unknown, call: CallOptions = {}): Promise<T> =>
    json<T>(
      send('POST', path, { ...call, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    );
  const resultPath = (id: string, rest = ''): string => `/api/results/${encodeURIComponent(id)}${rest}`;
  return {
    health: (call) => get('/healthz', call),
    strategies: (call) => get('/api/strategies', call),
    profiles: (call) => get('/api/profiles', call),
    metrics: (call) => get('/api/metrics', call),
    sweep: (body, call) => post('/api/backtests', body, call),
    run: (body, call) => post('/api/backtests', { ...body, kind: 'run' }, call),
    estimate: (body, call) => post('/api/backtests/estimate', body, call),
    results: (query, call) => get('/api/results', call, query),
    result: (id, call) => get(resultPath(id), call),
    rows: (id, query, call) => get(resultPath(id, '/rows'), call, query),
    async rowsFile(id, query, call = {}) {
      return new Uint8Array(await (await send('GET', resultPath(id, '/rows'), { ...call }, query)).arrayBuffer());
    },
    row: (id, rank, query, call) => get(resultPath(id, `/rows/${rank}`), call, query),
    report: async (id, call = {}) => (await send('GET', resultPath(id, '/report'), { ...call })).text(),
    deleteResult: (id, call = {}) => json(send('DELETE', resultPath(id), { ...call })),
    data: (call) => get('/api/data', call),
    checkData: ({ exchange, symbol, timeframe }, call) =>
      get(`/api/data/${[exchange, symbol, timeframe].map(encodeURIComponent).join('/')}/check`, call),
    importData: (file, query, call = {}) =>
      json(
        send(
          'POST',
          '/api/data/import',
          { ...call, body: file, headers: { 'content-type': 'application/octet-stream' } },
          query,
        ),
      ),
    fetchData: (body, call) => post('/api/data/fetch', body, call),
    openapi: (call) => get('/api/openapi.json', call),
  };
}

/** Proxies between here and the service may answer in shapes of their own. */
async function refusal(response: Response): Promise<ServiceError> {
  const text = await response.text();
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  let problem: Problem | undefined;
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    problem = undefined;
  }
  const unknown = { code: 'HTTP_ERROR', message: `HTTP ${response.status}.`, retryable: false, requestId: 'none' };
  return new ServiceError(response.status, problem?.error === undefined ? { error: unknown } : problem, retryAfterMs);
}

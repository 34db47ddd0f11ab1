// A client of the service: its routes as typed methods over fetch, in Node and in browsers.
import type {
  EstimateAnswer,
  HandedOver,
  HealthAnswer,
  ReadyAnswer,
  RunAnswer,
  SweepAnswer,
} from '../api/answer-schemas.ts';
import type {
  MetricsAnswer,
  ProfilesAnswer,
  StrategiesAnswer,
  StudiesAnswer,
  StudyAnswer,
} from '../api/catalog-schemas.ts';
import type { BacktestBody } from '../api/schemas.ts';
import { type DataCalls, dataCalls } from './data-calls.ts';
import { type JobCalls, jobCalls } from './job-calls.ts';
import { type PoolCalls, poolCalls } from './pool-calls.ts';
import { type ResultCalls, resultCalls } from './result-calls.ts';
import { type CallOptions, type ClientOptions, createTransport } from './transport.ts';
import { type VariantCalls, variantCalls } from './variant-calls.ts';

export type {
  EstimateAnswer,
  HandedOver,
  JobAnswer,
  JobEventData,
  JobListAnswer,
  JobResultAnswer,
  RowAnswer,
  RunAnswer,
  SweepAnswer,
} from '../api/answer-schemas.ts';
export type * from '../api/catalog-schemas.ts';
export type * from '../api/results-schemas.ts';
export type { BacktestBody, JobBody, JobsQuery, Problem } from '../api/schemas.ts';
export type { TurboBody } from '../api/turbo-schemas.ts';
export type { CollectAnswer, PoolAnswer, RefreshAnswer, TurboAnswer, TurboLine } from '../api/warm-schemas.ts';
export type { DataCalls, FileBytes } from './data-calls.ts';
export type { FollowOptions, JobEvent } from './follow-job.ts';
export { type ClientCode, GridmillError } from './gridmill-error.ts';
export type { JobCalls } from './job-calls.ts';
export type { PoolCalls } from './pool-calls.ts';
export type { ResultCalls } from './result-calls.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
export type { VariantCalls } from './variant-calls.ts';

export type SweepBody = Omit<BacktestBody, 'kind'>;

export interface StudyCalls {
  list(query?: { readonly offset?: number; readonly limit?: number }, call?: CallOptions): Promise<StudiesAnswer>;
  get(name: string, call?: CallOptions): Promise<StudyAnswer>;
}

export interface Client {
  /** Waits for a sweep. Errors: DEADLINE, whose `partial` is the result over what was scored by then. */
  sweep(body: SweepBody, call?: CallOptions): Promise<SweepAnswer>;
  /** The same; at its deadline the sweep goes on as a job. */
  sweepOrJob(body: SweepBody, call?: CallOptions): Promise<SweepAnswer | HandedOver>;
  /** Waits for the back-test of one variant. */
  run(body: SweepBody, call?: CallOptions): Promise<RunAnswer>;
  /** What a sweep would take, and which guards would fire. */
  estimate(body: BacktestBody, call?: CallOptions): Promise<EstimateAnswer>;
  readonly jobs: JobCalls;
  readonly results: ResultCalls;
  readonly variants: VariantCalls;
  readonly data: DataCalls;
  readonly studies: StudyCalls;
  readonly pool: PoolCalls;
  strategies(call?: CallOptions): Promise<StrategiesAnswer>;
  profiles(call?: CallOptions): Promise<ProfilesAnswer>;
  metrics(call?: CallOptions): Promise<MetricsAnswer>;
  health(call?: CallOptions): Promise<HealthAnswer>;
  /** Errors: HTTP_ERROR with status 503 where it is not ready. */
  ready(call?: CallOptions): Promise<ReadyAnswer>;
  /** Measures as Prometheus reads them. */
  measures(call?: CallOptions): Promise<string>;
  /** The document that describes every route. */
  openapi(call?: CallOptions): Promise<Record<string, unknown>>;
}

/**
 * Every method fails with a GridmillError for an answer that is no success, and for none; an aborted one with the reason of
 * its signal. Requests that only read, and submissions with an idempotency key, are sent again when the service cannot be
 * reached or has no room.
 */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);
  const { json, whole } = transport;
  const post = <T>(path: string, body: unknown, call?: CallOptions): Promise<T> =>
    json(path, { ...call, method: 'POST', body });
  return {
    sweep: (body, call) => post('/api/backtests', { ...body, kind: 'sweep' }, call),
    sweepOrJob: (body, call) =>
      json('/api/backtests', {
        ...call,
        method: 'POST',
        body: { ...body, kind: 'sweep' },
        query: { handover: 'job' },
      }),
    run: (body, call) => post('/api/backtests', { ...body, kind: 'run' }, call),
    estimate: (body, call) => post('/api/backtests/estimate', body, call),
    jobs: jobCalls(transport),
    results: resultCalls(transport),
    variants: variantCalls(transport),
    data: dataCalls(transport),
    studies: {
      list: (query, call) => json('/api/studies', { ...call, query }),
      get: (name, call) => json(`/api/studies/${encodeURIComponent(name)}`, { ...call }),
    },
    pool: poolCalls(transport),
    strategies: (call) => json('/api/strategies', { ...call }),
    profiles: (call) => json('/api/profiles', { ...call }),
    metrics: (call) => json('/api/metrics', { ...call }),
    health: (call) => json('/healthz', { ...call }),
    ready: (call) => json('/readyz', { ...call }),
    measures: (call) => whole('/metrics', { ...call }, (response) => response.text()),
    openapi: (call) => json('/api/openapi.json', { ...call }),
  };
}

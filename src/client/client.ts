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
  StoredStrategyFile,
  StrategiesAnswer,
  StrategyAnswer,
} from '../api/catalog-schemas.ts';
import type { BacktestBody } from '../api/schemas.ts';
import { type DataCalls, dataCalls } from './data-calls.ts';
import { type JobCalls, jobCalls } from './job-calls.ts';
import { type PoolCalls, poolCalls } from './pool-calls.ts';
import { type ResultCalls, resultCalls } from './result-calls.ts';
import { type StudyCalls, studyCalls } from './study-calls.ts';
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
  StudyResult,
  SweepAnswer,
} from '../api/answer-schemas.ts';
export type * from '../api/catalog-schemas.ts';
export type * from '../api/results-schemas.ts';
export type { BacktestBody, JobBody, JobsQuery, Problem } from '../api/schemas.ts';
export type { ResumeBody, StudyBody } from '../api/study-schemas.ts';
export type { TurboBody } from '../api/turbo-schemas.ts';
export type { CollectAnswer, PoolAnswer, RefreshAnswer, TurboAnswer, TurboLine } from '../api/warm-schemas.ts';
export type { DataCalls, FileBytes } from './data-calls.ts';
export type { FollowOptions, JobEvent } from './follow-job.ts';
export { type ClientCode, GridmillError } from './gridmill-error.ts';
export type { JobCalls } from './job-calls.ts';
export type { PoolCalls } from './pool-calls.ts';
export type { ResultCalls } from './result-calls.ts';
export type { StudyCalls } from './study-calls.ts';
export type { CallOptions, ClientOptions } from './transport.ts';
export type { VariantCalls } from './variant-calls.ts';

export type SweepBody = Omit<BacktestBody, 'kind'>;

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
  /** Kind, parameters, search space and profiles of one; a file is loaded to be asked. */
  strategy(name: string, call?: CallOptions): Promise<StrategyAnswer>;
  /** Puts a file into the strategies folder, where the service takes any. */
  sendStrategy(
    file: Uint8Array<ArrayBuffer>,
    query: { readonly name: string; readonly replace?: boolean },
    call?: CallOptions,
  ): Promise<StoredStrategyFile>;
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
    studies: studyCalls(transport),
    pool: poolCalls(transport),
    strategies: (call) => json('/api/strategies', { ...call }),
    strategy: (name, call) => json(`/api/strategies/${encodeURIComponent(name)}`, { ...call }),
    sendStrategy: (file, query, call) =>
      json('/api/strategies', {
        ...{ ...call, method: 'POST', query, bytes: file },
        headers: { 'content-type': 'application/octet-stream' },
        isRepeatable: query.replace === true,
      }),
    profiles: (call) => json('/api/profiles', { ...call }),
    metrics: (call) => json('/api/metrics', { ...call }),
    health: (call) => json('/healthz', { ...call }),
    ready: (call) => json('/readyz', { ...call }),
    measures: (call) => whole('/metrics', { ...call }, (response) => response.text()),
    openapi: (call) => json('/api/openapi.json', { ...call }),
  };
}

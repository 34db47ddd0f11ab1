// The shapes of requests and answers: one definition each for validation, types and the OpenAPI document.
import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';
import { ERRORS } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

const object = <P extends Record<string, TSchema>>(properties: P, options: { description?: string } = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options });

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);
const share = (description: string) => Type.Number({ minimum: 0, exclusiveMaximum: 1, description });

/** A value, a list of them, or a range as the command line writes it. */
export const AXIS = Type.Union(
  [
    Type.Number(),
    Type.Unsafe<readonly number[]>(Type.Array(Type.Number(), { minItems: 1, maxItems: 1000 })),
    Type.String({ minLength: 1, maxLength: 1024 }),
  ],
  { description: 'One value, a list, or a text: "5..50:5" or "5,8,13".' },
);
export type AxisInput = Static<typeof AXIS>;

const DATA_KEY = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[1-9][0-9]{0,3}[smhdw])?$';
export const NAME = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';

const Execution = object({
  profile: optional(Type.String({ minLength: 1, maxLength: 64 })),
  direction: optional(Type.Union([Type.Literal('long'), Type.Literal('short'), Type.Literal('both')])),
  cash: optional(Type.Number({ exclusiveMinimum: 0 })),
  fee: optional(share('Share of notional per fill: 0.001 is 0.1 %.')),
  fixedFee: optional(Type.Number({ minimum: 0 })),
  slippage: optional(share('Adverse move of the fill price.')),
  sizing: optional(
    Type.Union([Type.Literal('equity-fraction'), Type.Literal('fixed-notional'), Type.Literal('fixed-units')]),
  ),
  size: optional(Type.Number({ exclusiveMinimum: 0 })),
  sizeStep: optional(Type.Number({ minimum: 0 })),
  minSize: optional(Type.Number({ minimum: 0 })),
  minNotional: optional(Type.Number({ minimum: 0 })),
  closeAtEnd: optional(Type.Boolean()),
  calendar: optional(Type.Union([Type.Literal('continuous'), Type.Literal('equity-sessions')])),
});

/** Of routes that read nothing from their query: whatever it has is refused. */
export const EMPTY_QUERY = object({});

export const BacktestBody = object({
  kind: optional(Type.Union([Type.Literal('sweep'), Type.Literal('run')])),
  strategy: Type.String({ pattern: NAME, description: 'A built-in strategy, or a file of the strategies folder.' }),
  data: Type.String({
    pattern: DATA_KEY,
    description: 'Stored candles: exchange/symbol or exchange/symbol/timeframe.',
  }),
  timeframe: optional(Type.String({ pattern: '^[1-9][0-9]{0,3}[smhdw]$' })),
  from: optional(Type.String({ maxLength: 40 })),
  to: optional(Type.String({ maxLength: 40 })),
  coldStart: optional(Type.Boolean()),
  parameters: optional(Type.Record(Type.String({ pattern: '^[a-zA-Z][a-zA-Z0-9_.]{0,63}$' }), AXIS)),
  risk: optional(
    object({
      stopLoss: optional(AXIS),
      takeProfit: optional(AXIS),
      trailingStop: optional(AXIS),
      timeLimit: optional(AXIS),
    }),
  ),
  execution: optional(Execution),
  rank: optional(Type.String({ maxLength: 256, description: 'A metric, or several separated by commas.' })),
  where: optional(
    Type.String({ maxLength: 1024, description: 'Conditions on metrics: "trades>=30, maxDrawdown<=30%".' }),
  ),
  top: optional(Type.Integer({ minimum: 1, maximum: LIMITS.topMax })),
  preselect: optional(Type.Integer({ minimum: 0, maximum: LIMITS.preselectMax })),
  sample: optional(Type.Integer({ minimum: 1, maximum: LIMITS.gridPointsMax })),
  seed: optional(Type.Integer({ minimum: 0 })),
  offset: optional(Type.Integer({ minimum: 0 })),
  limit: optional(Type.Integer({ minimum: 1 })),
  equity: optional(Type.Boolean({ description: 'Of a run: answer the equity at each close too.' })),
  save: optional(Type.Boolean({ description: 'Whether the result goes to the result store; default true.' })),
  maxThreads: optional(Type.Integer({ minimum: 1, maximum: LIMITS.workersMax })),
  memoryBytes: optional(Type.Integer({ minimum: 1 })),
  deadlineSeconds: optional(Type.Number({ exclusiveMinimum: 0, maximum: 86_400 })),
});
export type BacktestBody = Static<typeof BacktestBody>;

export const JobBudget = object({
  variantsMax: optional(Type.Integer({ minimum: 1 })),
  bytesMax: optional(Type.Integer({ minimum: 1 })),
  threadsMax: optional(Type.Integer({ minimum: 1, maximum: LIMITS.workersMax })),
});

const IDEMPOTENCY_KEY = Type.String({
  pattern: '^[!-~]{1,128}$',
  description: 'The same key with the same request is the same job.',
});

/** A back-test and what its job may take. */
export const JobBody = object({
  ...BacktestBody.properties,
  deadlineSeconds: optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: LIMITS.jobDeadlineMsMax / 1000,
      description: 'Running time over all attempts.',
    }),
  ),
  idempotencyKey: optional(IDEMPOTENCY_KEY),
  priority: optional(Type.Integer({ minimum: -100, maximum: 100, description: 'Higher goes first; default 0.' })),
  budget: optional(JobBudget),
  shards: optional(
    Type.Integer({
      minimum: 1,
      maximum: LIMITS.shardsMax,
      description: 'Shards that the sweep is cut into; by what it is predicted to take when left out.',
    }),
  ),
});
export type JobBody = Static<typeof JobBody>;

/** Requests bring further headers. */
const headers = <P extends Record<string, TSchema>>(properties: P) => Type.Object(properties);
export const JobHeaders = headers({ 'idempotency-key': optional(IDEMPOTENCY_KEY) });
export type JobHeaders = Static<typeof JobHeaders>;
export const EventHeaders = headers({ 'last-event-id': optional(Type.String({ maxLength: 64 })) });
export type EventHeaders = Static<typeof EventHeaders>;

export const JobParams = object({ id: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$' }) });
export type JobParams = Static<typeof JobParams>;
export const JobState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
]);
export const JobsQuery = object({
  state: optional(JobState),
  kind: optional(Type.Union([Type.Literal('sweep'), Type.Literal('run'), Type.Literal('study')])),
  before: optional(Type.Integer({ minimum: 0, description: '`next` of the page before.' })),
  limit: optional(Type.Integer({ minimum: 1, maximum: LIMITS.jobPageMax })),
});
export type JobsQuery = Static<typeof JobsQuery>;

export const ShardsQuery = object({
  state: optional(JobState),
  before: JobsQuery.properties.before,
  limit: JobsQuery.properties.limit,
});
export type ShardsQuery = Static<typeof ShardsQuery>;

export const BacktestQuery = object({
  handover: optional(
    Type.Literal('job', { description: 'At the deadline the sweep goes on as a job; the answer is 202 with both.' }),
  ),
});
export type BacktestQuery = Static<typeof BacktestQuery>;

/** Every answer that is no success. */
export const Problem = object({
  error: object({
    code: Type.String({ description: `One of ${Object.keys(ERRORS).join(', ')}, or an HTTP circumstance.` }),
    message: Type.String(),
    rule: optional(Type.String()),
    found: optional(Type.String()),
    todo: optional(Type.String()),
    retryable: Type.Boolean(),
    requestId: Type.String(),
  }),
  partial: optional(Type.Unknown({ description: 'Of a sweep cut short: the result over what was scored until then.' })),
});
export type Problem = Static<typeof Problem>;

/** An object whose members the guides list. */
export const AnyJson = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true });

/** A file, a page, or JSON that the guides describe. */
export const AnyAnswer = Type.Unsafe<unknown>({ description: 'A file, a page, or JSON.' });

const Exchange = Type.String({ pattern: '^[a-z][a-z0-9_-]{0,31}$' });
const Timeframe = Type.String({ pattern: '^[1-9][0-9]{0,3}[smhdw]$' });

export const DataKeyParams = object({
  exchange: Type.String({ pattern: NAME }),
  symbol: Type.String({ pattern: NAME }),
  timeframe: Timeframe,
});
export type DataKeyParams = Static<typeof DataKeyParams>;

export const ImportQuery = object({
  name: Type.String({ pattern: NAME, description: 'Name of the file; tells exchange, symbol and timeframe.' }),
  exchange: optional(Type.String({ pattern: NAME })),
  symbol: optional(Type.String({ pattern: NAME })),
  timeframe: optional(Timeframe),
  gaps: optional(Type.Union([Type.Literal('reject'), Type.Literal('keep')])),
  append: optional(Type.Boolean({ description: 'Join with what is stored under the key.' })),
  replace: optional(Type.Boolean({ description: 'Replace candles even when they came from another source.' })),
});
export type ImportQuery = Static<typeof ImportQuery>;

export const FetchBody = object({
  exchange: Exchange,
  symbol: Type.String({ pattern: '^[A-Z0-9]{1,24}(/[A-Z0-9]{1,16}(:[A-Z0-9]{1,16})?)?$' }),
  market: optional(Type.Union([Type.Literal('spot'), Type.Literal('usdm')])),
  timeframe: Timeframe,
  from: Type.String({ maxLength: 40 }),
  to: optional(Type.String({ maxLength: 40 })),
});
export type FetchBody = Static<typeof FetchBody>;

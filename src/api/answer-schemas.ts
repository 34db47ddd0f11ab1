// The shapes of answers about back-tests and jobs: types of the client, and what the OpenAPI document promises.
import type { Static, TSchema } from 'typebox';
import * as Type from 'typebox';
import type { EstimateAnswer as Estimated, StudyAnswer as StudyDone } from '../compute/task.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import type { RankedRowJson, ResultRecord } from '../runs/result-record.ts';
import type { TradeJson } from '../runs/single-run.ts';
import { JobBudget, JobState } from './schemas.ts';

/** Answers are written as they are: a schema describes them, and the tests hold them against it. */
export const answer = <P extends Record<string, TSchema>>(properties: P, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description === undefined ? {} : { description }) });

/** A schema whose static type is one that the engine has already. */
export const typed = <T>(schema: TSchema) => Type.Unsafe<T>(schema as object);
export const listOf = <S extends TSchema>(items: S) => Type.Unsafe<readonly Static<S>[]>(Type.Array(items) as object);
/** An object whose members the guides list. */
export const open = <T = Readonly<Record<string, unknown>>>(description: string) =>
  Type.Unsafe<T>({ type: 'object', additionalProperties: true, description });
export const orNull = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);
const optional = <S extends TSchema>(schema: S) => Type.Optional(schema);
const literals = <T extends string>(...values: readonly T[]) => Type.Unsafe<T>({ type: 'string', enum: values });
const Time = Type.String({ description: 'ISO 8601 UTC.' });
export const Hash = Type.String({ description: 'SHA-256.' });
const Count = Type.Integer({ minimum: 0 });

export const MetricsOf = typed<Metrics>(
  answer(Object.fromEntries(METRIC_NAMES.map((name) => [name, orNull(Type.Number())])), 'Fractions are plain numbers.'),
);

const row = {
  variantKey: Type.String(),
  indicatorVariantKey: Type.String(),
  params: Type.Record(Type.String(), Type.Number()),
  risk: open<RankedRowJson['risk']>('Barriers that are on.'),
  totalReturnPct: orNull(Type.Number()),
  metrics: MetricsOf,
};
export const RankedRow = answer({ rank: Type.Integer({ minimum: 1 }), ...row });

const Partial = orNull(literals('deadline', 'cancelled'));
type Members<K extends keyof ResultRecord> = NonNullable<ResultRecord[K]>;

/** A ResultRecord without the rows of its heatmap. */
export const RecordAnswer = answer({
  kind: Type.Literal('gridmill-sweep'),
  engineVersion: Type.String(),
  createdAt: Time,
  dataHash: Hash,
  profile: Type.String(),
  assumption: Type.String({ description: 'When and at what price a signal fills.' }),
  strategy: open<Members<'strategy'>>('Name, description, hash, and of a file its source.'),
  data: open<Members<'data'>>('Candles: origin, window, timeframe, what was found in them.'),
  execution: open<Members<'execution'>>('Profile, direction, cash, costs, sizing.'),
  grid: open<Members<'grid'>>('Axes as they were scored.'),
  rankedBy: Type.String(),
  alsoRankedBy: listOf(Type.String()),
  bars: Count,
  variants: Count,
  scored: Count,
  preselect: Count,
  partial: Partial,
  elapsedMs: Type.Number(),
  loadMs: Type.Number(),
  downloadMs: orNull(Type.Number()),
  resultHash: Hash,
  plan: open<Members<'plan'>>('Bytes and seconds, predicted and actual; threads and columns.'),
  engine: optional(open<Members<'engine'>>('Who scored.')),
  top: listOf(RankedRow),
  study: optional(open<Members<'study'>>('The study it came from.')),
});

const answered = {
  cached: optional(Type.Literal(true, { description: 'Answered from memory.' })),
};
const sweep = {
  kind: Type.Literal('sweep'),
  resultId: orNull(Type.String({ description: 'In the result store; null when it was not saved.' })),
  record: RecordAnswer,
  notes: listOf(Type.String()),
};
export const SweepAnswer = answer({ ...sweep, ...answered });
export type SweepAnswer = Static<typeof SweepAnswer>;

const Trade = typed<TradeJson>(
  answer({
    side: literals('long', 'short'),
    ...{ entryBar: Count, entryTime: Time, entryPrice: Type.Number() },
    ...{ exitBar: Count, exitTime: Time, exitPrice: Type.Number() },
    ...{ size: Type.Number(), fees: Type.Number(), pnl: Type.Number(), return: orNull(Type.Number()) },
    exitReason: Type.String(),
    tag: optional(Type.String()),
  }),
);

/** What `gridmill run --json` prints, for any strategy. */
export const Run = answer({
  engineVersion: Type.String(),
  dataHash: Hash,
  profile: Type.String(),
  assumption: Type.String(),
  bars: Count,
  elapsedMs: Type.Number(),
  strategy: orNull(Type.String()),
  strategyHash: orNull(Type.String()),
  execution: open<Members<'execution'>>('Profile, direction, cash, costs, sizing.'),
  data: open<Members<'data'>>('Candles: origin, window, timeframe, what was found in them.'),
  ...row,
  profileMetrics: optional(open("The profile's own metric set.")),
  ruined: Type.Boolean(),
  trades: listOf(Trade),
  equity: optional(listOf(Type.Number())),
});
const run = { kind: Type.Literal('run'), run: Run };
export const RunAnswer = answer({ ...run, ...answered });
export type RunAnswer = Static<typeof RunAnswer>;

/** Of `POST /api/backtests`. */
export const BacktestAnswer = Type.Union([SweepAnswer, RunAnswer]);
export type BacktestAnswer = Static<typeof BacktestAnswer>;

const Guard = answer({
  guard: literals('variants', 'bytes'),
  asked: Count,
  limit: Count,
  fires: Type.Boolean(),
});
export const EstimateAnswer = answer({
  kind: Type.Literal('estimate'),
  estimate: open<Estimated['estimate']>(
    'Variants, bytes by part, seconds, engine and threads that the sweep would take.',
  ),
  guards: listOf(Guard),
  similar: open<Estimated['similar']>('What sweeps like it took, against what was predicted for them.'),
});
export type EstimateAnswer = Static<typeof EstimateAnswer>;

const Numbers = listOf(Type.Number());
const Candles = answer({ time: Numbers, open: Numbers, high: Numbers, low: Numbers, close: Numbers, volume: Numbers });
export const RowAnswer = answer({
  kind: Type.Literal('row'),
  run: Run,
  candlesFrom: optional(Count),
  candles: optional(Candles),
});
export type RowAnswer = Static<typeof RowAnswer>;

const Fault = answer({ code: Type.String(), rule: Type.String(), found: Type.String(), todo: Type.String() });
const progress = {
  stage: orNull(literals('A', 'B', 'trials')),
  scored: Count,
  total: orNull(Count),
  best: orNull(Type.Number({ description: 'In whatever the job ranks by.' })),
};

const ofShards = { queued: Count, running: Count, done: Count, failed: Count, cancelled: Count };

export const JobAnswer = answer({
  id: Type.String(),
  kind: Type.String(),
  state: JobState,
  priority: Type.Integer(),
  attempts: Count,
  attemptsMax: Count,
  cancelRequested: Type.Boolean(),
  idempotencyKey: orNull(Type.String()),
  deadlineSeconds: orNull(Type.Number()),
  budget: JobBudget,
  user: Type.String(),
  request: open('What was submitted.'),
  partialResultId: orNull(Type.String()),
  progress: answer(progress),
  shards: orNull(answer({ count: Count, ...ofShards })),
  error: orNull(Fault),
  createdAt: orNull(Time),
  startedAt: orNull(Time),
  endedAt: orNull(Time),
  spentSeconds: Type.Number({ description: 'Running time over all attempts.' }),
});
export type JobAnswer = Static<typeof JobAnswer>;
export const JobListAnswer = answer({ jobs: listOf(JobAnswer), next: orNull(Count) });
export type JobListAnswer = Static<typeof JobListAnswer>;

/** One part of a job that was cut. */
export const ShardAnswer = answer({
  shard: orNull(Count),
  state: JobState,
  attempts: Count,
  stage: literals('A', 'B'),
  from: Count,
  to: Count,
  scored: Count,
  variants: orNull(Count),
  error: orNull(Fault),
  startedAt: orNull(Time),
  endedAt: orNull(Time),
  spentSeconds: Type.Number(),
});
export type ShardAnswer = Static<typeof ShardAnswer>;
export const ShardListAnswer = answer({ shards: listOf(ShardAnswer), next: orNull(Count) });
export type ShardListAnswer = Static<typeof ShardListAnswer>;

const ofJob = { jobId: Type.String() };
/** What a study has come to. */
export const StudyResult = answer({
  kind: Type.Literal('study'),
  study: Type.String({ description: 'Its name.' }),
  record: open<StudyDone['record']>('As of a sweep; `study` says what is particular to one.'),
  resultId: orNull(Type.String()),
  notes: listOf(Type.String()),
});
export type StudyResult = Static<typeof StudyResult>;
export const JobResultAnswer = Type.Union([
  answer({ ...ofJob, ...sweep }),
  answer({ ...ofJob, ...run }),
  answer({ ...ofJob, ...StudyResult.properties }),
]);
export type JobResultAnswer = Static<typeof JobResultAnswer>;

/** Of `POST /api/backtests?handover=job`, once the sweep goes on as a job. */
export const HandedOver = answer({ job: JobAnswer, partial: orNull(answer(sweep)) });
export type HandedOver = Static<typeof HandedOver>;

/** The data of a server-sent event. */
export const JobEventData = answer({
  id: Type.String(),
  state: JobState,
  attempts: Count,
  cancelRequested: Type.Boolean(),
  ...progress,
  perSecond: orNull(Type.Number()),
  secondsLeft: orNull(Type.Number()),
  shards: orNull(answer(ofShards)),
  error: orNull(Fault),
});
export type JobEventData = Static<typeof JobEventData>;

export const HealthAnswer = answer({ status: Type.Literal('ok'), version: Type.String() });
export type HealthAnswer = Static<typeof HealthAnswer>;
export const ReadyAnswer = answer({ status: Type.Literal('ready'), running: Count, waiting: Count });
export type ReadyAnswer = Static<typeof ReadyAnswer>;

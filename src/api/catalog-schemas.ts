// The shapes of answers about what is there: strategies, profiles, metrics, candles, results, studies.
import type { Static } from 'typebox';
import * as Type from 'typebox';
import type * as Computed from '../compute/task.ts';
import type { MetricDefinition } from '../metrics/metrics.ts';
import type { ManyRecord } from '../runs/many-record.ts';
import type { ListedVariant, NamedVariant } from '../runs/named-variants.ts';
import type { ProfileSupport } from '../runs/profile-support.ts';
import type { RankedRowJson } from '../runs/result-record.ts';
import type { StrategyFacts } from '../runs/strategy-facts.ts';
import type { Difference, StudyState } from '../runs/study-files.ts';
import { answer, listOf, open, orNull, type RecordAnswer } from './answer-schemas.ts';

const Count = Type.Integer({ minimum: 0 });
const describedValues = (description: string) => Type.Record(Type.String(), listOf(Type.Number()), { description });

const Source = Type.Unsafe<'built-in' | 'file'>({ type: 'string', enum: ['built-in', 'file'] });
const Profiles = listOf(Type.String());
const facts = {
  name: Type.String({ description: 'As a request has it.' }),
  source: Source,
  kind: Type.Unsafe<StrategyFacts['kind']>({ type: 'string', enum: ['signals', 'bars', 'controller'] }),
  description: orNull(Type.String()),
  hash: Type.String({ description: 'Of its files; `built-in` for one that comes with the engine.' }),
  parameters: describedValues('Values that a sweep tries where none are named; none for a controller.'),
  risk: describedValues('Barriers likewise.'),
  search: describedValues('Values among which a study searches where none are named.'),
  defaults: Type.Record(Type.String(), Type.Number(), {
    description: 'Of a controller: what its file says for these.',
  }),
  profile: Type.String({ description: 'The one it runs under where none is named.' }),
  profiles: Profiles,
  models: Count,
};
/** `strategy`: the name that results have. */
export const StrategyAnswer = answer({ ...facts, strategy: Type.Optional(Type.String()) });
export type StrategyAnswer = Static<typeof StrategyAnswer>;
const FileEntry = answer({
  name: Type.String(),
  source: Source,
  bytes: Count,
  changedAt: Type.String({ description: 'ISO 8601 UTC.' }),
});
export const StrategiesAnswer = listOf(Type.Union([answer(facts), FileEntry]));
export type StrategiesAnswer = Static<typeof StrategiesAnswer>;
export const StoredStrategyFile = answer({ name: Type.String(), bytes: Count, replaced: Type.Boolean() });
export type StoredStrategyFile = Static<typeof StoredStrategyFile>;
export const ProfilesAnswer = listOf(
  open<ProfileSupport>(
    'A profile: its name, what it assumes, its defaults, the kinds of strategies it runs, what it refuses.',
  ),
);
export type ProfilesAnswer = Static<typeof ProfilesAnswer>;
export const MetricsAnswer = listOf(open<MetricDefinition>('A metric: name, label, unit, which way is better.'));
export type MetricsAnswer = Static<typeof MetricsAnswer>;

/** What is stored under a key; more where the series could be read. */
interface StoredCandles {
  readonly key: string;
  readonly bytes: number;
  readonly [member: string]: unknown;
}
export const DataAnswer = listOf(open<StoredCandles>('Stored candles: key, bytes, bars, first and last time, origin.'));
export type DataAnswer = Static<typeof DataAnswer>;
export const CheckAnswer = open<Computed.CheckAnswer['checked']>('Name, content hash, defects, notes.');
export type CheckAnswer = Static<typeof CheckAnswer>;
export const ImportAnswer = answer({
  imported: listOf(open<Computed.ImportAnswer['imported'][number]>('Key, content hash, what was found and replaced.')),
});
export type ImportAnswer = Static<typeof ImportAnswer>;
export const FetchAnswer = open<Computed.FetchAnswer['fetched']>('Key, content hash, what was found.');
export type FetchAnswer = Static<typeof FetchAnswer>;

/** A result in the list; one that cannot be read has `damage` in place of what it is about. */
interface StoredResult {
  readonly id: string;
  readonly bytes: number;
  readonly createdAt?: string;
  readonly damage?: string;
  readonly [member: string]: unknown;
}
const page = { total: Count, offset: Count };
export const ResultsAnswer = answer({
  ...page,
  results: listOf(open<StoredResult>('A result: id and what it is about.')),
});
export type ResultsAnswer = Static<typeof ResultsAnswer>;
export const ResultAnswer = answer({
  resultId: Type.String(),
  record: open<Static<typeof RecordAnswer> | ManyRecord>('Of one sweep, or of one over many markets and windows.'),
});
export type ResultAnswer = Static<typeof ResultAnswer>;
export const RowsAnswer = answer({
  resultId: Type.String(),
  ...page,
  rows: listOf(open<RankedRowJson>('A ranked row: rank, params, risk, metrics; over many cells also its cells.')),
});
export type RowsAnswer = Static<typeof RowsAnswer>;
export const DeletedAnswer = answer({ deleted: listOf(Type.String()) });
export type DeletedAnswer = Static<typeof DeletedAnswer>;

export const RemovedAnswer = answer({ removed: listOf(Type.String()) });
export type RemovedAnswer = Static<typeof RemovedAnswer>;
/** A page of trades, or of equity at each close: the member of that name. */
interface TablePage {
  readonly total: number;
  readonly trades?: readonly Readonly<Record<string, string | number | null>>[];
  readonly equity?: readonly Readonly<Record<string, string | number | null>>[];
}
export const TableAnswer = open<TablePage>('A page: total, offset, and the rows by the name of the table.');
export type TableAnswer = Static<typeof TableAnswer>;
export const ComparisonAnswer = open<Omit<Computed.CompareAnswer, 'kind'>>('Differing settings, best rows, agreement.');
export type ComparisonAnswer = Static<typeof ComparisonAnswer>;
export const VariantAnswer = open<NamedVariant>('A ranked row kept under a name.');
export type VariantAnswer = Static<typeof VariantAnswer>;
export const VariantsAnswer = answer({ ...page, variants: listOf(open<ListedVariant>('A variant, or its damage.')) });
export type VariantsAnswer = Static<typeof VariantsAnswer>;

interface StoredStudy {
  readonly name: string;
  readonly [member: string]: unknown;
}
export const StudiesAnswer = answer({ ...page, studies: listOf(open<StoredStudy>('A study and how far it came.')) });
export type StudiesAnswer = Static<typeof StudiesAnswer>;
/** A ranked row, with its trial, the values of the objectives, and the same on what was held out. */
interface StudyRow {
  readonly rank: number;
  readonly variantKey: string;
  readonly trial: number | null;
  readonly values: readonly (number | null)[];
  readonly [member: string]: unknown;
}
interface ShownStudy extends StoredStudy {
  readonly identity: string;
  readonly state: StudyState | null;
  readonly ranking: { readonly total: number; readonly offset: number; readonly rows: readonly StudyRow[] };
}
export const StudyAnswer = open<ShownStudy>('What was asked, how far it came, and a page of its ranking.');
export type StudyAnswer = Static<typeof StudyAnswer>;
const State = orNull(open<StudyState>('How far it came; null while its first attempt runs.'));
export const StudyComparison = answer({
  sameHash: Type.Boolean(),
  differences: listOf(open<Difference>('A member of the requests that differs, in words.')),
  ...{ a: State, b: State },
});
export type StudyComparison = Static<typeof StudyComparison>;

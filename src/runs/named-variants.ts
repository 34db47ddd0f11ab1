// Variants under names of their own: a ranked row with its whole request, which runs again when its result is long gone.
import { AppError } from '../core/errors.ts';
import { hashJson, type Json } from '../core/hash.ts';
import { LIMITS } from '../core/limits.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import { profileNamed } from '../simulate/profiles.ts';
import { openResultStore } from '../store/result-store.ts';
import { openVariantStore, type StoredVariant, type VariantEntry } from '../store/variant-store.ts';
import { withCalendarNote } from './assumption-notes.ts';
import { recordToRun } from './many-record.ts';
import { candlesOf, reproduceRow, rowNumbered, strategyOf } from './reproduce.ts';
import type { RankedRowJson, ResultRecord } from './result-record.ts';
import { loadResult } from './saved-results.ts';
import { type FinishedRun, runOn } from './single-run.ts';
import type { RunContext } from './sweep-run.ts';
import { cutWindow } from './window-selection.ts';

/** Which row it is, and under what name it is kept. */
export interface VariantOrder {
  readonly name: string;
  /** An id, its beginning, a result file, or `latest`. */
  readonly result: string;
  readonly rank: number;
  /** Of a result over many markets and windows: the cell. */
  readonly cell?: number;
  readonly note?: string;
  /** Whether another variant of that name may go. */
  readonly replace: boolean;
}

/** What a variant is, as every list and answer shows it. */
export interface NamedVariant {
  readonly name: string;
  readonly note: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly resultId: string;
  readonly rank: number;
  readonly cell: number | null;
  /** SHA-256 of strategy, candles, execution, parameters, barriers and engine: equal for the same run from any result. */
  readonly hash: string;
  readonly engineVersion: string;
  readonly strategy: { readonly name: string; readonly hash: string };
  /** Key of the stored candles it was scored on; null for candles from elsewhere. */
  readonly data: string | null;
  readonly market: string;
  readonly timeframe: string;
  /** Open times of the first and last bar it was scored on. */
  readonly firstBar: string;
  readonly lastBar: string;
  readonly dataHash: string;
  readonly profile: string;
  readonly execution: ResultRecord['execution'];
  readonly params: RankedRowJson['params'];
  readonly risk: RankedRowJson['risk'];
  readonly rankedBy: string;
  readonly metrics: Metrics;
}

/** What is stored: the record of its result with the one row, and where that came from. */
interface VariantBody {
  readonly resultId: string;
  readonly rank: number;
  readonly cell: number | null;
  readonly note: string;
  readonly hash: string;
  readonly record: ResultRecord;
}

/** `isNew`: nothing had the name before. */
export interface SavedVariant {
  readonly variant: NamedVariant;
  readonly isNew: boolean;
}

/**
 * Keeps a ranked row under a name. The same variant under the same name again takes the new note and keeps its time.
 * Errors: RESULT_NOT_FOUND, REQUEST_INVALID, VARIANT_EXISTS for another variant of that name, PATH_FORBIDDEN, STORE_FULL.
 */
export function saveVariant(
  order: VariantOrder,
  context: Pick<RunContext, 'folder' | 'storeRoot' | 'clock'>,
): SavedVariant {
  const { name, note = '' } = order;
  if (note.length > LIMITS.variantNoteMax) {
    throw new AppError('LIMIT_EXCEEDED', {
      rule: `A note may have at most ${LIMITS.variantNoteMax} characters.`,
      found: `${note.length}.`,
      todo: 'Shorten it.',
    });
  }
  const store = openVariantStore(context.storeRoot);
  const before = store.find(name);
  const { id: resultId, record } = loadResult(order.result, context);
  const run = recordToRun(record, order.cell);
  const row = rowNumbered(run, order.rank);
  const body = bodyOf(run, row, { resultId, rank: order.rank, cell: order.cell ?? null, note });
  const isSame = before !== undefined && readBody(before).hash === body.hash;
  if (before !== undefined && !isSame && !order.replace) throw isTaken(before);
  const createdAt = isSame ? before.createdAt : context.clock.wallMs();
  const stored = { name, createdAt, summary: summaryOf(body), body: JSON.parse(JSON.stringify(body)) as Json };
  store.write(stored);
  return { variant: viewOf(stored), isNew: before === undefined };
}

function bodyOf(
  record: ResultRecord,
  row: RankedRowJson,
  from: Pick<VariantBody, 'resultId' | 'rank' | 'cell' | 'note'>,
): VariantBody {
  const { heatmap: _, study: __, ...kept } = record;
  const { engineVersion, strategy, dataHash, execution, data } = record;
  const { params, risk } = row;
  const identity = {
    engineVersion,
    strategy: strategy.hash,
    dataHash,
    execution,
    timeframe: data.timeframe,
    params,
    risk,
  };
  const hash = hashJson(JSON.parse(JSON.stringify(identity)) as Json);
  return { ...from, hash, record: { ...kept, top: [row] } };
}

/** What lists show without reading the whole file. */
const summaryOf = ({ resultId, rank, cell, note, hash, record }: VariantBody) => ({
  ...{ resultId, rank, cell, note, hash },
  strategy: record.strategy.name,
  market: record.data.label,
  timeframe: record.data.timeframe,
  profile: record.profile,
  variantKey: record.top[0]!.variantKey,
  rankedBy: record.rankedBy,
  score: record.top[0]!.metrics[record.rankedBy] ?? null,
  totalReturn: record.top[0]!.metrics.totalReturn ?? null,
});

/** A variant as lists show it; `damage` where its file is not readable. */
export type ListedVariant =
  | { readonly name: string; readonly damage: string }
  | ({ readonly name: string; readonly createdAt: string; readonly hasResult: boolean } & ReturnType<typeof summaryOf>);

/** Newest first. `hasResult`: the result it came from is still stored. Errors: STORE_UNREADABLE. */
export function listVariants(storeRoot: string, page: { readonly offset: number; readonly limit: number }) {
  const entries = openVariantStore(storeRoot).list();
  const results = openResultStore(storeRoot);
  const listed = ({ name, head, damage = 'unreadable' }: VariantEntry): ListedVariant => {
    if (head === undefined) return { name, damage };
    const summary = head.summary as ReturnType<typeof summaryOf>;
    const createdAt = new Date(head.createdAt).toISOString();
    return { name, createdAt, ...summary, hasResult: results.has(summary.resultId) };
  };
  const { offset, limit } = page;
  return { total: entries.length, offset, variants: entries.slice(offset, offset + limit).map(listed) };
}

/** Errors: VARIANT_NOT_FOUND, PATH_FORBIDDEN, RESULT_CORRUPT. */
export const findVariant = (name: string, storeRoot: string): NamedVariant => viewOf(stored(name, storeRoot));

/** Errors: VARIANT_NOT_FOUND before anything is removed, PATH_FORBIDDEN, STORE_UNWRITABLE. */
export function removeVariants(names: readonly string[], storeRoot: string): string[] {
  const store = openVariantStore(storeRoot);
  const wanted = [...new Set(names)];
  const known = new Set(store.list().map(({ name }) => name));
  for (const name of wanted) if (!known.has(name)) throw notFound(name);
  for (const name of wanted) store.remove(name);
  return wanted;
}

/**
 * Runs it again as it was scored; its numbers must be those it was saved with. With `isCurrent` on the candles that there are now
 * within the window it asked for, whatever comes of it.
 * Errors: VARIANT_NOT_FOUND; RESULT_MISMATCH when strategy, candles or numbers changed (of the strategy alone with `isCurrent`).
 */
export async function runVariantNamed(name: string, isCurrent: boolean, context: RunContext): Promise<FinishedRun> {
  const { record, rank } = readBody(stored(name, context.storeRoot));
  if (!isCurrent) return reproduceRow(record, rank, context);
  const { execution, data } = record;
  const { params, risk } = rowNumbered(record, rank);
  const loadedStrategy = await strategyOf(record, context);
  const loadedWindow = withCalendarNote(cutWindow(await candlesOf(record, context), data), execution.calendar);
  const request = { ...execution, profile: profileNamed(execution.profile) };
  return runOn(loadedStrategy, request, loadedWindow, params, risk, context);
}

function stored(name: string, storeRoot: string): StoredVariant {
  const found = openVariantStore(storeRoot).find(name);
  if (found === undefined) throw notFound(name);
  return found;
}

function readBody({ name, body }: StoredVariant): VariantBody {
  const found = body as unknown as Partial<VariantBody> | null;
  if (found?.record?.kind === 'gridmill-sweep' && found.record.top.length === 1) {
    const { record } = found;
    const [row] = record.top;
    // Files keep members in alphabetical order; tables list parameters and metrics in theirs.
    const params = Object.fromEntries(record.grid.parameterNames.map((one) => [one, row!.params[one]!]));
    const metrics = Object.fromEntries(
      METRIC_NAMES.filter((one) => Object.hasOwn(row!.metrics, one)).map((one) => [one, row!.metrics[one]]),
    ) as Metrics;
    return { ...(found as VariantBody), record: { ...record, top: [{ ...row!, params, metrics }] } };
  }
  throw new AppError('RESULT_CORRUPT', {
    rule: 'A stored variant must be a row of a sweep.',
    found: `${name}, which is something else.`,
    todo: 'Remove it: gridmill variants remove NAME.',
  });
}

function viewOf(variant: StoredVariant): NamedVariant {
  const { resultId, rank, cell, note, hash, record } = readBody(variant);
  const { data, strategy, profile, execution, dataHash, engineVersion, rankedBy } = record;
  const { params, risk, metrics } = record.top[0]!;
  return {
    name: variant.name,
    note,
    createdAt: new Date(variant.createdAt).toISOString(),
    ...{ resultId, rank, cell, hash, engineVersion },
    strategy: { name: strategy.name, hash: strategy.hash },
    data: data.origin.kind === 'store' ? data.origin.key : null,
    market: data.label,
    ...{ timeframe: data.timeframe, firstBar: data.firstBar, lastBar: data.lastBar },
    ...{ dataHash, profile, execution, params, risk, rankedBy, metrics },
  };
}

const notFound = (name: string): AppError =>
  new AppError('VARIANT_NOT_FOUND', {
    found: `${JSON.stringify(name.slice(0, 80))}.`,
    todo: 'See gridmill variants list for the names.',
  });

function isTaken({ name, summary }: StoredVariant): AppError {
  const { resultId, rank, variantKey } = summary as ReturnType<typeof summaryOf>;
  return new AppError('VARIANT_EXISTS', {
    found: `${name}, which is row ${rank} of result ${resultId} (${variantKey}).`,
    todo: 'Choose another name, or replace it (--replace, over HTTP "replace": true).',
  });
}

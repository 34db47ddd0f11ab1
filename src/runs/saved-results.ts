// Results in the store: saving a record, and finding one by id, file or `latest`.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/hash.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import { openResultStore, readResultFile } from '../store/result-store.ts';
import { inTableOrder, isMany, type ManyRecord } from './many-record.ts';
import type { RankedRowJson, ResultRecord } from './result-record.ts';

type AnyRecord = ResultRecord | ManyRecord;

/** Saves a record and answers its id. Errors: STORE_FULL, STORE_UNWRITABLE. */
export function saveResult(record: AnyRecord, storeRoot: string): string {
  const summary = {
    strategy: record.strategy.name,
    ...marketSummary(record),
    profile: record.profile,
    variants: record.variants,
    scored: record.scored,
    partial: record.partial,
    rankedBy: record.rankedBy,
    bestVariant: record.top[0]?.variantKey ?? null,
  };
  // Through JSON once, so that members without a value are left out and nothing else than JSON is stored.
  const body = JSON.parse(JSON.stringify(record)) as Json;
  const createdAt = Date.parse(record.createdAt);
  return openResultStore(storeRoot).write({ format: 'gridmill-result', createdAt, summary, body }, record.resultHash);
}

function marketSummary(record: AnyRecord) {
  if (!isMany(record)) {
    const { label: market, synthetic, timeframe } = record.data;
    return { market, synthetic, timeframe, bars: record.bars, best: record.top[0]?.metrics[record.rankedBy] ?? null };
  }
  const { cells, markets, timeframe, across, top } = record;
  const one = markets.length === 1 ? markets[0]!.market : `${markets.length} markets`;
  const windows = cells.length / markets.length;
  return {
    market: windows === 1 ? one : `${one}, ${windows} windows`,
    synthetic: markets.some(({ synthetic }) => synthetic),
    timeframe,
    bars: cells.reduce((sum, { bars }) => sum + bars, 0),
    // A share of cells is no value of the metric; its mean orders equal shares.
    best: (across === 'profitable' ? top[0]?.mean : top[0]?.score) ?? null,
  };
}

export interface SavedResult {
  readonly id: string;
  readonly record: AnyRecord;
}

/** By file, by `latest`, or by id or its beginning. Errors: RESULT_NOT_FOUND, RESULT_CORRUPT. */
export function loadResult(
  reference: string,
  context: { readonly folder: string; readonly storeRoot: string },
): SavedResult {
  const path = resolve(context.folder, reference);
  if (/[./\\]/.test(reference) && existsSync(path)) {
    const record = recordOf(readResultFile(path).body, reference);
    return { id: record.resultHash.slice(0, 16), record };
  }
  const id = resultId(reference, context.storeRoot);
  const { result } = openResultStore(context.storeRoot).read(id);
  return { id, record: recordOf(result.body, id) };
}

/** Digits of an id that tell a result well enough; fewer would take whatever happens to be the only one. */
const PREFIX_LENGTH_MIN = 4;

/** The id that `latest`, an id or its beginning means. Errors: RESULT_NOT_FOUND. */
function resultId(reference: string, storeRoot: string): string {
  const ids = openResultStore(storeRoot)
    .list()
    .map((entry) => entry.id);
  if (ids.length === 0) {
    throw new AppError('RESULT_NOT_FOUND', {
      found: 'no results at all.',
      todo: 'Run gridmill sweep or gridmill demo first.',
    });
  }
  if (reference === 'latest') return ids[0]!;
  const wanted = reference.toLowerCase();
  const fitting = wanted.length < PREFIX_LENGTH_MIN ? [] : ids.filter((id) => id.startsWith(wanted));
  if (fitting.length === 1) return fitting[0]!;
  const why =
    wanted.length < PREFIX_LENGTH_MIN
      ? `an id needs at least ${PREFIX_LENGTH_MIN} characters`
      : fitting.length === 0
        ? `no result with this id in ${storeRoot}`
        : `${fitting.length} results start so: ${fitting.slice(0, 5).join(', ')}`;
  throw new AppError('RESULT_NOT_FOUND', {
    found: `${JSON.stringify(reference.slice(0, 200))}: ${why}.`,
    todo: 'See gridmill results list for the ids.',
  });
}

/** Removes results and answers their ids. Errors: RESULT_NOT_FOUND before anything is removed, STORE_UNWRITABLE. */
export function removeResults(references: readonly string[], storeRoot: string): string[] {
  const ids = [...new Set(references.map((reference) => resultId(reference, storeRoot)))];
  const store = openResultStore(storeRoot);
  for (const id of ids) store.remove(id);
  return ids;
}

function recordOf(body: Json, name: string): AnyRecord {
  const record = body as unknown as AnyRecord | undefined;
  // Files keep members in alphabetical order; tables list parameters and metrics in theirs.
  if (record?.kind === 'gridmill-sweep-many') return inTableOrder(record);
  if (record?.kind === 'gridmill-sweep') {
    return { ...record, top: record.top.map((row) => inOrder(row, record.grid.parameterNames)) };
  }
  throw new AppError('RESULT_CORRUPT', {
    rule: 'A stored result must be a sweep of this program.',
    found: `${name}, which is something else.`,
    todo: 'Name the id of a sweep; gridmill results list shows them.',
  });
}

function inOrder(row: RankedRowJson, names: readonly string[]): RankedRowJson {
  return {
    ...row,
    params: Object.fromEntries(names.map((name) => [name, row.params[name]!])),
    metrics: Object.fromEntries(METRIC_NAMES.map((name) => [name, row.metrics[name] ?? null])) as Metrics,
  };
}

// Two stored results side by side: which settings differ, their best rows, and how far they agree on what is good.
import { canonicalJson, type Json } from '../core/hash.ts';
import { rankCorrelation } from '../core/rank-correlation.ts';
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/metrics.ts';
import { RISK_PARAMETERS } from '../sweep/grid.ts';
import { isMany, type ManyRecord } from './many-record.ts';
import type { ResultRecord } from './result-record.ts';
import { settingTexts } from './result-settings.ts';
import type { SavedResult } from './saved-results.ts';

type AnyRecord = ResultRecord | ManyRecord;
type AnyRow = AnyRecord['top'][number];

/** One of the two. Scores are in the sign of their metric. */
export interface ComparedResult {
  readonly resultId: string;
  readonly resultHash: string;
  readonly createdAt: string;
  readonly strategy: string;
  /** Every setting that results have, by its name; texts for people. */
  readonly settings: Readonly<Record<string, string>>;
  readonly variants: number;
  readonly scored: number;
  readonly ranked: number;
  readonly rankedBy: MetricName;
  readonly partial: string | null;
  readonly elapsedMs: number;
  readonly best: { readonly variantKey: string; readonly score: number | null } | null;
}

/** Null where the result lacks the setting. */
export interface SettingDifference {
  readonly setting: string;
  readonly a: string | null;
  readonly b: string | null;
}

/** A variant that is among the best rows of one of the two; null where the other has not ranked it. */
export interface ComparedRow {
  readonly params: Readonly<Record<string, number>>;
  readonly risk: Readonly<Record<string, number>>;
  readonly a: { readonly rank: number; readonly score: number | null } | null;
  readonly b: { readonly rank: number; readonly score: number | null } | null;
}

export interface ResultComparison {
  /** Equal hashes: the same rows with the same numbers, from the same engine, request and candles. */
  readonly sameHash: boolean;
  readonly a: ComparedResult;
  readonly b: ComparedResult;
  readonly differences: readonly SettingDifference[];
  /** Ranked rows that both have, that one has alone, and those whose metrics are equal to the last bit. */
  readonly ranked: { readonly common: number; readonly onlyA: number; readonly onlyB: number; readonly equal: number };
  /**
   * Spearman's coefficient over the variants that both have a score for, better scores first in both; null where there is no
   * order. Ranked rows alone are a choice of the best: where results keep more of what they scored, that is taken.
   */
  readonly correlation: {
    readonly over: 'ranked rows' | 'scored variants';
    readonly variants: number;
    readonly spearman: number | null;
  };
  readonly rows: readonly ComparedRow[];
}

/** `rowsMax`: best rows of each that are shown. */
export function compareResults(one: SavedResult, other: SavedResult, rowsMax: number): ResultComparison {
  const [a, b] = [comparedResult(one), comparedResult(other)];
  const [rowsA, rowsB] = [rowsByVariant(one.record), rowsByVariant(other.record)];
  const common = [...rowsA.keys()].filter((key) => rowsB.has(key));
  return {
    sameHash: one.record.resultHash === other.record.resultHash,
    a,
    b,
    differences: differencesOf(a.settings, b.settings),
    ranked: {
      common: common.length,
      onlyA: rowsA.size - common.length,
      onlyB: rowsB.size - common.length,
      equal: common.filter((key) => hasEqualMetrics(rowsA.get(key)!, rowsB.get(key)!)).length,
    },
    correlation: correlationOf(one.record, other.record),
    rows: bestOfBoth(one.record, other.record, rowsA, rowsB, rowsMax),
  };
}

function comparedResult({ id, record }: SavedResult): ComparedResult {
  const { resultHash, createdAt, strategy, variants, scored, rankedBy, partial, elapsedMs, top } = record;
  const [best] = top;
  return {
    resultId: id,
    resultHash,
    createdAt,
    strategy: strategy.name,
    settings: settingTexts(record),
    variants,
    scored,
    ranked: top.length,
    rankedBy,
    partial,
    elapsedMs,
    best: best === undefined ? null : { variantKey: best.variantKey, score: scoreOf(record, best) },
  };
}

function differencesOf(a: ComparedResult['settings'], b: ComparedResult['settings']): SettingDifference[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names
    .filter((setting) => a[setting] !== b[setting])
    .map((setting) => ({ setting, a: a[setting] ?? null, b: b[setting] ?? null }));
}

/** What a row is ranked by, in the sign of its metric. */
const scoreOf = (record: AnyRecord, row: AnyRow): number | null =>
  ('score' in row ? row.score : row.metrics[record.rankedBy]) ?? null;

/** Parameters and barriers that are on, whatever strategy and arithmetic they were scored with. */
function variantText(params: Readonly<Record<string, number | null>>, risk: object): string {
  const barriers = Object.entries(risk as Record<string, number | null>).filter(([, value]) => (value ?? 0) !== 0);
  return canonicalJson({ params, risk: Object.fromEntries(barriers) });
}

const rowsByVariant = (record: AnyRecord): Map<string, AnyRow> =>
  new Map((record.top as readonly AnyRow[]).map((row) => [variantText(row.params, row.risk), row]));

function hasEqualMetrics(a: AnyRow, b: AnyRow): boolean {
  const numbers = (row: AnyRow): Json =>
    'metrics' in row
      ? METRIC_NAMES.map((name) => row.metrics[name] ?? null)
      : [row.score, ...row.cells.flatMap((cell) => METRIC_NAMES.map((name) => cell[name] ?? null))];
  return canonicalJson(numbers(a)) === canonicalJson(numbers(b));
}

/** Better is higher. Rows of several objectives and of studies are in an order that no metric alone has. */
function goodnessOf(record: AnyRecord, row: AnyRow): number | null {
  const isByScore = record.study === undefined && (isMany(record) || record.alsoRankedBy.length === 0);
  if (!isByScore) return -row.rank;
  const score = scoreOf(record, row);
  return score === null ? null : score * signOf(record);
}

/** Shares of cells are better the higher, whatever the metric. */
const signOf = (record: AnyRecord): 1 | -1 =>
  METRICS[record.rankedBy].better === 'lower' && !(isMany(record) && record.across === 'profitable') ? -1 : 1;

function correlationOf(a: AnyRecord, b: AnyRecord): ResultComparison['correlation'] {
  const [x, y] = [scoredGoodness(a), scoredGoodness(b)];
  const ranked = correlated('ranked rows', rankedGoodness(a), rankedGoodness(b));
  if (x === undefined || y === undefined) return ranked;
  const scored = correlated('scored variants', x, y);
  return scored.variants >= ranked.variants ? scored : ranked;
}

function correlated(
  over: ResultComparison['correlation']['over'],
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): ResultComparison['correlation'] {
  const common = [...a.keys()].filter((key) => b.has(key));
  const values = (of: ReadonlyMap<string, number>): number[] => common.map((key) => of.get(key)!);
  return { over, variants: common.length, spearman: rankCorrelation(values(a), values(b)) };
}

function rankedGoodness(record: AnyRecord): Map<string, number> {
  const entries = [...rowsByVariant(record)].map(([key, row]) => [key, goodnessOf(record, row)] as const);
  return new Map(entries.filter((entry): entry is [string, number] => entry[1] !== null));
}

/** From the variants kept for the heatmap; undefined where there is none, or none by what it is ranked by. */
function scoredGoodness(record: AnyRecord): Map<string, number> | undefined {
  if (isMany(record) || record.study !== undefined || record.alsoRankedBy.length > 0) return undefined;
  const { heatmap } = record;
  const scores = heatmap?.metrics[record.rankedBy];
  if (heatmap === undefined || scores === undefined) return undefined;
  const sign = signOf(record);
  const found = new Map<string, number>();
  for (const [row, score] of scores.entries()) {
    if (score === null) continue;
    const values = heatmap.paramNames.map((name, column) => [name, heatmap.params[column]![row]!] as const);
    const isRisk = (name: string): boolean => (RISK_PARAMETERS as readonly string[]).includes(name);
    const params = Object.fromEntries(values.filter(([name]) => !isRisk(name)));
    found.set(variantText(params, Object.fromEntries(values.filter(([name]) => isRisk(name)))), score * sign);
  }
  return found;
}

/** In the order of the better of their two ranks, those of the first result first. */
function bestOfBoth(
  a: AnyRecord,
  b: AnyRecord,
  rowsA: ReadonlyMap<string, AnyRow>,
  rowsB: ReadonlyMap<string, AnyRow>,
  rowsMax: number,
): ComparedRow[] {
  const keys = new Set([...[...rowsA.keys()].slice(0, rowsMax), ...[...rowsB.keys()].slice(0, rowsMax)]);
  const place = (record: AnyRecord, row: AnyRow | undefined): ComparedRow['a'] =>
    row === undefined ? null : { rank: row.rank, score: scoreOf(record, row) };
  const rows = [...keys].map((key): ComparedRow => {
    const [left, right] = [rowsA.get(key), rowsB.get(key)];
    const { params, risk } = (left ?? right)!;
    return { params, risk: risk as ComparedRow['risk'], a: place(a, left), b: place(b, right) };
  });
  const best = ({ a: x, b: y }: ComparedRow): number => Math.min(x?.rank ?? Infinity, y?.rank ?? Infinity);
  return rows.sort((x, y) => best(x) - best(y));
}

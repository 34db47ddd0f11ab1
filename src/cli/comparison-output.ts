// Two results side by side as text: what differs in the settings, how far they agree, and their best rows.
import { METRICS } from '../metrics/metrics.ts';
import { formatCount, formatMetric, formatNumber, formatParameter, NO_VALUE, plainText } from '../report/format.ts';
import { dim, type TextColumn, textTable } from '../report/text-table.ts';
import type { ComparedResult, ComparedRow, ResultComparison } from '../runs/compare-results.ts';
import type { TextOutput } from './host.ts';

export function resultComparisonText(comparison: ResultComparison, output: TextOutput): string {
  const { sameHash, a, b } = comparison;
  const hashes = sameHash
    ? `One hash: the same rows with the same numbers, ${a.resultHash.slice(0, 16)}.`
    : `Hashes differ: ${a.resultHash.slice(0, 16)} and ${b.resultHash.slice(0, 16)}.`;
  return [differencesText(comparison, output), hashes, agreementText(comparison), rowsText(comparison, output)].join(
    '\n\n',
  );
}

const column = (heading: string, align: TextColumn['align'], priority: number, cells: string[]): TextColumn => ({
  heading,
  align,
  priority,
  cells,
});

function differencesText({ a, b, differences }: ResultComparison, { columns: width, color }: TextOutput): string {
  if (differences.length === 0) return `${a.resultId} and ${b.resultId} are of equal settings.`;
  const text = (value: string | null): string => (value === null ? NO_VALUE : plainText(shortened(value)));
  return textTable(
    [
      column(
        'Differs in',
        'left',
        0,
        differences.map(({ setting }) => plainText(setting)),
      ),
      column(
        a.resultId,
        'left',
        0,
        differences.map((one) => text(one.a)),
      ),
      column(
        b.resultId,
        'left',
        0,
        differences.map((one) => text(one.b)),
      ),
    ],
    { width, color },
  );
}

const SHOWN_CHARS = 40;
const shortened = (text: string): string => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 1)}…` : text);

function agreementText({ ranked, correlation, a, b }: ResultComparison): string {
  const { common, onlyA, onlyB, equal } = ranked;
  const rows = `Ranked rows: ${formatCount(common)} in both (${formatCount(equal)} with equal metrics), ${formatCount(onlyA)} only in ${a.resultId}, ${formatCount(onlyB)} only in ${b.resultId}.`;
  const { over, variants, spearman } = correlation;
  const order =
    spearman === null
      ? `No order to compare over ${formatCount(variants)} common ${over}.`
      : `Rank correlation over ${formatCount(variants)} common ${over}: ${formatNumber(spearman, 3)} (1: the same order, 0: none in common, -1: the reverse).`;
  return `${rows}\n${order}`;
}

function rowsText({ rows, a, b }: ResultComparison, { columns: width, color }: TextOutput): string {
  if (rows.length === 0) return dim('Neither has ranked rows.', color);
  const rank = (place: ComparedRow['a']): string => (place === null ? NO_VALUE : String(place.rank));
  const score = (place: ComparedRow['a'], { rankedBy }: ComparedResult): string =>
    place === null ? '' : formatMetric(place.score, METRICS[rankedBy].unit);
  return textTable(
    [
      column('Variant', 'left', 0, rows.map(variantText)),
      column(
        `# ${a.resultId.slice(0, 8)}`,
        'right',
        0,
        rows.map((row) => rank(row.a)),
      ),
      column(
        a.rankedBy,
        'right',
        1,
        rows.map((row) => score(row.a, a)),
      ),
      column(
        `# ${b.resultId.slice(0, 8)}`,
        'right',
        0,
        rows.map((row) => rank(row.b)),
      ),
      column(
        b.rankedBy,
        'right',
        1,
        rows.map((row) => score(row.b, b)),
      ),
    ],
    { width, color },
  );
}

function variantText({ params, risk }: ComparedRow): string {
  const numbers = Object.entries({ ...params, ...risk });
  return plainText(numbers.map(([name, value]) => `${name}=${formatParameter(value)}`).join(' '));
}

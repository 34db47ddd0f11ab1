// Parameters of ranked rows as lines instead of columns: the first row in full, the others by what differs from it.
import { formatParameter } from './format.ts';
import type { ReportRow } from './report-data.ts';
import { dim, type TextStyle } from './text-table.ts';

/** With more parameters than this, columns of them would leave no room for metrics. */
export const VARIANT_COLUMNS_MAX = 6;

type Row = Pick<ReportRow, 'rank' | 'params' | 'risk'>;

/** Names and values of one row, barriers that are on among them. */
function textsOf({ params, risk }: Row): ReadonlyMap<string, string> {
  const entries = [...Object.entries(params), ...Object.entries(risk)] as [string, number | undefined][];
  return new Map(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, formatParameter(value)]])));
}

/** Lines without a final newline. */
export function variantLines(rows: readonly Row[], style: TextStyle): string {
  const [first] = rows;
  if (first === undefined) return '';
  const best = textsOf(first);
  const gutter = String(rows.at(-1)!.rank).length + 2;
  const line = (rank: number, text: string): string => hung(String(rank).padStart(gutter - 2), text, style);
  const others = rows.slice(1).map((row) => {
    const own = textsOf(row);
    const names = [...new Set([...best.keys(), ...own.keys()])].filter((name) => own.get(name) !== best.get(name));
    const texts = names.map((name) => `${name} ${own.get(name) ?? 'off'}`);
    return line(row.rank, texts.length === 0 ? `as ${first.rank}` : `as ${first.rank}, but ${texts.join(', ')}`);
  });
  const all = [...best].map(([name, value]) => `${name} ${value}`).join(', ');
  return [line(first.rank, all), ...others].join('\n');
}

/** Breaks after commas; later lines begin under the text of the first. */
function hung(label: string, text: string, { width, color }: TextStyle): string {
  const room = Math.max(20, width - label.length - 2);
  const lines = [''];
  for (const part of text.split(/(?<=,) /)) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + 1 + part.length > room) lines.push(part);
    else lines[lines.length - 1] = last === '' ? part : `${last} ${part}`;
  }
  const indent = ' '.repeat(label.length + 2);
  return lines.map((one, at) => `${at === 0 ? `${dim(label, color)}  ` : indent}${one}`).join('\n');
}

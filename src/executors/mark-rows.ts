// Marks of an executor collected bar by bar, when its last bar is not yet known.
import { type MarkColumns, markColumns } from './executor-run.ts';

export interface MarkRows {
  rows: number;
  columns: MarkColumns;
}

const FIRST_CAPACITY = 64;

export const createMarkRows = (): MarkRows => ({ rows: 0, columns: markColumns(FIRST_CAPACITY) });

/** Appends the value of one bar. The share is that of what was filled, 0 while nothing was. */
export function pushMark(marks: MarkRows, netQuote: number, filled: number, fees: number, averagePrice: number): void {
  const row = marks.rows++;
  if (row === marks.columns.netPnlQuote.length) grow(marks, row * 2);
  const { columns } = marks;
  columns.netPnlQuote[row] = netQuote;
  columns.filledQuote[row] = filled;
  columns.feesQuote[row] = fees;
  columns.averagePrice[row] = averagePrice;
  columns.netPnlPct[row] = filled > 0 ? netQuote / filled : 0;
}

function grow(marks: MarkRows, capacity: number): void {
  const larger = markColumns(capacity);
  for (const name of Object.keys(larger) as (keyof MarkColumns)[]) larger[name].set(marks.columns[name]);
  marks.columns = larger;
}

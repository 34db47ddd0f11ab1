// Small questions about a row of a sweep over many cells, asked by the terminal and by the page.
import type { MetricDefinition, MetricName } from '../metrics/metrics.ts';
import type { ManyRow } from '../sweep/many-request.ts';

/** `fast 10, slow 50, stopLoss 0.02`. */
export function variantText({ params, risk }: Pick<ManyRow, 'params' | 'risk'>): string {
  return [...Object.entries(params), ...Object.entries(risk)]
    .map(([name, value]) => `${name} ${Number(value.toPrecision(10))}`)
    .join(', ');
}

/** Place of the cell with the worst value; -1 where one has none. */
export function worstCell(
  { cells }: Pick<ManyRow, 'cells'>,
  { name, better }: Pick<MetricDefinition, 'name' | 'better'>,
): number {
  const sign = better === 'higher' ? 1 : -1;
  let worst = -1;
  for (const [i, cell] of cells.entries()) {
    const value = valueIn(cell, name);
    if (value === null) return -1;
    if (worst < 0 || value * sign < valueIn(cells[worst]!, name)! * sign) worst = i;
  }
  return worst;
}

const valueIn = (cell: ManyRow['cells'][number], name: MetricName): number | null => cell[name] ?? null;

// The tables of a sweep over many cells: variants ranked across them, one variant in each cell, the best of each market.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import type { Across } from '../sweep/many-across.ts';
import type { ManyRow } from '../sweep/many-request.ts';
import { formatCount, formatMetric, NO_VALUE, plainText } from './format.ts';
import { variantText, worstCell } from './many-rows.ts';
import { metricHeading, SIGNED_METRICS } from './metric-columns.ts';
import { rightColumn, variantColumns } from './terminal.ts';
import { dim, paintSigned, type TextColumn, type TextStyle, textTable, visibleWidth } from './text-table.ts';

export interface ManyTableCell {
  readonly cell: number;
  readonly market: string;
  readonly window: string;
  readonly best: ManyRow | null;
}

export interface ManyTableOptions extends TextStyle {
  readonly rankedBy: MetricName;
  readonly across: Across;
}

/** Beyond so many cells a ranked row does not show the value in each of them. */
const CELL_COLUMNS_MAX = 8;
const SUMMARIES = ['median', 'mean', 'worst'] as const;
const HEADINGS = { median: 'Median', mean: 'Mean', worst: 'Worst' } as const;

/** Ranked variants: parameters, the number they are ranked by first, its companions, and the value in each cell. */
export function acrossTable(
  rows: readonly ManyRow[],
  cells: readonly ManyTableCell[],
  names: readonly string[],
  options: ManyTableOptions,
): string {
  if (rows.length === 0) return dim('No variants.', options.color);
  const { rankedBy, across } = options;
  const summaries = [...SUMMARIES].sort((a, b) => Number(b === across) - Number(a === across));
  const profit = rightColumn(
    'Gained in',
    rows.map((row) => `${Math.round(row.profitable * cells.length)}/${cells.length}`),
    2,
  );
  const columns: TextColumn[] = [
    rightColumn(
      '#',
      rows.map((row) => formatCount(row.rank)),
      0,
    ),
    ...variantColumns(rows),
    ...(across === 'profitable' ? [{ ...profit, priority: 0 }] : []),
    ...summaries.map((name, i) =>
      valueColumn(
        HEADINGS[name],
        rows.map((row) => row[name]),
        rankedBy,
        name === across ? 0 : i + 1,
        options,
      ),
    ),
    ...(across === 'profitable' ? [] : [profit]),
    rightColumn(
      'Fewest trades',
      rows.map((row) => formatCount(row.fewestTrades)),
      4,
    ),
    {
      heading: 'Worst in',
      align: 'left',
      priority: 5,
      cells: rows.map((row) => names[worstCell(row, METRICS[rankedBy])] ?? NO_VALUE),
    },
  ];
  if (cells.length > CELL_COLUMNS_MAX) return textTable(columns, options);
  const inCells = cells.map((_, i) =>
    valueColumn(
      names[i]!,
      rows.map((row) => row.cells[i]![rankedBy] ?? null),
      rankedBy,
      1,
      options,
    ),
  );
  // Some of the cells would look like all of them.
  const everything = textTable([...columns, ...inCells], { width: Number.POSITIVE_INFINITY, color: false });
  const fits = visibleWidth(everything.slice(0, everything.indexOf('\n'))) <= options.width;
  return textTable(fits ? [...columns, ...inCells] : columns, options);
}

/** One variant in each cell, beside the best that the cell has alone. */
export function cellsTable(row: ManyRow, cells: readonly ManyTableCell[], options: ManyTableOptions): string {
  const { rankedBy } = options;
  const value = (metric: MetricName, priority: number, heading = headingOf(metric)): TextColumn =>
    valueColumn(
      heading,
      cells.map(({ cell }) => row.cells[cell - 1]![metric] ?? null),
      metric,
      priority,
      options,
    );
  const others = Object.keys(row.cells[0] ?? {}).filter((name) => name !== rankedBy) as MetricName[];
  const bests = cells.map(({ best }) => best);
  const hasWindows = cells.some(({ window }) => window !== '');
  return textTable(
    [
      rightColumn(
        'Cell',
        cells.map(({ cell }) => String(cell)),
        0,
      ),
      ...(cells.every(({ market }) => market === cells[0]!.market)
        ? []
        : [
            textColumn(
              'Market',
              cells.map(({ market }) => plainText(market)),
              0,
            ),
          ]),
      ...(hasWindows
        ? [
            textColumn(
              'Window',
              cells.map(({ window }) => window),
              1,
            ),
          ]
        : []),
      value(rankedBy, 0),
      ...others.map((name, i) => value(name, 4 + i)),
      ...(bests.every((best) => best === null)
        ? []
        : [
            valueColumn(
              'Best here',
              cells.map(({ cell, best }) => best?.cells[cell - 1]?.[rankedBy] ?? null),
              rankedBy,
              2,
              options,
            ),
            textColumn(
              'by',
              bests.map((best) => (best === null ? NO_VALUE : plainText(variantText(best)))),
              9,
            ),
          ]),
    ],
    options,
  );
}

/** The best variants of each market by its own cells, and what they are worth across all of them. */
export function marketsTable(
  markets: readonly { readonly market: string; readonly top: readonly ManyRow[] }[],
  options: ManyTableOptions,
): string {
  const entries = markets.flatMap(({ market, top }) => top.map((row) => ({ market, row })));
  const rows = entries.map(({ row }) => row);
  const { across, rankedBy } = options;
  const summary = across === 'profitable' ? 'mean' : across;
  const own =
    across === 'profitable'
      ? rightColumn(
          'Own cells gained',
          rows.map((row) => formatMetric(row.score, 'fraction')),
          0,
        )
      : valueColumn(
          `${HEADINGS[across]} of its own`,
          rows.map((row) => row.score),
          rankedBy,
          0,
          options,
        );
  return textTable(
    [
      textColumn(
        'Market',
        entries.map(({ market, row }) => (row.rank === 1 ? plainText(market) : '')),
        0,
      ),
      rightColumn(
        '#',
        rows.map((row) => formatCount(row.rank)),
        0,
      ),
      ...variantColumns(rows),
      own,
      valueColumn(
        `${HEADINGS[summary]} of all`,
        rows.map((row) => row[summary]),
        rankedBy,
        1,
        options,
      ),
    ],
    options,
  );
}

const headingOf = (metric: MetricName): string => metricHeading(METRICS[metric]);

const textColumn = (heading: string, cells: readonly string[], priority: number): TextColumn => ({
  heading,
  align: 'left',
  cells,
  priority,
});

function valueColumn(
  heading: string,
  values: readonly (number | null)[],
  metric: MetricName,
  priority: number,
  { color }: TextStyle,
): TextColumn {
  const column = rightColumn(
    plainText(heading),
    values.map((value) => formatMetric(value, METRICS[metric].unit)),
    priority,
  );
  if (!SIGNED_METRICS.has(metric)) return column;
  return { ...column, paint: (padded, row) => paintSigned(padded, values[row], color) };
}

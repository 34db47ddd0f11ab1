// The tables the command line prints: ranked variants, metrics, trades, and labelled values.
import type { MetricName, Metrics } from '../metrics/metrics.ts';
import type { Trade } from '../metrics/trade.ts';
import {
  formatCount,
  formatMetric,
  formatMoney,
  formatParameter,
  formatPercent,
  formatPrice,
  formatSignedPercent,
  formatSize,
  formatTime,
  plainText,
} from './format.ts';
import { metricHeading, orderedMetrics, SIGNED_METRICS } from './metric-columns.ts';
import type { ReportMetric, ReportRisk, ReportRow, ReportSetting } from './report-data.ts';
import { dim, paintSigned, type TextColumn, type TextStyle, textTable, visibleWidth } from './text-table.ts';

export interface RankedTableOptions extends TextStyle {
  /** The metric rows are ranked by; its column comes first. */
  readonly rankedBy?: MetricName;
}

/** Ranked variants: rank, parameters, barriers in use, then as many metrics as the width holds. */
export function rankedTable(
  rows: readonly Pick<ReportRow, 'rank' | 'params' | 'risk' | 'metrics'>[],
  metrics: readonly ReportMetric[],
  options: RankedTableOptions,
): string {
  if (rows.length === 0) return dim('No variants.', options.color);
  const columns: TextColumn[] = [
    rightColumn(
      '#',
      rows.map((row) => formatCount(row.rank)),
      0,
    ),
  ];
  columns.push(...variantColumns(rows));
  orderedMetrics(metrics, options.rankedBy).forEach((metric, index) => {
    const values = rows.map((row) => row.metrics[metric.name]);
    const signed = SIGNED_METRICS.has(metric.name);
    columns.push({
      ...rightColumn(
        metricHeading(metric),
        values.map((value) => formatMetric(value, metric.unit)),
        index === 0 ? 0 : index + 1,
      ),
      ...(signed ? { paint: (padded: string, row: number) => paintSigned(padded, values[row], options.color) } : {}),
    });
  });
  return textTable(columns, options);
}

/** Parameters, and the barriers that any of the rows uses. */
export function variantColumns(rows: readonly Pick<ReportRow, 'params' | 'risk'>[]): TextColumn[] {
  const columns: TextColumn[] = [];
  for (const name of Object.keys(rows[0]?.params ?? {})) {
    columns.push(
      rightColumn(
        plainText(name),
        rows.map((row) => formatParameter(row.params[name])),
        1,
      ),
    );
  }
  for (const { key, heading, text } of RISKS) {
    if (rows.every((row) => row.risk[key] === undefined)) continue;
    columns.push(
      rightColumn(
        heading,
        rows.map((row) => text(row.risk[key])),
        1,
      ),
    );
  }
  return columns;
}

const RISKS: readonly { key: keyof ReportRisk; heading: string; text: (value: number | undefined) => string }[] = [
  { key: 'stopLoss', heading: 'SL', text: (value) => barrier(value) },
  { key: 'takeProfit', heading: 'TP', text: (value) => barrier(value) },
  { key: 'trailingStop', heading: 'Trail', text: (value) => barrier(value) },
  { key: 'timeLimit', heading: 'Limit', text: (value) => (value === undefined ? 'off' : formatCount(value)) },
];

const barrier = (value: number | undefined): string => (value === undefined ? 'off' : formatPercent(value));

export const rightColumn = (heading: string, cells: readonly string[], priority: number): TextColumn => ({
  heading,
  align: 'right',
  cells,
  priority,
});

/** Every metric of one variant, one per line. */
export function metricsTable(metrics: Metrics, definitions: readonly ReportMetric[], style: TextStyle): string {
  const shown = orderedMetrics(definitions);
  const labelWidth = Math.max(0, ...shown.map((metric) => metric.label.length));
  const texts = shown.map((metric) => formatMetric(metrics[metric.name], metric.unit));
  const valueWidth = Math.max(0, ...texts.map((text) => text.length));
  return shown
    .map((metric, index) => {
      const value = metrics[metric.name];
      const padded = texts[index]!.padStart(valueWidth);
      const text = SIGNED_METRICS.has(metric.name) ? paintSigned(padded, value, style.color) : padded;
      return `${dim(metric.label.padEnd(labelWidth), style.color)}  ${text}`;
    })
    .join('\n');
}

/** Trades in order. `time` gives the open time (epoch ms UTC) of a bar. */
export function tradesTable(
  trades: readonly Trade[],
  time: (bar: number) => number,
  options: TextStyle & { readonly dateOnly?: boolean },
): string {
  if (trades.length === 0) return dim('No trades.', options.color);
  const text = (read: (trade: Trade) => string): string[] => trades.map(read);
  const painted = (column: TextColumn): TextColumn => ({
    ...column,
    paint: (padded, row) => paintSigned(padded, trades[row]!.pnl, options.color),
  });
  const left = (heading: string, cells: readonly string[], priority: number): TextColumn => ({
    ...rightColumn(heading, cells, priority),
    align: 'left',
  });
  const when = (bar: number): string => formatTime(time(bar), options.dateOnly);
  return textTable(
    [
      rightColumn(
        '#',
        trades.map((_, index) => formatCount(index + 1)),
        0,
      ),
      left(
        'Side',
        text((trade) => trade.side),
        0,
      ),
      left(
        'Entry',
        text((trade) => when(trade.entryBar)),
        1,
      ),
      rightColumn(
        'at',
        text((trade) => formatPrice(trade.entryPrice)),
        3,
      ),
      left(
        'Exit',
        text((trade) => when(trade.exitBar)),
        2,
      ),
      rightColumn(
        'at',
        text((trade) => formatPrice(trade.exitPrice)),
        3,
      ),
      rightColumn(
        'Size',
        text((trade) => formatSize(trade.size)),
        6,
      ),
      painted(
        rightColumn(
          'Return',
          text((trade) => formatSignedPercent(trade.return)),
          0,
        ),
      ),
      painted(
        rightColumn(
          'P&L',
          text((trade) => formatMoney(trade.pnl)),
          4,
        ),
      ),
      rightColumn(
        'Fees',
        text((trade) => formatMoney(trade.fees)),
        7,
      ),
      rightColumn(
        'Bars',
        text((trade) => formatCount(trade.exitBar - trade.entryBar)),
        5,
      ),
      left(
        'Why',
        text((trade) => trade.exitReason),
        2,
      ),
      ...(trades.some(({ tag }) => tag !== undefined)
        ? [
            left(
              'Tag',
              text(({ tag }) => tag ?? 'main'),
              1,
            ),
          ]
        : []),
    ],
    options,
  );
}

/** Labels left, values beside them; values wrap at the width. */
export function keyValueTable(pairs: readonly ReportSetting[], style: TextStyle): string {
  const labelWidth = Math.max(0, ...pairs.map((pair) => visibleWidth(plainText(pair.label))));
  const room = Math.max(20, style.width - labelWidth - 2);
  return pairs
    .flatMap((pair) => {
      const label = plainText(pair.label);
      const head = dim(label + ' '.repeat(labelWidth - visibleWidth(label)), style.color);
      const lines = wrap(plainText(pair.value), room);
      return lines.map((line, index) => `${index === 0 ? head : ' '.repeat(labelWidth)}  ${line}`);
    })
    .join('\n');
}

/** Breaks at spaces; a word longer than the line keeps a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && visibleWidth(line) + 1 + visibleWidth(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

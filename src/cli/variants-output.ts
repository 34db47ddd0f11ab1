// Named variants as text: the list as a table, and one in full.
import { METRIC_NAMES, METRICS, type MetricName } from '../metrics/metrics.ts';
import { formatMetric, formatParameter, formatTime, plainText } from '../report/format.ts';
import { bold, dim, type TextColumn, textTable } from '../report/text-table.ts';
import type { ListedVariant, NamedVariant } from '../runs/named-variants.ts';
import type { TextOutput } from './host.ts';

export function variantsTable(variants: readonly ListedVariant[], { columns: width, color }: TextOutput): string {
  if (variants.length === 0) return 'No named variants yet. gridmill variants save NAME keeps a row of a result.';
  const column = (
    heading: string,
    align: TextColumn['align'],
    priority: number,
    read: (one: Exclude<ListedVariant, { readonly damage: string }>) => string,
  ): TextColumn => ({
    heading,
    align,
    priority,
    cells: variants.map((one) => ('damage' in one ? '' : read(one))),
  });
  const names: TextColumn = {
    heading: 'Name',
    align: 'left',
    priority: 0,
    cells: variants.map((one) => ('damage' in one ? `${one.name}: ${plainText(one.damage)}` : one.name)),
  };
  return textTable(
    [
      names,
      column('When (UTC)', 'left', 3, ({ createdAt }) => formatTime(Date.parse(createdAt))),
      column('Variant', 'left', 1, ({ variantKey }) => plainText(variantKey)),
      column('Market', 'left', 2, ({ market, timeframe }) => plainText(`${market}, ${timeframe}`)),
      column('Return', 'right', 0, ({ totalReturn }) => formatMetric(totalReturn, METRICS.totalReturn.unit)),
      column(
        'Result',
        'left',
        4,
        ({ resultId, rank, hasResult }) => `${resultId} #${rank}${hasResult ? '' : ' (gone)'}`,
      ),
      column('Note', 'left', 5, ({ note }) => plainText(note)),
    ],
    { width, color },
  );
}

export function variantText(variant: NamedVariant, { columns: width, color }: TextOutput): string {
  const { name, note, createdAt, resultId, rank, cell, hash, strategy, market, timeframe, profile } = variant;
  const numbers = Object.entries({ ...variant.params, ...variant.risk });
  const names = METRIC_NAMES.filter((metric) => Object.hasOwn(variant.metrics, metric));
  const value = (metric: MetricName): string => formatMetric(variant.metrics[metric], METRICS[metric].unit);
  const metrics = textTable(
    [
      { heading: 'Metric', align: 'left', priority: 0, cells: names.map((metric) => METRICS[metric].label) },
      { heading: 'Value', align: 'right', priority: 0, cells: names.map(value) },
    ],
    { width, color },
  );
  const time = (iso: string): string => formatTime(Date.parse(iso));
  return [
    `${bold(name, color)}: ${strategy.name} on ${plainText(market)}, ${timeframe}, profile ${profile}`,
    `  ${plainText(numbers.map(([key, number]) => `${key}=${formatParameter(number)}`).join(' '))}`,
    `  ${time(variant.firstBar)} to ${time(variant.lastBar)} UTC`,
    ...(note === '' ? [] : [`  ${plainText(note)}`]),
    dim(
      `  row ${rank}${cell === null ? '' : ` of cell ${cell}`} of result ${resultId}, saved ${time(createdAt)}, hash ${hash.slice(0, 16)}`,
      color,
    ),
    metrics,
    `gridmill variants run ${name}`,
  ].join('\n');
}

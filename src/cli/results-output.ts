// The list of stored results as a table.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { formatCount, formatMetric, formatTime } from '../report/format.ts';
import { type TextColumn, textTable } from '../report/text-table.ts';
import type { ResultStoreEntry } from '../store/result-store.ts';
import type { TextOutput } from './host.ts';

export function resultsTable(entries: readonly ResultStoreEntry[], { columns: width, color }: TextOutput): string {
  if (entries.length === 0) return 'No results yet. gridmill sweep and gridmill demo make some.';
  const column = (
    heading: string,
    align: TextColumn['align'],
    priority: number,
    read: (at: ResultStoreEntry) => string,
  ) => ({
    heading,
    align,
    priority,
    cells: entries.map(read),
  });
  const text = (entry: ResultStoreEntry, name: string): string => {
    const value = entry.head?.summary[name];
    return value === undefined || value === null ? '' : typeof value === 'number' ? formatCount(value) : String(value);
  };
  return textTable(
    [
      column('Result', 'left', 0, (entry) => entry.id),
      column('When (UTC)', 'left', 2, (entry) => (entry.head === undefined ? '' : formatTime(entry.head.createdAt))),
      column('Strategy', 'left', 0, (entry) => entry.damage ?? text(entry, 'strategy')),
      column('Market', 'left', 1, (entry) => text(entry, 'market')),
      column('Candles', 'right', 3, (entry) => text(entry, 'timeframe')),
      column('Scored', 'right', 4, (entry) => text(entry, 'scored')),
      column('Best', 'right', 0, bestOf),
      column('State', 'left', 5, (entry) => (entry.head?.summary['partial'] ? 'partial' : 'complete')),
    ],
    { width, color },
  );
}

function bestOf({ head }: ResultStoreEntry): string {
  const best = head?.summary['best'];
  const name = head?.summary['rankedBy'];
  if (typeof best !== 'number' || typeof name !== 'string' || !Object.hasOwn(METRICS, name)) return '';
  const metric = METRICS[name as MetricName];
  return name === 'totalReturn' ? formatMetric(best, metric.unit) : `${name} ${formatMetric(best, metric.unit)}`;
}

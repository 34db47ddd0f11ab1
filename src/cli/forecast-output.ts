// A forecast as a table for people.
import type { Forecast, Machines } from '../cluster/forecast.ts';
import type { PriceTable } from '../cluster/prices.ts';
import { formatCount, formatDuration, formatNumber, formatPercent } from '../report/format.ts';
import { type TextColumn, textTable } from '../report/text-table.ts';
import type { Host } from './host.ts';

export interface Forecasts {
  /** Where the times of shards come from, in words. */
  readonly basis: string;
  readonly shards: number;
  readonly workSeconds: number;
  /** Of one container, before it scores. */
  readonly overheadSeconds: number;
  readonly machines: Machines;
  readonly prices: Pick<PriceTable, 'currency' | 'region' | 'date'> & {
    readonly source: string;
    readonly confirmed: boolean;
  };
  readonly assumed: readonly string[];
  readonly rows: readonly Forecast[];
}

const BOUNDS = {
  work: 'the work itself',
  start: 'starting containers',
  candles: 'fetching candles',
  cuts: 'too few shards, or unequal ones',
  stragglers: 'the slowest machines',
  interruptions: 'interruptions',
  merge: 'the merge',
} as const;

export function printForecasts(forecasts: Forecasts, host: Host): void {
  const { basis, shards, workSeconds, machines, prices, assumed, rows } = forecasts;
  const { columns: width, color } = host.stdout;
  const { platform, vcpu, memoryGib } = machines;
  const money = (amount: number): string => `${formatNumber(amount, amount < 1 ? 4 : 2)}`;
  const column = (heading: string, priority: number, cells: readonly string[]): TextColumn => ({
    heading,
    align: 'right',
    cells,
    priority,
  });
  const table = textTable(
    [
      column(
        'Containers',
        0,
        rows.map(({ nodes }) => formatCount(nodes)),
      ),
      column(
        'Time',
        0,
        rows.map(({ seconds }) => formatDuration(seconds * 1000)),
      ),
      column(
        '19 of 20 within',
        2,
        rows.map((row) => formatDuration(row.seconds95 * 1000)),
      ),
      column(
        'Speed-up',
        3,
        rows.map(({ speedUp }) => formatNumber(speedUp, speedUp < 10 ? 2 : 0)),
      ),
      column(
        'Efficiency',
        0,
        rows.map(({ efficiency }) => formatPercent(efficiency, efficiency < 0.1 ? 2 : 0)),
      ),
      column(
        prices.currency,
        0,
        rows.map(({ cost }) => money(cost)),
      ),
      column(
        'Interrupted',
        4,
        rows.map(({ interruptions }) => formatCount(interruptions)),
      ),
      {
        ...column(
          'Bound by',
          1,
          rows.map((row) => boundText(row)),
        ),
        align: 'left',
      },
    ],
    { width, color },
  );
  const sure = prices.confirmed ? '' : ', not confirmed';
  host.stdout.write(
    [
      `${formatCount(shards)} ${shards === 1 ? 'shard' : 'shards'}, ${formatDuration(workSeconds * 1000)} of work by ${basis}.`,
      `Containers of ${formatCount(vcpu)} vCPU and ${formatCount(memoryGib)} GiB on ${platform}; prices of ${prices.region}, ${prices.date}${sure}.`,
      '',
      table,
      '',
      ...shortShards(forecasts),
      'A simulation, not a promise: medians of 21 runs. Assumed:',
      ...assumed.map((text) => `  ${text}`),
      '',
    ].join('\n'),
  );
}

/** Containers that start for longer than they work are the usual mistake. */
function shortShards({ shards, workSeconds, overheadSeconds }: Forecasts): string[] {
  const enough = Math.max(1, Math.floor(workSeconds / (SHARD_STARTS * overheadSeconds)));
  if (workSeconds / shards >= overheadSeconds || enough >= shards) return [];
  const each = formatDuration((workSeconds / shards) * 1000);
  const starts = formatDuration(overheadSeconds * 1000);
  return [
    `A shard works for ${each} and starts for ${starts}. ${enough === 1 ? 'One machine is enough: gridmill sweep.' : `Cut fewer: --shards ${enough}.`}`,
    '',
  ];
}

/** Times its own start that a shard should work. */
const SHARD_STARTS = 3;

const boundText = ({ boundBy, boundShare }: Forecasts['rows'][number]): string =>
  boundBy === 'work' ? BOUNDS.work : `${BOUNDS[boundBy]} (${formatPercent(boundShare, 0)})`;

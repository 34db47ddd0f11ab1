// What a sweep would take, as a table for people or one JSON object for scripts.
import { formatCount, formatDuration } from '../report/format.ts';
import { keyValueTable } from '../report/terminal.ts';
import type { SweepEstimate } from '../sweep/estimate.ts';
import type { Host } from './host.ts';

const MB = 1e6;
const megabytes = (bytes: number): string => `${formatCount(Math.ceil(bytes / MB))} MB`;
const counted = (count: number | undefined): string => (count === undefined ? 'too many to count' : formatCount(count));

export function printEstimate(estimate: SweepEstimate, json: boolean, host: Host): void {
  if (json) {
    host.stdout.write(`${JSON.stringify({ estimate })}\n`);
    return;
  }
  const { bytes } = estimate;
  const pairs = [
    {
      label: 'Variants',
      value: `${counted(estimate.variants)}, of which ${counted(estimate.toScore)} would be scored`,
    },
    {
      label: 'Engine',
      value: `${estimate.engine} (${estimate.engineReason}), ${estimate.workers === 1 ? 'one thread' : `${formatCount(estimate.workers)} threads`}`,
    },
    {
      label: 'Time',
      value:
        estimate.seconds === undefined ? 'unknown' : `about ${formatDuration(Math.max(1, estimate.seconds * 1000))}`,
    },
    {
      label: 'Memory',
      value: `${megabytes(bytes.total)} at peak; at least --memory ${megabytes(bytes.minimum).replace(' ', '')}`,
    },
    { label: 'Candles', value: megabytes(bytes.candles) },
    {
      label: 'Columns',
      value: `${formatCount(estimate.distinctColumns)} different, ${megabytes(bytes.columnsDistinct)}; ${megabytes(bytes.columnsKept)} kept per thread`,
    },
    { label: 'One variant', value: `${megabytes(bytes.variant)} per thread` },
  ];
  const { columns: width, color } = host.stdout;
  host.stdout.write(`${keyValueTable(pairs, { width, color })}\n`);
}

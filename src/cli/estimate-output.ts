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
    { label: 'Runtime', value: megabytes(bytes.runtime) },
    { label: 'Candles', value: megabytes(bytes.candles) },
    { label: 'Columns', value: columnsText(estimate) },
    { label: 'Threads', value: `${megabytes(bytes.threads)} to work in, ${megabytes(bytes.rows)} of rows` },
    ...(bytes.models === 0 ? [] : [{ label: 'Models', value: megabytes(bytes.models) }]),
    { label: 'Batches', value: `of up to ${formatCount(estimate.variantsPerBatch)} variants` },
  ];
  const { columns: width, color } = host.stdout;
  host.stdout.write(`${keyValueTable(pairs, { width, color })}\n`);
}

function columnsText({ distinctColumns, columnsToCompute, bytes }: SweepEstimate): string {
  const again =
    columnsToCompute !== undefined && columnsToCompute > distinctColumns
      ? `, ${formatCount(columnsToCompute)} computations`
      : '';
  return `${formatCount(distinctColumns)} different, ${megabytes(bytes.columnsDistinct)}; ${megabytes(bytes.columns)} kept${again}`;
}

// Trials of a log as JSON records: number, window, point, and per market the metrics in a row, or the failure.
import type { Json } from '../core/hash.ts';
import { METRIC_NAMES, type Metrics } from '../metrics/metrics.ts';
import { hasFailed, type TrialOutcome, type TrialRow } from '../trials/trial.ts';
import type { LoggedTrial } from './trial-log.ts';

type Cell = readonly (number | null)[] | { readonly row: readonly (number | null)[]; readonly own: Json } | Failure;

interface Failure {
  readonly error: string;
  readonly code: string;
}

export const encodeTrial = (n: number, { rung, point, outcomes }: LoggedTrial): Json => [
  n,
  rung,
  point,
  outcomes.map(encodeOutcome),
];

function encodeOutcome(outcome: TrialOutcome): Json {
  if (hasFailed(outcome)) return { error: outcome.error, code: outcome.code };
  const row = METRIC_NAMES.map((name) => outcome.metrics[name]);
  return outcome.profileMetrics === undefined ? row : { row, own: outcome.profileMetrics as unknown as Json };
}

/** A record that encodeTrial made; its checksum has vouched for it. */
export function decodeTrial(record: Json): LoggedTrial {
  const [, rung, point, cells] = record as unknown as [number, number, number[], Cell[]];
  return { rung, point, outcomes: cells.map(decodeOutcome) };
}

function decodeOutcome(cell: Cell): TrialOutcome {
  if ('error' in cell) return cell;
  const row = 'row' in cell ? cell.row : cell;
  const metrics = Object.fromEntries(METRIC_NAMES.map((name, m) => [name, row[m] ?? null])) as Metrics;
  return 'row' in cell
    ? { metrics, profileMetrics: cell.own as unknown as NonNullable<TrialRow['profileMetrics']> }
    : { metrics };
}

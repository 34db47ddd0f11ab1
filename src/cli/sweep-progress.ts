// The progress of a sweep, of one market or of many cells, as one line.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { formatMetric } from '../report/format.ts';
import { cellName } from '../sweep/many-cells.ts';
import type { ManyCell, ManyProgress, ManyRequest } from '../sweep/many-request.ts';
import type { SweepProgress } from '../sweep/request.ts';
import { rateAndEta } from './progress.ts';

/** Makes the text of each step: rate and time left count from the start of the stage. */
export function sweepProgressTexts(rank: MetricName): (progress: SweepProgress) => string {
  const counted = countTexts();
  return (progress) => joined([...counted(progress), bestText(progress.best, 'best', rank)]);
}

/** As sweepProgressTexts, with the cell that is being scored. Counts are back-tests, variants times cells. */
export function manyProgressTexts(
  { rank, across }: Pick<ManyRequest, 'rank' | 'across'>,
  cells: readonly ManyCell[],
): (progress: ManyProgress) => string {
  const counted = countTexts();
  const names = cells.map(cellName);
  return (progress) => {
    const [stage, ...counts] = counted(progress);
    const best = across === 'profitable' ? 'best' : `best ${across}`;
    const text = bestText(progress.best, best, across === 'profitable' ? 'winRate' : rank);
    return joined([stage!, ...counts, text, `cell ${progress.cell + 1}/${cells.length} ${names[progress.cell]}`]);
  };
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('  ');

const bestText = (best: number | undefined, label: string, rank: MetricName): string =>
  best === undefined || Number.isNaN(best) ? '' : `${label} ${formatMetric(best, METRICS[rank].unit)}`;

/** Stage, counts, percent and rate. */
function countTexts(): (progress: Pick<SweepProgress, 'stage' | 'scored' | 'total' | 'elapsedMs'>) => string[] {
  let current: SweepProgress['stage'] | undefined;
  let beganMs = 0;
  return ({ stage, scored, total, elapsedMs }) => {
    if (stage !== current) {
      // The first stage began with the sweep; a later one when it is first heard of.
      beganMs = current === undefined ? 0 : elapsedMs;
      current = stage;
    }
    const of = total === undefined ? '' : ` of ${total.toLocaleString('en')}`;
    const percent = total === undefined || total === 0 ? '' : `${Math.floor((scored / total) * 100)}%`;
    const rate = rateAndEta(scored, total, elapsedMs - beganMs);
    return [`stage ${stage}`, `${scored.toLocaleString('en')}${of}`, percent, rate];
  };
}

// The progress of a sweep as one line.
import { METRICS, type MetricName } from '../metrics/metrics.ts';
import { formatMetric } from '../report/format.ts';
import type { SweepProgress } from '../sweep/request.ts';
import { rateAndEta } from './progress.ts';

/** Makes the text of each step: rate and time left count from the start of the stage. */
export function sweepProgressTexts(rank: MetricName): (progress: SweepProgress) => string {
  let current: SweepProgress['stage'] | undefined;
  let beganMs = 0;
  return ({ stage, scored, total, elapsedMs, best }) => {
    if (stage !== current) {
      // The first stage began with the sweep; a later one when it is first heard of.
      beganMs = current === undefined ? 0 : elapsedMs;
      current = stage;
    }
    const of = total === undefined ? '' : ` of ${total.toLocaleString('en')}`;
    const percent = total === undefined || total === 0 ? '' : `${Math.floor((scored / total) * 100)}%`;
    const rate = rateAndEta(scored, total, elapsedMs - beganMs);
    const found = best === undefined || Number.isNaN(best) ? '' : `best ${formatMetric(best, METRICS[rank].unit)}`;
    return [`stage ${stage}`, `${scored.toLocaleString('en')}${of}`, percent, rate, found]
      .filter((part) => part !== '')
      .join('  ');
  };
}

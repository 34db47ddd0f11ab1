// The progress of a study as one line: counts, pace, the best so far, what is in flight, what it costs.
import { METRICS } from '../metrics/metrics.ts';
import type { StudyProgress } from '../optimise/run-study.ts';
import type { StudyRequest } from '../optimise/study.ts';
import { formatMetric } from '../report/format.ts';
import type { Host } from './host.ts';
import { rateAndEta } from './progress.ts';

/** Makes the text of each step. What was replayed from a log does not count for the pace. */
export function studyProgressTexts(
  { objectives, mode, trials }: Pick<StudyRequest, 'objectives' | 'mode' | 'trials'>,
  { clock, usage }: Pick<Host, 'clock' | 'usage'>,
): (progress: StudyProgress) => string {
  let beforeMs = clock.monotonicMs();
  let beforeCpuMs = usage().cpuMs;
  const [first] = objectives;
  const unit =
    first!.metrics.length === 1 && first!.text === first!.metrics[0] ? METRICS[first!.metrics[0]!].unit : 'ratio';
  return ({ done, total, replayed, inFlight, failed, best, elapsedMs }) => {
    const nowMs = clock.monotonicMs();
    const { cpuMs, residentBytes } = usage();
    const cpu = nowMs > beforeMs ? Math.round(((cpuMs - beforeCpuMs) / (nowMs - beforeMs)) * 100) : 0;
    beforeMs = nowMs;
    beforeCpuMs = cpuMs;
    const left = rateAndEta(done - replayed, trials >= 1_000_000 ? undefined : total - replayed, elapsedMs);
    return [
      mode,
      `${done.toLocaleString('en')}${trials >= 1_000_000 ? '' : ` of ${total.toLocaleString('en')}  ${Math.floor((done / total) * 100)}%`}`,
      left,
      best === undefined ? '' : `best ${formatMetric(best, unit)}`,
      `${inFlight} in flight`,
      failed > 0 ? `${failed.toLocaleString('en')} failed` : '',
      `CPU ${cpu}%`,
      `${Math.round(residentBytes / 1e6)} MB`,
    ]
      .filter((part) => part !== '')
      .join('  ');
  };
}

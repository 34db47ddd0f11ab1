// How far estimates of sweeps were right: kept after each sweep, and looked up for the runs nearest to one that is asked for.
import { type CostRecord, openCostLog } from '../store/cost-log.ts';
import type { ResultRecord } from './result-record.ts';
import type { PreparedSweep, RunContext } from './sweep-run.ts';

/** What makes runs similar. */
export interface CostKind {
  readonly strategyKind: string;
  readonly bars: number;
  readonly variants: number;
}

/** Actual by predicted: 2 is twice as much as was foretold. */
export interface RatioRange {
  readonly runs: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Of the runs nearest in bars and variants among those of the same kind of strategy; null where none has been measured. */
export interface SimilarRuns {
  readonly known: number;
  readonly nearest: number;
  readonly variants: RatioRange | null;
  readonly bytes: RatioRange | null;
  readonly seconds: RatioRange | null;
  /** Variants scored in a second by all threads together, as they were: bars and machine are theirs. */
  readonly variantsPerSecond: RatioRange | null;
  /** Bars and variants of the nearest and of the farthest of them. */
  readonly from: readonly Pick<CostRecord, 'bars' | 'variantsActual' | 'engine' | 'workers' | 'atMs'>[];
}

const NEAREST_RUNS = 20;

export const strategyKind = ({ loadedStrategy }: Pick<PreparedSweep, 'loadedStrategy'>): string => {
  const { program, compute } = loadedStrategy.strategy;
  return program?.kind ?? (compute === undefined ? 'signals' : 'function');
};

/** To be called for sweeps that were scored to their end in one go. Errors: STORE_FULL, STORE_UNWRITABLE. */
export function rememberCost(
  prepared: PreparedSweep,
  record: ResultRecord,
  variantsPredicted: number,
  { storeRoot, clock }: Pick<RunContext, 'storeRoot' | 'clock'>,
): void {
  const { plan, engine, bars, scored, elapsedMs, engineVersion } = record;
  openCostLog(storeRoot).append({
    atMs: clock.wallMs(),
    engineVersion,
    strategyKind: strategyKind(prepared),
    engine: engine?.name ?? 'normative',
    bars,
    workers: plan.workers,
    variantsPredicted,
    variantsActual: scored,
    bytesPredicted: Math.floor(plan.bytesPredicted),
    bytesActual: plan.bytesActual,
    secondsPredicted: plan.secondsPredicted,
    secondsActual: elapsedMs / 1000,
  });
}

/** Errors: STORE_UNREADABLE. */
export const similarRuns = (kind: CostKind, storeRoot: string): SimilarRuns =>
  nearestRuns(kind, openCostLog(storeRoot).list());

export function nearestRuns(kind: CostKind, records: readonly CostRecord[]): SimilarRuns {
  const alike = records.filter((record) => record.strategyKind === kind.strategyKind);
  // Twice the bars are as far as twice the variants; of equally near ones the newest tell more.
  const nearest = alike
    .map((record) => ({ record, distance: distanceOf(kind, record) }))
    .sort((a, b) => a.distance - b.distance || b.record.atMs - a.record.atMs)
    .slice(0, NEAREST_RUNS)
    .map(({ record }) => record);
  const range = (read: (record: CostRecord) => number | null): RatioRange | null => rangeOf(nearest.map(read));
  const ends = nearest.length > 1 ? [nearest[0]!, nearest.at(-1)!] : nearest;
  return {
    known: alike.length,
    nearest: nearest.length,
    variants: range((run) => ratio(run.variantsActual, run.variantsPredicted)),
    bytes: range((run) => ratio(run.bytesActual, run.bytesPredicted)),
    seconds: range((run) => ratio(run.secondsActual, run.secondsPredicted)),
    variantsPerSecond: range((run) => ratio(run.variantsActual, run.secondsActual)),
    from: ends.map(({ bars, variantsActual, engine, workers, atMs }) => ({
      bars,
      variantsActual,
      engine,
      workers,
      atMs,
    })),
  };
}

const distanceOf = (kind: CostKind, { bars, variantsActual }: CostRecord): number =>
  Math.abs(Math.log((kind.bars + 1) / (bars + 1))) + Math.abs(Math.log((kind.variants + 1) / (variantsActual + 1)));

const ratio = (actual: number | null, predicted: number | null): number | null =>
  actual === null || predicted === null || predicted <= 0 ? null : actual / predicted;

function rangeOf(values: readonly (number | null)[]): RatioRange | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const half = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
  return { runs: sorted.length, median, low: sorted[0]!, high: sorted.at(-1)! };
}

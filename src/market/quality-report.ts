// What a quality check found and did: the report stored beside candles, and the error when a defect is rejected.
import { AppError } from '../core/errors.ts';
import {
  type DefectKind,
  policyFor,
  QUALITY_POLICIES,
  type QualityPolicies,
  type QualityPolicy,
  type QualityRule,
} from './quality-policies.ts';

/** How many times of a defect a report names. */
export const EXAMPLES_MAX = 5;

export interface QualityDefect {
  readonly kind: DefectKind;
  readonly count: number;
  readonly policy: QualityPolicy;
  /** Open times (epoch ms UTC) of the first few, ascending in the order found; unreadable times are left out. */
  readonly firstTimes: readonly number[];
  /** What was done, as one sentence. */
  readonly action: string;
}

/** JSON-safe. Counts are of the candles after repair unless they say input. */
export interface QualityReport {
  readonly inputBarCount: number;
  readonly barCount: number;
  readonly firstTime: number;
  readonly lastTime: number;
  /** Candles absent between the first and the last, on the grid of the timeframe. */
  readonly missingCount: number;
  /** The step in candles across the largest gap and the time of the candle before it; null without gaps. */
  readonly largestGap: { readonly stepCount: number; readonly afterTime: number } | null;
  readonly zeroVolumeCount: number;
  /** Candles with open = high = low = close. */
  readonly flatCount: number;
  /** In the order of QUALITY_POLICIES; only kinds that were found. */
  readonly defects: readonly QualityDefect[];
}

/** Gathers defects in the order they are checked; throws on the first that its policy rejects. */
export class DefectLog {
  readonly defects: QualityDefect[] = [];
  readonly #policies: QualityPolicies;

  constructor(policies: QualityPolicies) {
    this.#policies = policies;
    for (const kind of Object.keys(policies)) policyFor(kind as DefectKind, policies);
  }

  /**
   * Records `bars` (indices into `time`) as defects of `kind` and answers whether to repair them. `detail` is added to
   * the action. Errors: the code of the kind when its policy is to reject.
   */
  add(kind: DefectKind, bars: readonly number[], time: Float64Array, detail = ''): boolean {
    if (bars.length === 0) return false;
    const rule: QualityRule = QUALITY_POLICIES[kind];
    const policy = policyFor(kind, this.#policies);
    if (policy === 'reject') throw rejection(kind, rule, bars, time, detail);
    const firstTimes: number[] = [];
    for (let k = 0; k < bars.length && firstTimes.length < EXAMPLES_MAX; k++) {
      const at = time[bars[k]!]!;
      if (Number.isFinite(at)) firstTimes.push(at);
    }
    const done =
      policy === 'repair'
        ? `${grouped(bars.length)} times ${rule.repaired}`
        : `kept ${grouped(bars.length)} as they are`;
    this.defects.push({ kind, count: bars.length, policy, firstTimes, action: `${done}${detail}.` });
    return policy === 'repair';
  }
}

/** 12873 -> 12,873. */
const grouped = (count: number): string => count.toLocaleString('en');

function rejection(
  kind: DefectKind,
  rule: QualityRule,
  bars: readonly number[],
  time: Float64Array,
  detail: string,
): AppError {
  const first = bars[0]!;
  const others = rule.allowed.filter((policy) => policy !== 'reject').join(' or ');
  return new AppError(rule.code, {
    rule: rule.rule,
    found: `${bars.length} x ${kind} in ${time.length} candles, first at candle ${first + 1} (${timeText(time[first]!)})${detail}.`,
    todo: `Correct the source, or choose the policy ${kind}=${others}.`,
  });
}

/** ISO 8601 UTC, or the number itself where it is no date. */
export function timeText(timeMs: number): string {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : `time ${timeMs}`;
}

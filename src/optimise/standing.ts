// How a trial did: its scores over all its cells, how far it is from meeting the conditions, and which of two did better.
import { dominates } from '../core/pareto-front.ts';
import type { MetricName, Metrics } from '../metrics/metrics.ts';
import { type Across, acrossScore } from '../sweep/many-across.ts';
import type { MetricCondition } from '../sweep/metric-condition.ts';
import { hasFailed, type TrialOutcome } from '../trials/trial.ts';
import { type Objective, scoreOf } from './objective.ts';

export interface Standing {
  readonly failed: boolean;
  /** One per objective, higher is better; NaN where undefined. Empty when the trial failed. */
  readonly scores: readonly number[];
  /** 0 when every condition is met in every cell; else by how much they are missed, in shares of their bounds. */
  readonly violation: number;
}

export interface Judge {
  readonly objectives: readonly Objective[];
  readonly where: readonly MetricCondition[];
  readonly across: Across;
}

const FAILED: Standing = { failed: true, scores: [], violation: Number.POSITIVE_INFINITY };
/** What an undefined metric misses a condition by: more than any defined one is likely to. */
const UNDEFINED_VIOLATION = 10;

/** The standing of a trial from the outcomes of its cells. One cell that failed fails the trial. */
export function standingOf({ objectives, where, across }: Judge, outcomes: readonly TrialOutcome[]): Standing {
  const rows: Metrics[] = [];
  for (const outcome of outcomes) {
    if (hasFailed(outcome)) return FAILED;
    rows.push(outcome.metrics);
  }
  const profitable = rows.filter(({ totalReturn }) => (totalReturn ?? 0) > 0).length;
  const scores = objectives.map((objective) => {
    if (rows.length === 1) return scoreOf(objective, objective.value(rows[0]!));
    const values = Float64Array.from(rows, (row) => scoreOf(objective, objective.value(row)));
    return acrossScore(across, values, profitable);
  });
  let violation = 0;
  for (const row of rows) for (const condition of where) violation += missedBy(condition, row);
  return { failed: false, scores, violation };
}

function missedBy(
  { metric, operator, value }: MetricCondition,
  row: Readonly<Record<MetricName, number | null>>,
): number {
  const found = row[metric];
  if (found === null) return UNDEFINED_VIOLATION;
  const short = operator === '>' || operator === '>=' ? value - found : found - value;
  const met = operator === '>' || operator === '<' ? short < 0 : short <= 0;
  // A strict bound that is met exactly is missed by next to nothing, which still is not nothing.
  return met ? 0 : Math.max(short, Number.EPSILON) / (Math.abs(value) + 1);
}

export const isFeasible = ({ failed, violation }: Standing): boolean => !failed && violation === 0;

/** What samplers remember of a trial. */
export interface Judged {
  readonly n: number;
  readonly point: readonly number[];
  readonly standing: Standing;
}

/**
 * Order by one objective: feasible before infeasible before failed; by score, an undefined one last; by violation; then
 * the earlier trial. Negative when `a` did better.
 */
export function compareJudged(a: Judged, b: Judged): number {
  const byClass = classOf(a.standing) - classOf(b.standing);
  if (byClass !== 0) return byClass;
  if (!a.standing.failed) {
    const [x, y] =
      a.standing.violation > 0
        ? [-a.standing.violation, -b.standing.violation]
        : [a.standing.scores[0]!, b.standing.scores[0]!];
    if (x !== y && !(Number.isNaN(x) && Number.isNaN(y)))
      return Number.isNaN(x) ? 1 : Number.isNaN(y) || x > y ? -1 : 1;
  }
  return a.n - b.n;
}

const classOf = (standing: Standing): number => (standing.failed ? 2 : standing.violation > 0 ? 1 : 0);

/** Judged trials of one window, best first. */
export interface Ladder {
  readonly size: number;
  add(trial: Judged): void;
  /** The best `count`, at most all. */
  best(count: number): readonly Judged[];
}

/** Most trials that a ladder of several objectives sorts into fronts; beyond it those of the last fronts are forgotten. */
const FRONTS_TRIALS_MAX = 2_048;

export function createLadder(objectives: number): Ladder {
  return objectives === 1 ? sortedLadder() : frontLadder();
}

function sortedLadder(): Ladder {
  const sorted: Judged[] = [];
  return {
    get size() {
      return sorted.length;
    },
    add(trial) {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (compareJudged(sorted[middle]!, trial) < 0) low = middle + 1;
        else high = middle;
      }
      sorted.splice(low, 0, trial);
    },
    best: (count) => sorted.slice(0, count),
  };
}

/** By nondominated fronts, the outermost first; within one by the first objective. Infeasible and failed ones follow. */
function frontLadder(): Ladder {
  let size = 0;
  let open: Judged[] = [];
  const rest = sortedLadder();
  let ordered: readonly Judged[] | undefined;
  const order = (): readonly Judged[] => {
    ordered ??= frontsOf(open).flat();
    return ordered;
  };
  return {
    get size() {
      return size;
    },
    add(trial) {
      size++;
      const { standing } = trial;
      if (!isFeasible(standing) || standing.scores.some(Number.isNaN)) {
        rest.add(trial);
        return;
      }
      open.push(trial);
      ordered = undefined;
      if (open.length > 2 * FRONTS_TRIALS_MAX) {
        open = order().slice(0, FRONTS_TRIALS_MAX);
        ordered = undefined;
      }
    },
    best(count) {
      const feasible = order().slice(0, count);
      return feasible.length < count ? [...feasible, ...rest.best(count - feasible.length)] : feasible;
    },
  };
}

/** Nondominated sorting: the front of all, the front of what is left, and so on. */
export function frontsOf(trials: readonly Judged[]): Judged[][] {
  const fronts: Judged[][] = [];
  let left = [...trials].sort(compareJudged);
  while (left.length > 0) {
    const front = left.filter((one) => !left.some((other) => dominates(other.standing.scores, one.standing.scores)));
    const members = new Set(front);
    left = left.filter((one) => !members.has(one));
    fronts.push(front);
  }
  return fronts;
}

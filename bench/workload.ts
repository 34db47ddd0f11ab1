// What a workload is to the harness: a question with a target, answered by sections of agreement and times.
import type { Agreement } from './agreement.ts';
import type { Effort, Timing } from './measure.ts';
import type { Peers } from './peers.ts';

export interface BenchContext {
  readonly root: string;
  /** Files of this run: inputs of other programs, their results. */
  readonly folder: string;
  readonly quick: boolean;
  readonly effort: Effort;
  readonly peers: Peers;
  /** Path of the bundled strategy of P6, which threads load by themselves. */
  readonly strategyModule: string;
  /** Path of the compiled C program; undefined when there is no compiler, and then the sentence that says so. */
  readonly dualSmaProgram: string | undefined;
  readonly dualSmaSkipped: string;
  /** One line for the person who waits. */
  say(line: string): void;
}

/** One table of a workload: one input, several engines. Times are absent where engines disagree. */
export interface Section {
  readonly input: string;
  readonly agreements: readonly Agreement[];
  readonly timings: readonly Timing[];
  /** What `Timing.units` counts, for the column "ns per ...". */
  readonly unit: string;
  /** The rows of the table are different pieces of work, so that none is faster than another. */
  readonly isNoRace?: boolean;
  /** Anything else that was measured, as sentences. */
  readonly facts: readonly string[];
}

export interface Verdict {
  readonly target: string;
  readonly measured: string;
  readonly met: boolean | undefined;
}

export interface Outcome {
  readonly sections: readonly Section[];
  readonly verdicts: readonly Verdict[];
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** Whether the Python processes are worth starting for it. */
  readonly usesPeers?: boolean;
  run(context: BenchContext): Promise<Outcome>;
}

export const nsPerUnit = ({ medianMs, units }: Timing): number => (medianMs * 1e6) / units;

/** How many times longer `b` takes than `a` per unit of work. */
export const times = (a: Timing, b: Timing): number => nsPerUnit(b) / nsPerUnit(a);

export function timingNamed(timings: readonly Timing[], name: string): Timing | undefined {
  return timings.find((timing) => timing.name === name);
}

/** A verdict on a number that should not be above `limit`; undefined could not be measured. */
export function atMost(what: string, limit: number, unit: string, value: number | undefined): Verdict {
  return {
    target: `${what}: at most ${limit} ${unit}`,
    measured: inUnits(value, unit),
    met: value === undefined ? undefined : value <= limit,
  };
}

/** A verdict on a number that should not be below `limit`. */
export function atLeast(what: string, limit: number, unit: string, value: number | undefined): Verdict {
  return {
    target: `${what}: at least ${limit} ${unit}`,
    measured: inUnits(value, unit),
    met: value === undefined ? undefined : value >= limit,
  };
}

const inUnits = (value: number | undefined, unit: string): string =>
  value === undefined ? 'not measured' : `${digits(value)} ${unit}`;

/** Three significant digits, without exponents. */
export function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toPrecision(2);
}

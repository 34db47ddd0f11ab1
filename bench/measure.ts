// Repeated, interleaved timing: every round runs each contestant once, so that a slow minute hits all of them.

/** One way of doing a piece of work. `runOnce` answers milliseconds of its own choosing: a child times itself. */
export interface Contestant {
  readonly name: string;
  /** What one repetition scores, in units of the workload: bar-variants, rows, trades. */
  readonly units: number;
  runOnce(): Promise<number>;
}

export interface Timing {
  readonly name: string;
  readonly units: number;
  readonly samplesMs: readonly number[];
  readonly minMs: number;
  readonly medianMs: number;
  /** Interquartile range as a share of the median. */
  readonly spread: number;
  /** The spread is above NOISY_SPREAD, or there are too few samples to tell. */
  readonly noisy: boolean;
}

export const NOISY_SPREAD = 0.15;
const SAMPLES_TO_JUDGE = 3;

/**
 * How often to repeat, and how much time one contestant may take: slow ones get fewer rounds, never fewer than one, and
 * twice the time when that makes enough of them.
 */
export interface Effort {
  readonly rounds: number;
  readonly contestantMs: number;
}

export const now = (): number => performance.now();

export async function timed(work: () => unknown): Promise<number> {
  const start = now();
  await work();
  return now() - start;
}

/** Untimed repetitions go on for this long, so that short ones are compiled before they are timed. */
const WARM_UP_MS = 500;

/** Warms every contestant up and then runs up to `effort.rounds` timed rounds. Timings come in the contestants' order. */
export async function interleave(contestants: readonly Contestant[], effort: Effort): Promise<Timing[]> {
  const samples = contestants.map((): number[] => []);
  const spentMs: number[] = [];
  for (const contestant of contestants) spentMs.push(await warmUp(contestant));
  for (let round = 0; round < effort.rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const limitMs = round < SAMPLES_TO_JUDGE ? 2 * effort.contestantMs : effort.contestantMs;
      if (round > 0 && spentMs[i] + samples[i][0] > limitMs) continue;
      const ms = await contestant.runOnce();
      samples[i].push(ms);
      spentMs[i] += ms;
    }
  }
  return contestants.map(({ name, units }, i) => timingOf(name, units, samples[i]));
}

async function warmUp(contestant: Contestant): Promise<number> {
  let spentMs = 0;
  do spentMs += await contestant.runOnce();
  while (spentMs < WARM_UP_MS);
  return spentMs;
}

export function timingOf(name: string, units: number, samplesMs: readonly number[]): Timing {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const medianMs = quantile(sorted, 0.5);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / medianMs;
  const noisy = spread > NOISY_SPREAD || sorted.length < SAMPLES_TO_JUDGE;
  return { name, units, samplesMs, minMs: sorted[0], medianMs, spread, noisy };
}

/** Linear between the neighbours, as numpy does. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

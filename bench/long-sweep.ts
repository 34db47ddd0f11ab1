// Sweeps that may take longer than anyone waits: run once against a deadline, repeated only when they finish.
import type { SweepRequest } from '../src/sweep/request.ts';
import type { Window } from '../src/sweep/window.ts';
import { engineName, type SweepOptions, sweep } from './gridmill.ts';
import { type Timing, timingOf } from './measure.ts';
import { type BenchContext, digits } from './workload.ts';

export interface LongSweep {
  readonly timing: Timing;
  /** Seconds of the whole grid: measured when it finished, else projected from the part that did. */
  readonly seconds: number;
  readonly finished: boolean;
  readonly fact: string;
}

/** Repeats the sweep within `context.effort`, or answers what a first run got done in `deadlineMs`. */
export async function longSweep(
  context: BenchContext,
  request: SweepRequest,
  window: Window,
  options: SweepOptions,
  deadlineMs: number,
): Promise<LongSweep> {
  const bars = window.candles.barCount;
  const name = `${engineName(options.engine)}, ${options.workers ?? 1} workers`;
  const first = await sweep(request, window, { ...options, deadlineMs });
  const { scored, variants, stopped } = first.outcome;
  const share = scored / variants;
  const all = variants.toLocaleString('en');
  if (stopped !== undefined) {
    const timing = timingOf(name, scored * bars, [first.ms]);
    const seconds = first.ms / 1000 / share;
    const fact = `${name}: stopped after ${digits(first.ms / 1000)} s with ${(share * 100).toFixed(2)} % of ${all} variants; at that pace the whole takes ${digits(seconds)} s.`;
    return { timing, seconds, finished: false, fact };
  }
  const samples: number[] = [];
  let spentMs = first.ms;
  while (samples.length < context.effort.rounds && spentMs + first.ms <= 2 * context.effort.contestantMs) {
    const { ms } = await sweep(request, window, options);
    samples.push(ms);
    spentMs += ms;
  }
  const timing = timingOf(name, variants * bars, samples.length === 0 ? [first.ms] : samples);
  const seconds = timing.medianMs / 1000;
  return { timing, seconds, finished: true, fact: `${name}: ${all} variants in ${digits(seconds)} s.` };
}

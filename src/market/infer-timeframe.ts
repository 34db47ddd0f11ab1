// Finds the timeframe of candles from their stamps.
import { type Timeframe, timeframeOfMs } from './timeframe.ts';

/** The share of steps one length must exceed to be clear on its own. */
const CLEAR_SHARE = 0.5;
/** The share that is enough when every other step is a multiple of it, as in a market with many empty minutes. */
const CLEAR_SHARE_OF_MULTIPLES = 0.1;

/**
 * The timeframe most steps between neighbouring times (epoch ms) have; null when there are fewer than two times or when
 * no step is clearly the most common one. The order of the times does not matter; repeated ones are passed over.
 */
export function inferTimeframe(times: Float64Array): Timeframe | null {
  const time = isRising(times) ? times : times.toSorted();
  const step = mostCommonStep(time);
  if (step === null) return null;
  const clear =
    step.share > CLEAR_SHARE || (step.share >= CLEAR_SHARE_OF_MULTIPLES && isEveryStepMultiple(time, step.ms));
  return clear ? (timeframeOfMs(step.ms) ?? null) : null;
}

function isRising(time: Float64Array): boolean {
  for (let i = 1; i < time.length; i++) if (time[i]! < time[i - 1]!) return false;
  return true;
}

function mostCommonStep(time: Float64Array): { readonly ms: number; readonly share: number } | null {
  const counts = new Map<number, number>();
  // Steps come in long runs, so the map is touched once per run and not once per candle.
  let runStep = Number.NaN;
  let runLength = 0;
  let total = 0;
  for (let i = 1; i < time.length; i++) {
    const step = time[i]! - time[i - 1]!;
    if (!(step > 0)) continue;
    total++;
    if (step === runStep) {
      runLength++;
      continue;
    }
    if (runLength > 0) counts.set(runStep, (counts.get(runStep) ?? 0) + runLength);
    runStep = step;
    runLength = 1;
  }
  if (runLength > 0) counts.set(runStep, (counts.get(runStep) ?? 0) + runLength);
  let best: number | null = null;
  let bestCount = 0;
  for (const [step, count] of counts) {
    // Of two equally common steps the shorter: it is clear only if it divides the longer.
    if (count > bestCount || (count === bestCount && best !== null && step < best)) {
      best = step;
      bestCount = count;
    }
  }
  return best === null ? null : { ms: best, share: bestCount / total };
}

function isEveryStepMultiple(time: Float64Array, stepMs: number): boolean {
  for (let i = 1; i < time.length; i++) {
    const step = time[i]! - time[i - 1]!;
    if (step > stepMs && step % stepMs !== 0) return false;
    if (step > 0 && step < stepMs) return false;
  }
  return true;
}

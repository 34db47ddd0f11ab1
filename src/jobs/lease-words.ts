// The shared memory between an attempt and the thread that renews its lease: why to stop, and whether it moves.
import type { JobProgress } from './job.ts';

/** Why an attempt must stop. `lost`: its lease is gone, or can no longer be known to be held. */
export type StopCause = 'cancelled' | 'lost' | 'deadline' | 'shutdown';

const CAUSES: readonly (StopCause | undefined)[] = [undefined, 'cancelled', 'lost', 'deadline', 'shutdown'];

const STOP = 0;
const TICKS = 1;
const DONE = 0;
const TOTAL = 1;
const STAGE = 2;
const BEST = 3;
const NUMBERS = 4;
const WORD_BYTES = 8;
const BYTES = WORD_BYTES + NUMBERS * Float64Array.BYTES_PER_ELEMENT;

/** Made anew for each attempt, so that nothing that arrives late can touch the next one. */
export interface LeaseWords {
  readonly shared: SharedArrayBuffer;
  stop(): StopCause | undefined;
  /** The first cause stays. */
  setStop(cause: StopCause): void;
  /** Changes whenever the attempt moves. */
  ticks(): number;
  tick(): void;
  progress(): JobProgress;
  setProgress(progress: JobProgress): void;
}

export function createLeaseWords(shared = new SharedArrayBuffer(BYTES)): LeaseWords {
  const words = new Int32Array(shared, 0, 2);
  const numbers = new Float64Array(shared, WORD_BYTES, NUMBERS);
  return {
    shared,
    stop: () => CAUSES[Atomics.load(words, STOP)],
    setStop(cause) {
      Atomics.compareExchange(words, STOP, 0, CAUSES.indexOf(cause));
    },
    ticks: () => Atomics.load(words, TICKS),
    tick() {
      Atomics.add(words, TICKS, 1);
    },
    progress() {
      const [stage, best] = [numbers[STAGE]!, numbers[BEST]!];
      return {
        done: numbers[DONE]!,
        total: numbers[TOTAL]!,
        ...(stage === 0 ? {} : { stage }),
        ...(stage === 0 || Number.isNaN(best) ? {} : { best }),
      };
    },
    setProgress({ done, total, stage = 0, best = Number.NaN }) {
      numbers[DONE] = done;
      numbers[TOTAL] = total;
      numbers[STAGE] = stage;
      numbers[BEST] = best;
    },
  };
}

// Growing waits with jitter between tries, so that many processes do not knock on a sick database together.
import type { Prng } from '../core/prng.ts';

export interface Backoff {
  /** The wait before the next try: random between half and all of a limit that doubles up to `maxMs`. */
  nextMs(): number;
  /** After a success. */
  reset(): void;
}

export function createBackoff(prng: Prng, baseMs: number, maxMs: number): Backoff {
  let limit = baseMs;
  return {
    nextMs() {
      const wait = limit * (0.5 + prng.next() / 2);
      limit = Math.min(maxMs, limit * 2);
      return wait;
    },
    reset() {
      limit = baseMs;
    },
  };
}

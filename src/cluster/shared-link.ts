// A place that many machines read from at once: each gets what its own line carries, or its equal share of what the place can give.
import { createEventQueue } from './event-queue.ts';

export interface SharedLink {
  /** When the next of the readers is done; infinite when nobody reads. */
  readonly nextTime: number;
  /** A reader starts on one unit of work. */
  start(nowSeconds: number, reader: number): void;
  /** Takes out the reader that is done at `nextTime`. */
  finish(): number;
}

/**
 * Work is counted in units that are alike: one reader alone does `alonePerSecond` of them, all together at most `togetherPerSecond`.
 * Progress is kept as one sum for all readers (what each has been given since the beginning), so that a start or an end costs O(log n).
 */
export function createSharedLink(alonePerSecond: number, togetherPerSecond: number): SharedLink {
  const readers = createEventQueue();
  let atSeconds = 0;
  let given = 0;
  const rate = (): number => Math.min(alonePerSecond, togetherPerSecond / readers.size);
  const nextTime = (): number =>
    readers.size === 0 ? Number.POSITIVE_INFINITY : atSeconds + Math.max(0, readers.time - given) / rate();
  return {
    get nextTime() {
      return nextTime();
    },
    start(nowSeconds, reader) {
      if (readers.size > 0) given += (nowSeconds - atSeconds) * rate();
      atSeconds = nowSeconds;
      readers.put(given + 1, reader);
    },
    finish() {
      const now = nextTime();
      given = Math.max(given, readers.time);
      atSeconds = now;
      return readers.take();
    },
  };
}

// Virtual time: processes whose clocks, pauses and deaths a seed decides, run in one thread, one event at a time.
import type { Prng } from '../../src/core/prng.ts';
import type { Time } from '../../src/jobs/time.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** The true time of the world, which no process knows. */
export interface World {
  nowMs(): number;
  after(ms: number, run: () => void): void;
  /** Runs events until `until` holds or the true time `endMs` is reached. */
  runUntil(until: () => boolean, endMs: number): Promise<void>;
}

export function createWorld(): World {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;
  const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const push = (event: Event): void => {
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  };
  const pop = (): Event => {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        if (left >= heap.length) break;
        const child = left + 1 < heap.length && isBefore(heap[left + 1]!, heap[left]!) ? left + 1 : left;
        if (!isBefore(heap[child]!, heap[i]!)) break;
        [heap[i], heap[child]] = [heap[child]!, heap[i]!];
        i = child;
      }
    }
    return top;
  };
  return {
    nowMs: () => now,
    after(ms, run) {
      push({ atMs: now + Math.max(0, ms), order: order++, run });
    },
    async runUntil(until, endMs) {
      // What started before the first event runs first.
      await settle();
      while (heap.length > 0 && !until() && heap[0]!.atMs <= endMs) {
        const event = pop();
        now = event.atMs;
        event.run();
        await settle();
      }
    },
  };
}

/** Lets everything that waits for no event run: a tick asked for by a promise reaction comes after all reactions. */
const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export interface Process {
  readonly name: string;
  readonly host: number;
  readonly time: Time;
  isAlive(): boolean;
  kill(): void;
  /** Like SIGSTOP and, `ms` later, SIGCONT. */
  pause(ms: number): void;
  /** Makes its monotonic clock jump forward. */
  leap(ms: number): void;
  /** Runs `action` in the process: never when it is dead, later when it is paused. */
  deliver(action: () => void): void;
}

export function createProcess(world: World, name: string, host: number, prng: Prng): Process {
  const rate = 0.97 + 0.06 * prng.next();
  let offset = prng.next() * 1e6;
  let resumeMs = 0;
  let alive = true;
  const deliver = (action: () => void): void => {
    if (!alive) return;
    const wait = resumeMs - world.nowMs();
    if (wait > 0) world.after(wait, () => deliver(action));
    else action();
  };
  return {
    name,
    host,
    time: {
      monotonicMs: () => offset + world.nowMs() * rate,
      // Wall time decides nothing: it runs wild.
      wallMs: () => Math.floor(1e12 + 1e9 * prng.next()),
      sleep: (ms, wake) =>
        new Promise((resolve) => {
          const end = (): void => {
            wake?.removeEventListener('abort', end);
            resolve();
          };
          if (wake?.aborted) resolve();
          else wake?.addEventListener('abort', end);
          world.after(ms / rate, () => deliver(end));
        }),
    },
    isAlive: () => alive,
    kill() {
      alive = false;
    },
    pause(ms) {
      resumeMs = Math.max(resumeMs, world.nowMs() + ms);
    },
    leap(ms) {
      offset += ms;
    },
    deliver,
  };
}

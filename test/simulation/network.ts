// The way from a simulated process to the store: slow, lossy, repeating, at times cut.
import { AppError } from '../../src/core/errors.ts';
import type { Prng } from '../../src/core/prng.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import type { Process, World } from './virtual-time.ts';

export interface Weather {
  /** Chances per call. */
  lostRequest: number;
  lostReply: number;
  repeated: number;
  /** Milliseconds of one way, at most. */
  delayMsMax: number;
  /** True time until which nothing arrives. */
  cutUntilMs: number;
}

export const CALM: Weather = { lostRequest: 0, lostReply: 0, repeated: 0, delayMsMax: 20, cutUntilMs: 0 };

const TIMEOUT_MS = 3_000;
/** A repeated request arrives up to this much later. */
const ECHO_MS_MAX = 40_000;

const unreachable = (): AppError => new AppError('QUEUE_UNREACHABLE', { found: 'no answer.', todo: 'Try again.' });

/** The store as `process` reaches it. Requests of a process that died meanwhile still arrive. */
export function connect(store: JobStore, world: World, process: Process, prng: Prng, weather: Weather): JobStore {
  const call = (method: (...args: never[]) => Promise<unknown>, args: never[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const delay = (): number => prng.next() * weather.delayMsMax;
      const answer = (ms: number, action: () => void): void => world.after(ms, () => process.deliver(action));
      const isLost = prng.next() < weather.lostRequest || world.nowMs() < weather.cutUntilMs;
      if (isLost) {
        answer(TIMEOUT_MS, () => reject(unreachable()));
        return;
      }
      const losesReply = prng.next() < weather.lostReply;
      world.after(delay(), () => {
        method(...args).then(
          (value) => {
            if (losesReply) answer(TIMEOUT_MS, () => reject(unreachable()));
            else answer(delay(), () => resolve(value));
          },
          (error) => answer(delay(), () => reject(error)),
        );
      });
      if (prng.next() < weather.repeated) {
        world.after(prng.next() * ECHO_MS_MAX, () => void method(...args).catch(() => undefined));
      }
    });
  return new Proxy(store, {
    get(target, name) {
      const member = target[name as keyof JobStore];
      if (typeof member !== 'function') return member;
      return (...args: never[]) => call(member as (...args: never[]) => Promise<unknown>, args);
    },
  });
}

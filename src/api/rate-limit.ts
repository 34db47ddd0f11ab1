// How often each token, or each address without one, may ask: a bucket that fills steadily and holds one second's worth.
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { HTTP_LIMITS } from './limits.ts';

export interface RateLimit {
  /** Takes one request out of the bucket of `key`. Errors: RATE_LIMITED when it is empty. */
  take(key: string): void;
}

interface Bucket {
  level: number;
  filledAt: number;
}

export function createRateLimit(perSecond: number, clock: Clock, keysMax: number = HTTP_LIMITS.rateKeysMax): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    take(key) {
      const now = clock.monotonicMs();
      const { level, filledAt } = buckets.get(key) ?? { level: perSecond, filledAt: now };
      const filled = Math.min(perSecond, level + ((now - filledAt) / 1000) * perSecond);
      const isGranted = filled >= 1;
      // The longest unused comes first, and goes when there is no room: it has had the time to fill.
      buckets.delete(key);
      buckets.set(key, { level: isGranted ? filled - 1 : filled, filledAt: now });
      if (buckets.size > keysMax) buckets.delete(buckets.keys().next().value!);
      if (isGranted) return;
      throw new AppError('RATE_LIMITED', {
        rule: `A token may ask ${perSecond} times a second.`,
        found: 'more.',
        todo: 'Wait for a second, and ask for more at a time.',
      });
    },
  };
}

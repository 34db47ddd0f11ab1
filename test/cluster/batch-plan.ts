// A seeded plan of what strikes the children of an array: Spot interruptions in both platforms' words, hosts that are lost, doubled containers.
import { createPrng } from '../../src/core/prng.ts';
import type { BatchChild, Strike } from './batch-attempt.ts';

export interface StrikePlan {
  readonly seed: number;
  /** So many children of the array are struck in each way, at their first attempt. */
  readonly each: Readonly<Partial<Record<Strike['how'], number>>>;
  /** Of these attempts, so many are struck by a Spot interruption of Fargate again. */
  readonly again: number;
  readonly size: number;
  /** When an interruption comes: milliseconds after `from` settles, below `spreadMs`. */
  readonly from: (child: Pick<BatchChild, 'jobId' | 'attempt'>) => Promise<void>;
  readonly spreadMs: number;
}

/** The same seed strikes the same children in the same way, whichever order they run in. */
export function planStrikes({ seed, each, again, size, from, spreadMs }: StrikePlan) {
  const prng = createPrng(seed);
  const indices = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = prng.nextBelow(i + 1);
    [indices[i], indices[j]] = [indices[j]!, indices[i]!];
  }
  const hows = Object.entries(each).flatMap(([how, count]) => Array<Strike['how']>(count).fill(how as Strike['how']));
  if (hows.length > size) throw new Error(`${hows.length} strikes for ${size} children`);
  const first = new Map(hows.map((how, i) => [indices[i]!, how]));
  const second = new Set(
    [...first]
      .filter(([, how]) => how !== 'twin')
      .slice(0, again)
      .map(([index]) => index),
  );
  const delays = Array.from({ length: 2 * size }, () => prng.nextBelow(spreadMs));
  const howOf = (index: number, attempt: number): Strike['how'] | undefined =>
    attempt === 1 ? first.get(index) : attempt === 2 && second.has(index) ? 'fargate' : undefined;
  return {
    strike({ jobId, index, attempt }: Pick<BatchChild, 'jobId' | 'index' | 'attempt'>): Strike | undefined {
      const how = index === undefined ? undefined : howOf(index, attempt);
      if (how === undefined || how === 'twin') return how === undefined ? undefined : { how };
      const delay = delays[(attempt - 1) * size + index!]!;
      const after = from({ jobId, attempt }).then(() => new Promise((resolve) => setTimeout(resolve, delay)));
      return { how, after };
    },
    text: [...first].map(([index, how]) => `${index} ${how}${second.has(index) ? ', fargate' : ''}`).join('; '),
  };
}

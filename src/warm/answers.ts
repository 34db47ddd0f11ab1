// Answers kept by what they depend on: in this process, bounded by number, bytes and age, and in a store shared by several.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.ts';
import { hashJson, type Json } from '../core/hash.ts';
import { WARM_LIMITS } from './limits.ts';

/** A store that several services share. It is never needed: what it cannot do is left undone. */
export interface RemoteAnswers {
  /** Undefined when it has none, or does not answer in time. */
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string, ttlMs: number): Promise<void>;
  isReachable(): boolean;
  close(): Promise<void>;
}

export interface AnswersOptions {
  readonly clock: Clock;
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly ttlMs: number;
  readonly remote?: RemoteAnswers;
}

export interface AnswersStatus {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly remoteHits: number;
  readonly misses: number;
  readonly remoteReachable: boolean | null;
}

export interface Answers {
  find(key: string): Promise<Json | undefined>;
  /** Keeps an answer unless it is too large. */
  keep(key: string, answer: object): void;
  /** Forgets those of this process. */
  clear(): void;
  /** Forgets those of this process that are too old to be given. */
  dropOld(): void;
  status(): AnswersStatus;
  close(): Promise<void>;
}

/** What an answer depends on, besides the code that makes it. */
export interface AnswerContent {
  readonly engineVersion: string;
  readonly contentHash: string;
  readonly strategyHash: string;
  readonly request: Json;
}

export const answerKey = (content: AnswerContent): string => hashJson(content as unknown as Json);

export function createAnswers({ clock, entriesMax, bytesMax, ttlMs, remote }: AnswersOptions): Answers {
  const texts = new LRUCache<string, string>({
    max: entriesMax,
    maxSize: bytesMax,
    maxEntrySize: Math.min(bytesMax, WARM_LIMITS.answerBytesMax),
    // A character takes at most two bytes.
    sizeCalculation: (text, key) => 2 * (text.length + key.length),
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
  });
  const counts = { hits: 0, remoteHits: 0, misses: 0 };
  return {
    async find(key) {
      const own = texts.get(key);
      if (own !== undefined) {
        counts.hits++;
        return JSON.parse(own) as Json;
      }
      const text = await remote?.get(key);
      const answer = text === undefined ? undefined : parsed(text);
      if (answer === undefined) {
        counts.misses++;
        return undefined;
      }
      counts.remoteHits++;
      texts.set(key, text!);
      return answer;
    },
    keep(key, answer) {
      const text = JSON.stringify(answer);
      if (2 * text.length > WARM_LIMITS.answerBytesMax) return;
      texts.set(key, text);
      void remote?.set(key, text, ttlMs);
    },
    clear: () => texts.clear(),
    dropOld: () => void texts.purgeStale(),
    status: () => ({
      entries: texts.size,
      bytes: texts.calculatedSize,
      ...counts,
      remoteReachable: remote?.isReachable() ?? null,
    }),
    close: async () => {
      texts.clear();
      await remote?.close();
    },
  };
}

/** What others have written may be cut or foreign. */
function parsed(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

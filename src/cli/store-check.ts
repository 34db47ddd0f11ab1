// Reads a whole store through: candles, results, lists of instruments, studies and the queue, each by its own checksums.
import { isAppError } from '../core/errors.ts';
import { checkQueue } from '../jobs/queue-copy.ts';
import { openCandleStore } from '../store/candle-store.ts';
import { openInstrumentStore } from '../store/instrument-store.ts';
import { openResultStore } from '../store/result-store.ts';
import { openStudyStore } from '../store/study-store.ts';

export interface StoreFinding {
  /** What was checked, and how many of it. */
  readonly counts: Readonly<Record<'candles' | 'results' | 'instruments' | 'studies' | 'queues', number>>;
  /** One sentence each. */
  readonly damage: readonly string[];
}

/** Damage is an answer, not an error. Errors: STORE_UNREADABLE. */
export async function checkStore(root: string): Promise<StoreFinding> {
  const damage: string[] = [];
  const sound = (what: string, check: () => unknown): void => {
    try {
      check();
    } catch (error) {
      if (!isAppError(error)) throw error;
      damage.push(`${what}: ${error.found}`);
    }
  };
  const candles = openCandleStore(root);
  const series = candles.list();
  for (const { key, path, damage: found } of series) {
    if (found === undefined) sound(path, () => candles.verify(key));
    else damage.push(`${path}: ${found}`);
  }
  const results = openResultStore(root);
  const stored = results.list();
  for (const { id, path } of stored) sound(path, () => results.read(id));
  const instruments = openInstrumentStore(root);
  const lists = instruments.list();
  for (const exchange of lists) sound(`instruments of ${exchange}`, () => instruments.read(exchange));
  const studies = openStudyStore(root).list();
  for (const { name, damage: found } of studies) if (found !== undefined) damage.push(`study ${name}: ${found}`);
  let queues = 0;
  try {
    queues = Number(await checkQueue(root));
  } catch (error) {
    if (!isAppError(error, 'QUEUE_CORRUPT')) throw error;
    queues = 1;
    damage.push(`queue: ${error.found}`);
  }
  const counts = {
    candles: series.length,
    results: stored.length,
    instruments: lists.length,
    studies: studies.length,
    queues,
  };
  return { counts, damage };
}

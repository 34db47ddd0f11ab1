// Objects of a shared place read with a bounded number on their way: all of them, or one after the other as they are asked for.
import { assert } from '../core/assert.ts';

/**
 * What `read` makes of each item, in the order of the items, whichever comes first. Of several errors that of the first item is
 * thrown, when nothing is on its way any more; after an error nothing is begun.
 */
export async function readAll<Item, Read>(
  items: readonly Item[],
  atOnce: number,
  read: (item: Item) => Promise<Read>,
): Promise<Read[]> {
  const found = new Array<Read>(items.length);
  const errors = new Map<number, unknown>();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && errors.size === 0) {
      const at = next++;
      try {
        found[at] = await read(items[at]!);
      } catch (error) {
        errors.set(at, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));
  return found;
}

export interface AheadPlan<Read> {
  readonly count: number;
  /** Predicted. */
  readonly bytesOf: (at: number) => number;
  readonly read: (at: number) => Promise<Read>;
  /** Most objects that are on their way or wait to be asked for, and their bytes: one goes on whatever its size. */
  readonly atOnce: number;
  readonly bytesMax: number;
}

/** Answers what is asked for, which must be 0, 1, 2 …, and reads what will be next meanwhile. Errors: those of `read`, at their turn. */
export function readAhead<Read>({ count, bytesOf, read, atOnce, bytesMax }: AheadPlan<Read>) {
  const coming: { readonly bytes: number; readonly found: Promise<Read> }[] = [];
  let started = 0;
  let taken = 0;
  let held = 0;
  const begin = (): void => {
    for (; started < count; started++) {
      const bytes = bytesOf(started);
      if (coming.length > 0 && (coming.length >= atOnce || held + bytes > bytesMax)) return;
      const found = read(started);
      // It is heard when its turn comes, if it does.
      found.catch(() => undefined);
      coming.push({ bytes, found });
      held += bytes;
    }
  };
  return async (at: number): Promise<Read> => {
    assert(at === taken && at < count, 'what is read ahead is asked for in its order');
    begin();
    const first = coming[0]!;
    const found = await first.found;
    coming.shift();
    held -= first.bytes;
    taken++;
    return found;
  };
}

// What a thread of this process left in the store when it was ended in the middle of a write.
import { openCandleStore } from './candle-store.ts';
import { openResultStore } from './result-store.ts';

/** Removes its temporary files. A store that cannot be read now is left to the next clean-up. */
export function removeTempsOfThread(root: string, thread: number): void {
  for (const store of [openCandleStore(root), openResultStore(root)]) {
    try {
      store.recover(thread);
    } catch {
      // Nobody waits for it; whoever uses the store next is told what is wrong with it.
    }
  }
}

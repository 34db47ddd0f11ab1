// Lowers the priority of a computing thread, so that the one that answers goes first where both want the processor.
import { setPriority } from 'node:os';

const BELOW_ANSWERS = 10;

/**
 * Of the thread it is called in, and of those that thread starts. Only Linux has priorities of threads: elsewhere this would slow
 * the whole process.
 */
export function goBelowAnswers(): void {
  if (process.platform === 'linux') setPriority(0, BELOW_ANSWERS);
}

// What the event flags of one bar ask for, after conflicts cancelled and the direction was applied (rules 4 to 6).
import { type Direction, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from './simulation.ts';

const LONG_PAIR = ENTER_LONG | EXIT_LONG;
const SHORT_PAIR = ENTER_SHORT | EXIT_SHORT;
const ENTRY_PAIR = ENTER_LONG | ENTER_SHORT;
const FLAG_COMBINATIONS = 16;

/**
 * Flags after rule 6: entry and exit of one side cancel, then entries of both sides cancel. Conflicts are settled on
 * the flags as the strategy gave them, before the direction is applied.
 */
function cancelConflicts(flags: number): number {
  let left = flags;
  if ((left & LONG_PAIR) === LONG_PAIR) left &= ~LONG_PAIR;
  if ((left & SHORT_PAIR) === SHORT_PAIR) left &= ~SHORT_PAIR;
  if ((left & ENTRY_PAIR) === ENTRY_PAIR) left &= ~ENTRY_PAIR;
  return left;
}

/** Flags after rule 5: in one direction only, an entry of the other side is an exit. */
function applyDirection(flags: number, direction: Direction): number {
  if (direction === 'both') return flags;
  const entry = direction === 'long' ? ENTER_LONG : ENTER_SHORT;
  const exit = direction === 'long' ? EXIT_LONG : EXIT_SHORT;
  const oppositeEntry = ENTRY_PAIR & ~entry;
  return (flags & entry) | ((flags & (exit | oppositeEntry)) === 0 ? 0 : exit);
}

/** Settled flags by raw flags: a table of 16 entries, so that the bar loop does one look-up. */
export function actionTable(direction: Direction): Uint8Array {
  return Uint8Array.from({ length: FLAG_COMBINATIONS }, (_, flags) =>
    applyDirection(cancelConflicts(flags), direction),
  );
}

/** As `actionTable` without cancelling: for rule books that settle conflicts by the held position. */
export function directionTable(direction: Direction): Uint8Array {
  return Uint8Array.from({ length: FLAG_COMBINATIONS }, (_, flags) => applyDirection(flags, direction));
}

/** The bits of a signal byte that mean something: an index into the tables. */
export const FLAG_MASK = FLAG_COMBINATIONS - 1;

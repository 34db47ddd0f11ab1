// Event bitmaps of one variant: from conditions, targets or flags to settled events, word by word (fills rules 4 to 6).
import type { RuleBook } from '../simulate/profiles.ts';
import { type Direction, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from '../simulate/simulation.ts';

/** One bitmap per event, of equal length; bits beyond the last bar are 0. */
export interface EventBitmaps {
  readonly enterLong: Uint32Array;
  readonly exitLong: Uint32Array;
  readonly enterShort: Uint32Array;
  readonly exitShort: Uint32Array;
}

/**
 * Settles raw events in place: conflicts cancel, the direction is applied. Under our own rules conflicts are settled on
 * the events as the strategy gave them; vectorbt applies the direction first, and ignores what then conflicts.
 * signal-actions.ts says the same bar by bar.
 */
export function settleEvents(events: EventBitmaps, direction: Direction, ruleBook: RuleBook): void {
  if (ruleBook === 'vectorbt') {
    applyDirection(events, direction);
    cancelConflicts(events);
  } else {
    cancelConflicts(events);
    applyDirection(events, direction);
  }
}

function cancelConflicts({ enterLong, exitLong, enterShort, exitShort }: EventBitmaps): void {
  for (let word = 0; word < enterLong.length; word++) {
    const longPair = enterLong[word]! & exitLong[word]!;
    const shortPair = enterShort[word]! & exitShort[word]!;
    const long = enterLong[word]! & ~longPair;
    const short = enterShort[word]! & ~shortPair;
    const entryPair = long & short;
    enterLong[word] = long & ~entryPair;
    exitLong[word] = exitLong[word]! & ~longPair;
    enterShort[word] = short & ~entryPair;
    exitShort[word] = exitShort[word]! & ~shortPair;
  }
}

/** In one direction only, an entry of the other side is an exit. */
function applyDirection({ enterLong, exitLong, enterShort, exitShort }: EventBitmaps, direction: Direction): void {
  if (direction === 'both') return;
  const exit = direction === 'long' ? exitLong : exitShort;
  const opposite = direction === 'long' ? enterShort : enterLong;
  const otherExit = direction === 'long' ? exitShort : exitLong;
  for (let word = 0; word < exit.length; word++) exit[word] = exit[word]! | opposite[word]!;
  opposite.fill(0);
  otherExit.fill(0);
}

/**
 * Events of a target: `up` holds the bars whose target is +1, `down` those whose target is -1. The position before the
 * first bar is flat. Writes raw events.
 */
export function eventsOfTarget(events: EventBitmaps, up: Uint32Array, down: Uint32Array): void {
  const { enterLong, exitLong, enterShort, exitShort } = events;
  let upCarry = 0;
  let downCarry = 0;
  for (let word = 0; word < up.length; word++) {
    const upNow = up[word]!;
    const downNow = down[word]!;
    const upBefore = (upNow << 1) | upCarry;
    const downBefore = (downNow << 1) | downCarry;
    upCarry = upNow >>> 31;
    downCarry = downNow >>> 31;
    enterLong[word] = upNow & ~upBefore;
    exitLong[word] = upBefore & ~upNow;
    enterShort[word] = downNow & ~downBefore;
    exitShort[word] = downBefore & ~downNow;
  }
}

/** Clears the bits from bar `barCount` on, which shifting leaves behind in the last word. */
export function trimEvents(events: EventBitmaps, barCount: number): void {
  const rest = barCount & 31;
  if (rest === 0) return;
  const kept = 2 ** rest - 1;
  for (const bitmap of [events.enterLong, events.exitLong, events.enterShort, events.exitShort]) {
    bitmap[bitmap.length - 1] = bitmap[bitmap.length - 1]! & kept;
  }
}

/** Packs event flags, one byte per bar, into raw events. */
export function packFlags(events: EventBitmaps, flags: Uint8Array): void {
  const { enterLong, exitLong, enterShort, exitShort } = events;
  for (const bitmap of [enterLong, exitLong, enterShort, exitShort]) bitmap.fill(0);
  for (let bar = 0; bar < flags.length; bar++) {
    const flag = flags[bar]!;
    if (flag === 0) continue;
    const word = bar >>> 5;
    const bit = 1 << (bar & 31);
    if ((flag & ENTER_LONG) !== 0) enterLong[word] = enterLong[word]! | bit;
    if ((flag & EXIT_LONG) !== 0) exitLong[word] = exitLong[word]! | bit;
    if ((flag & ENTER_SHORT) !== 0) enterShort[word] = enterShort[word]! | bit;
    if ((flag & EXIT_SHORT) !== 0) exitShort[word] = exitShort[word]! | bit;
  }
}

/** Packs a target of +1, 0, -1 per bar into the bars that are up and those that are down. */
export function packTarget(up: Uint32Array, down: Uint32Array, target: Int8Array): void {
  for (let word = 0; word < up.length; word++) {
    const from = word * 32;
    const to = Math.min(from + 32, target.length);
    let above = 0;
    let below = 0;
    for (let bar = from; bar < to; bar++) {
      const value = target[bar]!;
      above |= (value > 0 ? 1 : 0) << (bar & 31);
      below |= (value < 0 ? 1 : 0) << (bar & 31);
    }
    up[word] = above;
    down[word] = below;
  }
}

/** Copies bits [from, from + barCount) of `source` to the start of `out`, and 0 into the rest of its last word. */
export function cutBits(out: Uint32Array, source: Uint32Array, from: number, barCount: number): void {
  const first = from >>> 5;
  const shift = from & 31;
  for (let word = 0; word < out.length; word++) {
    const low = source[first + word]!;
    const high = shift === 0 ? 0 : (source[first + word + 1] ?? 0) << (32 - shift);
    out[word] = (low >>> shift) | high;
  }
  const rest = barCount & 31;
  if (rest !== 0) out[out.length - 1] = out[out.length - 1]! & (2 ** rest - 1);
}

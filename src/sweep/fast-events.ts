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
 * Settles `raw` events into `out` (which may be `raw` itself): conflicts cancel, the direction is applied. Under our own
 * rules conflicts are settled on the events as the strategy gave them; vectorbt applies the direction first, and ignores
 * what then conflicts. signal-actions.ts says the same bar by bar.
 */
export function settleEvents(out: EventBitmaps, raw: EventBitmaps, direction: Direction, ruleBook: RuleBook): void {
  if (direction === 'both') settleBoth(out, raw);
  else if (direction === 'long')
    settleOneSide(out.enterLong, out.exitLong, raw.enterLong, raw.exitLong, raw.enterShort, raw.exitShort, ruleBook);
  else
    settleOneSide(out.enterShort, out.exitShort, raw.enterShort, raw.exitShort, raw.enterLong, raw.exitLong, ruleBook);
  if (direction === 'long') clear(out.enterShort, out.exitShort);
  if (direction === 'short') clear(out.enterLong, out.exitLong);
}

function settleBoth(out: EventBitmaps, raw: EventBitmaps): void {
  const { enterLong, exitLong, enterShort, exitShort } = out;
  for (let word = 0; word < enterLong.length; word++) {
    const longPair = raw.enterLong[word]! & raw.exitLong[word]!;
    const shortPair = raw.enterShort[word]! & raw.exitShort[word]!;
    const long = raw.enterLong[word]! & ~longPair;
    const short = raw.enterShort[word]! & ~shortPair;
    const entryPair = long & short;
    enterLong[word] = long & ~entryPair;
    exitLong[word] = raw.exitLong[word]! & ~longPair;
    enterShort[word] = short & ~entryPair;
    exitShort[word] = raw.exitShort[word]! & ~shortPair;
  }
}

/** In one direction only, an entry of the other side is an exit. */
function settleOneSide(
  enter: Uint32Array,
  exit: Uint32Array,
  rawEnter: Uint32Array,
  rawExit: Uint32Array,
  otherEnter: Uint32Array,
  otherExit: Uint32Array,
  ruleBook: RuleBook,
): void {
  if (ruleBook === 'vectorbt') {
    for (let word = 0; word < enter.length; word++) {
      const leave = rawExit[word]! | otherEnter[word]!;
      const pair = rawEnter[word]! & leave;
      enter[word] = rawEnter[word]! & ~pair;
      exit[word] = leave & ~pair;
    }
    return;
  }
  for (let word = 0; word < enter.length; word++) {
    const pair = rawEnter[word]! & rawExit[word]!;
    const own = rawEnter[word]! & ~pair;
    const other = otherEnter[word]! & ~otherExit[word]!;
    const entryPair = own & other;
    enter[word] = own & ~entryPair;
    exit[word] = (rawExit[word]! & ~pair) | (other & ~entryPair);
  }
}

function clear(a: Uint32Array, b: Uint32Array): void {
  a.fill(0);
  b.fill(0);
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

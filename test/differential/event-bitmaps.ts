// Event bitmaps over a whole window, from flags per bar: what recorded walks are made of.
import type { RuleBook } from '../../src/simulate/profiles.ts';
import { type Direction, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from '../../src/simulate/simulation.ts';

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

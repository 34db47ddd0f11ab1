// Events of one tile, scalar: out of targets, and settled so that conflicts cancel (fills rules 4 to 6).
import { TILE_BITMAP_BYTES } from './program-layout.ts';
import type { MemoryViews } from './scalar-conditions.ts';

const TILE_WORDS = TILE_BITMAP_BYTES / 4;

/**
 * Events of a target that is long on `up` bars, short on `down` bars, and flat where both hold: four bitmaps from word
 * `events` on. The position before the first bar is flat; `state` keeps the last bar's target between tiles.
 * Causal:   bit i reads bits 0..i.
 * Warm-up:  none.
 * Bad data: none: bits are bits.
 * Numerics: bits only.
 * Cost:     no allocation; about 0.1 ns per bar.
 * Oracle:   src/sweep/signals.ts bar by bar (test/differential), and the WebAssembly twin bit for bit.
 */
export function eventsOfTarget(
  { u32 }: MemoryViews,
  events: number,
  up: number,
  down: number,
  state: number,
  bars: number,
) {
  let upCarry = u32[state];
  let downCarry = u32[state + 1];
  for (let word = 0; word * 32 < bars; word++) {
    const both = u32[up + word] & u32[down + word];
    const isUp = u32[up + word] & ~both;
    const isDown = u32[down + word] & ~both;
    const wasUp = (isUp << 1) | upCarry;
    const wasDown = (isDown << 1) | downCarry;
    const left = bars - word * 32;
    // Shifting leaves a bit behind the last bar of the window; there is no event on it.
    const kept = left >= 32 ? 0xffffffff : 2 ** left - 1;
    const out = events + word;
    u32[out] = isUp & ~wasUp;
    u32[out + TILE_WORDS] = wasUp & ~isUp & kept;
    u32[out + 2 * TILE_WORDS] = isDown & ~wasDown;
    u32[out + 3 * TILE_WORDS] = wasDown & ~isDown & kept;
    upCarry = isUp >>> 31;
    downCarry = isDown >>> 31;
  }
  u32[state] = upCarry;
  u32[state + 1] = downCarry;
}

/** Word indices of four event bitmaps. */
export interface EventCells {
  readonly enterLong: number;
  readonly exitLong: number;
  readonly enterShort: number;
  readonly exitShort: number;
}

/** An entry and an exit of one side on one bar cancel, and so do entries of both sides. Four bitmaps from `events` on. */
export function settleBoth({ u32 }: MemoryViews, events: number, raw: EventCells, words: number): void {
  for (let word = 0; word < words; word++) {
    const rawLong = u32[raw.enterLong + word];
    const rawShort = u32[raw.enterShort + word];
    const leaveLong = u32[raw.exitLong + word];
    const leaveShort = u32[raw.exitShort + word];
    const long = rawLong & ~leaveLong;
    const short = rawShort & ~leaveShort;
    const out = events + word;
    u32[out] = long & ~short;
    u32[out + TILE_WORDS] = leaveLong & ~rawLong;
    u32[out + 2 * TILE_WORDS] = short & ~long;
    u32[out + 3 * TILE_WORDS] = leaveShort & ~rawShort;
  }
}

/** Word indices of what one direction is settled from and into. */
export interface OneSideCells {
  readonly enter: number;
  readonly exit: number;
  readonly rawEnter: number;
  readonly rawExit: number;
  readonly otherEnter: number;
  readonly otherExit: number;
}

/**
 * In one direction only, an entry of the other side is an exit. Under our own rules conflicts are settled on the events
 * as the strategy gave them; vectorbt applies the direction first, and ignores what then conflicts.
 */
export function settleOne({ u32 }: MemoryViews, cells: OneSideCells, directionFirst: boolean, words: number): void {
  const { enter, exit, rawEnter, rawExit, otherEnter, otherExit } = cells;
  for (let word = 0; word < words; word++) {
    const come = u32[rawEnter + word];
    if (directionFirst) {
      const leave = u32[rawExit + word] | u32[otherEnter + word];
      u32[enter + word] = come & ~leave;
      u32[exit + word] = leave & ~come;
    } else {
      const leave = u32[rawExit + word];
      const own = come & ~leave;
      const other = u32[otherEnter + word] & ~u32[otherExit + word];
      u32[enter + word] = own & ~other;
      u32[exit + word] = (leave & ~come) | (other & ~own);
    }
  }
}

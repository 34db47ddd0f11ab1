// Events of one tile: out of targets, and settled so that conflicts cancel (fills rules 4 to 6).
import { TILE_BITMAP_BYTES } from '../program-layout';
import { VECTORBT } from '../walk-layout';

/** Sets the first `bars` bits to `bit`, and those behind them in the last word to 0. */
export function fillBits(out: usize, bit: bool, bars: i32): void {
  const words = bars >>> 5;
  memory.fill(out, bit ? 0xff : 0, <usize>words << 2);
  const rest = bars & 31;
  if (rest !== 0) store<u32>(out + (<usize>words << 2), bit ? (<u32>1 << rest) - 1 : 0);
}

/**
 * Events of a target that is long on `up` bars, short on `down` bars, and flat where both hold: four bitmaps from
 * `events` on. The position before the first bar is flat; `state` keeps the last bar's target between tiles.
 * Causal:   bit i reads bits 0..i.
 * Warm-up:  none.
 * Bad data: none: bits are bits.
 * Numerics: integers.
 * Cost:     no allocation; about 0.03 ns per bar.
 * Oracle:   src/kernels/scalar-program.ts, bit for bit; src/sweep/signals.ts bar by bar.
 */
export function eventsOfTarget(events: usize, up: usize, down: usize, state: usize, bars: i32): void {
  let upCarry = load<u32>(state);
  let downCarry = load<u32>(state, 4);
  for (let bar = 0; bar < bars; bar += 32) {
    const both = load<u32>(up) & load<u32>(down);
    const isUp = load<u32>(up) & ~both;
    const isDown = load<u32>(down) & ~both;
    const wasUp = (isUp << 1) | upCarry;
    const wasDown = (isDown << 1) | downCarry;
    // Shifting leaves a bit behind the last bar of the window; there is no event on it.
    const kept: u32 = bars - bar >= 32 ? 0xffffffff : (<u32>1 << (bars - bar)) - 1;
    store<u32>(events, isUp & ~wasUp);
    store<u32>(events + TILE_BITMAP_BYTES, wasUp & ~isUp & kept);
    store<u32>(events + 2 * TILE_BITMAP_BYTES, isDown & ~wasDown);
    store<u32>(events + 3 * TILE_BITMAP_BYTES, wasDown & ~isDown & kept);
    upCarry = isUp >>> 31;
    downCarry = isDown >>> 31;
    events += 4;
    up += 4;
    down += 4;
  }
  store<u32>(state, upCarry);
  store<u32>(state, downCarry, 4);
}

/** An entry and an exit of one side on one bar cancel, and so do entries of both sides. */
export function settleBoth(
  events: usize,
  enterLong: usize,
  exitLong: usize,
  enterShort: usize,
  exitShort: usize,
  words: i32,
): void {
  for (let at: usize = 0; at < <usize>words << 2; at += 4) {
    const rawLong = load<u32>(enterLong + at);
    const rawShort = load<u32>(enterShort + at);
    const leaveLong = load<u32>(exitLong + at);
    const leaveShort = load<u32>(exitShort + at);
    const long = rawLong & ~leaveLong;
    const short = rawShort & ~leaveShort;
    const out = events + at;
    store<u32>(out, long & ~short);
    store<u32>(out + TILE_BITMAP_BYTES, leaveLong & ~rawLong);
    store<u32>(out + 2 * TILE_BITMAP_BYTES, short & ~long);
    store<u32>(out + 3 * TILE_BITMAP_BYTES, leaveShort & ~rawShort);
  }
}

/**
 * In one direction only, an entry of the other side is an exit. Under our own rules conflicts are settled on the events
 * as the strategy gave them; vectorbt applies the direction first.
 */
export function settleOne(
  enter: usize,
  exit: usize,
  rawEnter: usize,
  rawExit: usize,
  otherEnter: usize,
  otherExit: usize,
  ruleBook: i32,
  words: i32,
): void {
  const bytes = <usize>words << 2;
  if (ruleBook === VECTORBT) {
    for (let at: usize = 0; at < bytes; at += 4) {
      const come = load<u32>(rawEnter + at);
      const leave = load<u32>(rawExit + at) | load<u32>(otherEnter + at);
      store<u32>(enter + at, come & ~leave);
      store<u32>(exit + at, leave & ~come);
    }
    return;
  }
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const come = v128.load(rawEnter + at);
    const leave = v128.load(rawExit + at);
    const own = v128.andnot(come, leave);
    const other = v128.andnot(v128.load(otherEnter + at), v128.load(otherExit + at));
    v128.store(enter + at, v128.andnot(own, other));
    v128.store(exit + at, v128.or(v128.andnot(leave, come), v128.andnot(other, own)));
  }
  for (; at < bytes; at += 4) {
    const come = load<u32>(rawEnter + at);
    const leave = load<u32>(rawExit + at);
    const own = come & ~leave;
    const other = load<u32>(otherEnter + at) & ~load<u32>(otherExit + at);
    store<u32>(enter + at, own & ~other);
    store<u32>(exit + at, (leave & ~come) | (other & ~own));
  }
}

// Random windows, events and settings for walks: enough of every rule, and of what breaks rounding.
import type { Prng } from '../../src/core/prng.ts';
import type { Arena } from '../../src/kernels/arena.ts';
import type { WalkInput } from '../../src/kernels/kernels.ts';
import * as layout from '../../src/kernels/walk-layout.ts';
import { type Candles, createCandles } from '../../src/market/candles.ts';
import { parseTimeframe } from '../../src/market/timeframe.ts';
import { actionTable } from '../../src/simulate/signal-actions.ts';
import { ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT } from '../../src/simulate/simulation.ts';
import { wordsOf } from './twins.ts';
import { wholeMarket } from './whole-market.ts';

const MINUTE = 60_000;

/** Prices that wander, rest, gap and spike; on a coarse grid half of the time, so that levels are met exactly. */
export function randomCandles(bars: number, prng: Prng): Candles {
  const column = (): Float64Array => new Float64Array(bars);
  const columns = { time: column(), open: column(), high: column(), low: column(), close: column(), volume: column() };
  const coarse = prng.nextBelow(2) === 0;
  const wildness = [0.0005, 0.004, 0.03, 0.15][prng.nextBelow(4)]!;
  const tidy = (price: number): number => Math.max(coarse ? Math.round(price * 4) / 4 : price, 0.25);
  // Rising prices keep making peaks: what skips whole blocks of them is only then at work.
  const drift = [0, 0, 0.1, 0.4][prng.nextBelow(4)]!;
  let price = 50 + prng.next() * 100;
  for (let i = 0; i < bars; i++) {
    const rests = prng.nextBelow(6) === 0;
    const open = tidy(prng.nextBelow(15) === 0 ? price * (1 + 4 * wildness * prng.nextNormal()) : price);
    const close = rests ? open : tidy(open * (1 + wildness * (prng.nextNormal() + drift)));
    const spread = rests ? 0 : wildness * prng.next() * open;
    columns.time[i] = i * MINUTE;
    columns.open[i] = open;
    columns.close[i] = close;
    columns.high[i] = Math.max(tidy(Math.max(open, close) + spread), open, close);
    columns.low[i] = Math.min(tidy(Math.min(open, close) - spread), open, close);
    columns.volume[i] = 1;
    price = close;
  }
  return createCandles(parseTimeframe('1m'), columns);
}

/** A walk over `candles` in the arena: settled events of a random density, settings of a random kind. */
export function randomWalk(arena: Arena, candles: Candles, prng: Prng): WalkInput {
  const market = wholeMarket(arena, candles);
  const words = wordsOf(candles.barCount);
  const bitmap = (): Uint32Array => arena.uint32('events', words).fill(0);
  const events = { enterLong: bitmap(), exitLong: bitmap(), enterShort: bitmap(), exitShort: bitmap() };
  const every = [2, 8, 40, 300, 1500][prng.nextBelow(5)]!;
  const direction = (['long', 'short', 'both'] as const)[prng.nextBelow(3)]!;
  const settled = actionTable(direction);
  const flagOf = { enterLong: ENTER_LONG, exitLong: EXIT_LONG, enterShort: ENTER_SHORT, exitShort: EXIT_SHORT };
  for (let bar = 0; bar < candles.barCount; bar++) {
    let flags = 0;
    for (const flag of Object.values(flagOf)) if (prng.nextBelow(every) === 0) flags |= flag;
    for (const [name, flag] of Object.entries(flagOf)) {
      if ((settled[flags]! & flag) !== 0) events[name as keyof typeof events][bar >>> 5]! |= 1 << (bar & 31);
    }
  }
  const settings = randomSettings(arena.float64('settings', layout.WALK_SETTINGS), prng);
  settings[layout.LONG_ONLY] = direction === 'long' ? 1 : 0;
  const sums = arena.float64('sums', layout.WALK_CELLS).fill(Number.NaN);
  return { market, ...events, settings, sums };
}

function randomSettings(out: Float64Array, prng: Prng): Float64Array {
  const pick = <T>(...values: readonly T[]): T => values[prng.nextBelow(values.length)]!;
  const cash = pick(1000, 10_000, 123_456.78);
  const kind = pick(layout.SIZING_FRACTION, layout.SIZING_FRACTION, layout.SIZING_NOTIONAL, layout.SIZING_UNITS);
  out.fill(0);
  out[layout.RULE_BOOK] = pick(layout.GRIDMILL, layout.GRIDMILL, layout.VECTORBT);
  out[layout.FILL_AT] = pick(layout.AT_CLOSE, layout.AT_NEXT_OPEN);
  out[layout.INITIAL_CASH] = cash;
  out[layout.FEE_RATE] = pick(0, 0.0004, 0.001, 0.02);
  out[layout.FIXED_FEE] = pick(0, 0, 0.5);
  out[layout.SLIPPAGE] = pick(0, 0, 0.0003);
  out[layout.SIZING_KIND] = kind;
  if (kind === layout.SIZING_FRACTION) out[layout.SIZING_VALUE] = pick(1, 1, 0.5, 0.1);
  else if (kind === layout.SIZING_NOTIONAL) out[layout.SIZING_VALUE] = cash * pick(0.1, 0.9, 2);
  else out[layout.SIZING_VALUE] = pick(0.5, 3, 1000);
  out[layout.SIZE_STEP] = pick(0, 0, 0.001, 1);
  out[layout.MIN_SIZE] = pick(0, 0, 0.5);
  out[layout.MIN_NOTIONAL] = pick(0, 0, 100);
  const barrier = (...values: readonly number[]): number => pick(Number.NaN, ...values);
  out[layout.STOP_LOSS] = barrier(0.002, 0.02, 0.2);
  out[layout.TAKE_PROFIT] = barrier(0.002, 0.02, 0.2);
  out[layout.TRAILING_STOP] = barrier(Number.NaN, 0.003, 0.05);
  out[layout.TIME_LIMIT] = barrier(Number.NaN, 1, 5, 60);
  if (prng.nextBelow(3) === 0) out.fill(Number.NaN, layout.STOP_LOSS, layout.TIME_LIMIT + 1);
  out[layout.CLOSE_AT_END] = pick(0, 1);
  return out;
}

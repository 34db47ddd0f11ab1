// The walk over one variant's events, from fill to fill, scalar: what the fast engine scores by.
import type { WalkInput } from './kernels.ts';
import { findHit, findRuin, startBarriers } from './scalar-barriers.ts';
import { enter, exitAt, exitAtMarket, markOpenTrade } from './scalar-orders.ts';
import { finishStep, markTo, surface } from './scalar-spans.ts';
import { squareDeviations } from './scalar-trades.ts';
import { endVectorbt, walkVectorbtTo } from './scalar-vectorbt.ts';
import { isSet, nextEvent } from './scalar-walk-events.ts';
import {
  ACCOUNT_CASH,
  AMBIGUOUS_BARS,
  AT_CLOSE,
  BEST_RETURN,
  BY_END,
  BY_REVERSE,
  BY_RUIN,
  BY_SIGNAL,
  BY_TAKE_PROFIT,
  BY_TIME_LIMIT,
  CASH,
  CLOSE_AT_END,
  EXIT_PRICE,
  FILL_AT,
  FINAL_EQUITY,
  FREE_CASH,
  HAS_BARRIERS,
  HIT_AMBIGUOUS,
  HIT_PRICE,
  HIT_REASON,
  INITIAL_CASH,
  LOWER,
  NEXT_BAR,
  PEAK,
  PREVIOUS,
  REFERENCE,
  RUINED,
  RULE_BOOK,
  STOP_DISTANCE,
  STOP_LOSS,
  TAKE_PROFIT,
  TARGET_DISTANCE,
  TIME_LIMIT,
  TIME_LIMIT_BAR,
  TOTAL_RETURN,
  TRAILING_STOP,
  TROUGH,
  UNITS,
  UPPER,
  VECTORBT,
  WALK_CELLS,
  WORST_RETURN,
} from './walk-layout.ts';

const NONE = -1;

/**
 * Sets up the sums of a walk: the first of its three steps, `beginWalk`, `walkTo` and `endWalk`, which together walk
 * the settled events of one variant from fill to fill.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (irregularBar); a position left at the end is marked there.
 * Numerics: prices, sizes, fees, cash and profits with the operations of the normative engine in its order, so trades
 *           are equal bit for bit; returns as differences of prefix sums where equity is a multiple of the close.
 * Cost:     no allocation; about 100 ns per trade and 1/16 look-up per held bar; 4 ns per bar held short or in part.
 * Oracle:   src/simulate with src/metrics; trades equal, metrics 1e-9 (test/differential).
 */
export function beginWalk(input: WalkInput): void {
  const sums = input.sums;
  const settings = input.settings;
  const initialCash = settings[INITIAL_CASH];
  for (let i = 0; i < WALK_CELLS; i++) sums[i] = 0;
  sums[CASH] = initialCash;
  sums[PREVIOUS] = initialCash;
  sums[PEAK] = initialCash;
  sums[TROUGH] = initialCash;
  sums[BEST_RETURN] = Number.NEGATIVE_INFINITY;
  sums[WORST_RETURN] = Number.POSITIVE_INFINITY;
  sums[LOWER] = Number.NEGATIVE_INFINITY;
  sums[UPPER] = Number.POSITIVE_INFINITY;
  sums[TIME_LIMIT_BAR] = NONE;
  sums[HAS_BARRIERS] = anyBarrier(settings) ? 1 : 0;
  sums[ACCOUNT_CASH] = initialCash;
  sums[FREE_CASH] = initialCash;
  sums[STOP_DISTANCE] = Number.NaN;
  sums[TARGET_DISTANCE] = Number.NaN;
}

/** Acts on the events of bars before `to`, and on what barriers do until then. */
export function walkTo(input: WalkInput, to: number): void {
  if (input.settings[RULE_BOOK] === VECTORBT) walkVectorbtTo(input, to);
  else walkGridmillTo(input, to);
  finishStep(input, to);
}

/** Closes or marks what is left, and finishes the sums. */
export function endWalk(input: WalkInput): void {
  if (input.settings[RULE_BOOK] === VECTORBT) endVectorbt(input);
  else endGridmill(input);
  surface(input.sums);
  squareDeviations(input.sums);
}

function walkGridmillTo(input: WalkInput, to: number): void {
  const sums = input.sums;
  const atClose = input.settings[FILL_AT] === AT_CLOSE;
  let bar = sums[NEXT_BAR] | 0;
  let goesOn = sums[RUINED] === 0;
  while (goesOn) {
    const next = sums[UNITS] === 0 ? enterNext(input, bar, to, atClose) : leaveNext(input, bar, to, atClose);
    goesOn = next >= 0 && sums[RUINED] === 0;
    bar = next >= 0 ? next : to;
  }
  sums[NEXT_BAR] = bar;
}

function endGridmill(input: WalkInput): void {
  const sums = input.sums;
  const barCount = input.market.barCount;
  const lastBar = barCount - 1;
  if (input.settings[CLOSE_AT_END] !== 0 && sums[UNITS] !== 0) {
    sums[REFERENCE] = input.market.close[lastBar - input.market.firstBar];
    exitAtMarket(input, lastBar, BY_END);
  }
  markTo(input, barCount);
  if (sums[UNITS] !== 0) markOpenTrade(input);
  const units = sums[UNITS];
  const finalEquity =
    units === 0 ? sums[CASH] : sums[CASH] + units * input.market.close[lastBar - input.market.firstBar];
  const initialCash = input.settings[INITIAL_CASH];
  sums[FINAL_EQUITY] = finalEquity;
  sums[TOTAL_RETURN] = (finalEquity - initialCash) / initialCash;
}

function anyBarrier(settings: Float64Array): boolean {
  return !(
    Number.isNaN(settings[STOP_LOSS]) &&
    Number.isNaN(settings[TAKE_PROFIT]) &&
    Number.isNaN(settings[TRAILING_STOP]) &&
    Number.isNaN(settings[TIME_LIMIT])
  );
}

/** Acts on the next entry signal in [from, to); answers the first bar whose signal counts after it, or -1 for none. */
function enterNext(input: WalkInput, from: number, to: number, atClose: boolean): number {
  const market = input.market;
  const eventsFrom = input.eventsFrom ?? 0;
  const event = nextEvent(input.enterLong, input.enterShort, from, to, eventsFrom);
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= market.barCount) return NONE;
  const at = fillBar - market.firstBar;
  input.sums[REFERENCE] = atClose ? market.close[at] : market.open[at];
  openPosition(input, isSet(input.enterLong, event - eventsFrom) ? 1 : -1, fillBar);
  return event + 1;
}

function openPosition(input: WalkInput, side: number, bar: number): void {
  if (enter(input, side, bar) && input.sums[HAS_BARRIERS] !== 0) startBarriers(input, side, bar);
}

/**
 * Ends the open position: at a barrier, by ruin, or at the next signal against it in [from, to), whichever comes
 * first. Answers the first bar whose signal counts after it, or -1 when the position stays.
 */
function leaveNext(input: WalkInput, from: number, to: number, atClose: boolean): number {
  const sums = input.sums;
  const isLong = sums[UNITS] > 0;
  const exits = isLong ? input.exitLong : input.exitShort;
  const entries = isLong ? input.enterShort : input.enterLong;
  const market = input.market;
  const eventsFrom = input.eventsFrom ?? 0;
  const event = nextEvent(exits, entries, from, to, eventsFrom);
  if (sums[HAS_BARRIERS] !== 0 || !isLong) {
    const watched = watch(input, from, event, to, atClose, isLong);
    if (watched >= 0) return watched;
  }
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= market.barCount) return NONE;
  const at = fillBar - market.firstBar;
  sums[REFERENCE] = atClose ? market.close[at] : market.open[at];
  if (isSet(entries, event - eventsFrom)) {
    exitAtMarket(input, fillBar, BY_REVERSE);
    if (sums[RUINED] === 0) openPosition(input, isLong ? -1 : 1, fillBar);
  } else exitAtMarket(input, fillBar, BY_SIGNAL);
  return event + 1;
}

/**
 * Looks at the bars a position is held before `to` or until the signal of bar `event` (-1: none) ends it, and leaves it where a
 * barrier, the time limit or ruin comes first. `from` is the bar after the entry signal: under `close` the first bar
 * whose barriers count, under `next-open` the entry bar, which is the first too. Answers the first bar whose signal
 * counts afterwards (rule 14), or -1 when nothing ended the position.
 */
export function watch(
  input: WalkInput,
  from: number,
  event: number,
  to: number,
  atClose: boolean,
  isLong: boolean,
): number {
  const sums = input.sums;
  const lastBar = event < 0 ? to - 1 : event;
  const timeLimit = sums[TIME_LIMIT_BAR] | 0;
  const isTimed = timeLimit >= 0 && timeLimit <= lastBar;
  const hit = sums[HAS_BARRIERS] === 0 ? NONE : findHit(input, from, isTimed ? timeLimit : lastBar);
  if (!isLong) {
    // A bar's barriers come before its close, and under `close` its signal too; ruin is what the close shows then.
    const beforeExit = hit >= 0 ? hit - 1 : isTimed ? timeLimit - 1 : atClose && event >= 0 ? event - 1 : lastBar;
    const ruin = findRuin(input, atClose ? from - 1 : from, beforeExit);
    if (ruin >= 0) {
      sums[REFERENCE] = input.market.close[ruin - input.market.firstBar];
      exitAtMarket(input, ruin, BY_RUIN);
      return ruin;
    }
  }
  if (hit >= 0) {
    sums[AMBIGUOUS_BARS] += sums[HIT_AMBIGUOUS];
    sums[REFERENCE] = sums[HIT_PRICE];
    sums[EXIT_PRICE] = sums[HIT_PRICE];
    if (sums[HIT_REASON] === BY_TAKE_PROFIT) exitAt(input, hit, BY_TAKE_PROFIT);
    else exitAtMarket(input, hit, sums[HIT_REASON] | 0);
    return atClose ? hit + 1 : hit;
  }
  if (isTimed) {
    sums[REFERENCE] = input.market.close[timeLimit - input.market.firstBar];
    exitAtMarket(input, timeLimit, BY_TIME_LIMIT);
    return atClose ? timeLimit + 1 : timeLimit;
  }
  return NONE;
}

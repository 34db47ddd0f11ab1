// The walk over one variant's events, from fill to fill.
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
  FILL_AT,
  FINAL_EQUITY,
  FREE_CASH,
  HAS_BARRIERS,
  HIT_AMBIGUOUS,
  HIT_PRICE,
  HIT_REASON,
  INITIAL_CASH,
  IS_PLAIN,
  LOWER,
  NEXT_BAR,
  PEAK,
  PREVIOUS,
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
} from '../walk-layout';
import { findHit, findRuin, startBarriers } from './barriers';
import { surface } from './drawdown';
import { enter, exitAt, exitAtMarket, markOpenTrade } from './orders';
import { finishStep, markTo } from './spans';
import { squareDeviations } from './trades';
import { endVectorbt, walkVectorbtTo } from './vectorbt';
import { isSet, nextEvent } from './walk-events';
import {
  add,
  at,
  barCount,
  close,
  enterLong,
  enterShort,
  exitLong,
  exitShort,
  open,
  put,
  settings,
  sums,
} from './walk-input';
import { isPlain, walkPlainTo } from './walk-plain';

const NONE: i32 = -1;

/**
 * Sets up the sums of a walk: the first of its three steps, `beginWalk`, `walkTo` and `endWalk`, which together walk
 * the settled events of one variant from fill to fill. `setMarket` and `setVariant` say what they work on.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (irregularBar); a position left at the end is marked there.
 * Numerics: the operations of the scalar twin in its order, every one of them.
 * Cost:     no allocation; measured in docs/adr/0005-kernels.md.
 * Oracle:   src/kernels/scalar-walk.ts, bit for bit (test/twins).
 */
export function beginWalk(): void {
  const initialCash = at(settings, INITIAL_CASH);
  memory.fill(sums, 0, WALK_CELLS * 8);
  put(sums, CASH, initialCash);
  put(sums, PREVIOUS, initialCash);
  put(sums, PEAK, initialCash);
  put(sums, TROUGH, initialCash);
  put(sums, BEST_RETURN, -Infinity);
  put(sums, WORST_RETURN, Infinity);
  put(sums, LOWER, -Infinity);
  put(sums, UPPER, Infinity);
  put(sums, TIME_LIMIT_BAR, NONE);
  put(sums, HAS_BARRIERS, <f64>anyBarrier());
  put(sums, ACCOUNT_CASH, initialCash);
  put(sums, FREE_CASH, initialCash);
  put(sums, STOP_DISTANCE, NaN);
  put(sums, TARGET_DISTANCE, NaN);
  put(sums, IS_PLAIN, <f64>isPlain());
}

/** Acts on the events of bars before `to`, and on what barriers do until then. */
export function walkTo(to: i32): void {
  if (at(sums, IS_PLAIN) === 0 || !walkPlainTo(to)) {
    if (at(settings, RULE_BOOK) === <f64>VECTORBT) walkVectorbtTo(to);
    else walkGridmillTo(to);
  }
  finishStep(to);
}

/** Closes or marks what is left, and finishes the sums. */
export function endWalk(): void {
  if (at(settings, RULE_BOOK) === <f64>VECTORBT) endVectorbt();
  else endGridmill();
  surface();
  squareDeviations();
}

function walkGridmillTo(to: i32): void {
  const atClose = at(settings, FILL_AT) === <f64>AT_CLOSE;
  let bar = <i32>at(sums, NEXT_BAR);
  let goesOn = at(sums, RUINED) === 0;
  while (goesOn) {
    const next = at(sums, UNITS) === 0 ? enterNext(bar, to, atClose) : leaveNext(bar, to, atClose);
    goesOn = next >= 0 && at(sums, RUINED) === 0;
    bar = next >= 0 ? next : to;
  }
  put(sums, NEXT_BAR, <f64>bar);
}

function endGridmill(): void {
  const lastBar = barCount - 1;
  if (at(settings, CLOSE_AT_END) !== 0 && at(sums, UNITS) !== 0) exitAtMarket(lastBar, at(close, lastBar), BY_END);
  markTo(barCount);
  if (at(sums, UNITS) !== 0) markOpenTrade();
  const units = at(sums, UNITS);
  const finalEquity = units === 0 ? at(sums, CASH) : at(sums, CASH) + units * at(close, lastBar);
  const initialCash = at(settings, INITIAL_CASH);
  put(sums, FINAL_EQUITY, finalEquity);
  put(sums, TOTAL_RETURN, (finalEquity - initialCash) / initialCash);
}

function anyBarrier(): bool {
  return !(
    isNaN(at(settings, STOP_LOSS)) &&
    isNaN(at(settings, TAKE_PROFIT)) &&
    isNaN(at(settings, TRAILING_STOP)) &&
    isNaN(at(settings, TIME_LIMIT))
  );
}

/** Acts on the next entry signal in [from, to); answers the first bar whose signal counts after it, or -1 for none. */
function enterNext(from: i32, to: i32, atClose: bool): i32 {
  const event = nextEvent(enterLong, enterShort, from, to);
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= barCount) return NONE;
  const reference = atClose ? at(close, fillBar) : at(open, fillBar);
  openPosition(isSet(enterLong, event) ? 1 : -1, fillBar, reference);
  return event + 1;
}

function openPosition(side: f64, bar: i32, reference: f64): void {
  if (enter(side, bar, reference) && at(sums, HAS_BARRIERS) !== 0) startBarriers(side, reference, bar);
}

/**
 * Ends the open position: at a barrier, by ruin, or at the next signal against it in [from, to), whichever comes
 * first. Answers the first bar whose signal counts after it, or -1 when the position stays.
 */
function leaveNext(from: i32, to: i32, atClose: bool): i32 {
  const isLong = at(sums, UNITS) > 0;
  const entries = isLong ? enterShort : enterLong;
  const event = nextEvent(isLong ? exitLong : exitShort, entries, from, to);
  if (at(sums, HAS_BARRIERS) !== 0 || !isLong) {
    const watched = watch(from, event, to, atClose, isLong);
    if (watched >= 0) return watched;
  }
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= barCount) return NONE;
  const reference = atClose ? at(close, fillBar) : at(open, fillBar);
  if (isSet(entries, event)) {
    exitAtMarket(fillBar, reference, BY_REVERSE);
    if (at(sums, RUINED) === 0) openPosition(isLong ? -1 : 1, fillBar, reference);
  } else exitAtMarket(fillBar, reference, BY_SIGNAL);
  return event + 1;
}

/**
 * Looks at the bars a position is held before `to` or until the signal of bar `event` (-1: none) ends it, and leaves it
 * where a barrier, the time limit or ruin comes first. `from` is the bar after the entry signal: under `close` the first
 * bar whose barriers count, under `next-open` the entry bar, which is the first too. Answers the first bar whose signal
 * counts afterwards (rule 14), or -1 when nothing ended the position.
 */
export function watch(from: i32, event: i32, to: i32, atClose: bool, isLong: bool): i32 {
  const lastBar = event < 0 ? to - 1 : event;
  const limit = at(sums, TIME_LIMIT_BAR);
  const isTimed = limit >= 0 && limit <= <f64>lastBar;
  const timeLimit = isTimed ? <i32>limit : -1;
  const hit = at(sums, HAS_BARRIERS) === 0 ? NONE : findHit(from, isTimed ? timeLimit : lastBar);
  if (!isLong) {
    // A bar's barriers come before its close, and under `close` its signal too; ruin is what the close shows then.
    const beforeExit = hit >= 0 ? hit - 1 : isTimed ? timeLimit - 1 : atClose && event >= 0 ? event - 1 : lastBar;
    const ruin = findRuin(atClose ? from - 1 : from, beforeExit);
    if (ruin >= 0) {
      exitAtMarket(ruin, at(close, ruin), BY_RUIN);
      return ruin;
    }
  }
  if (hit >= 0) {
    add(sums, AMBIGUOUS_BARS, at(sums, HIT_AMBIGUOUS));
    const reason = <i32>at(sums, HIT_REASON);
    if (reason === BY_TAKE_PROFIT) exitAt(hit, at(sums, HIT_PRICE), BY_TAKE_PROFIT);
    else exitAtMarket(hit, at(sums, HIT_PRICE), reason);
    return atClose ? hit + 1 : hit;
  }
  if (isTimed) {
    exitAtMarket(timeLimit, at(close, timeLimit), BY_TIME_LIMIT);
    return atClose ? timeLimit + 1 : timeLimit;
  }
  return NONE;
}

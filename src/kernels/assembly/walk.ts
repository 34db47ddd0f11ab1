// The walk over one variant's events, from fill to fill.
import {
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
  HIT_AMBIGUOUS,
  HIT_PRICE,
  HIT_REASON,
  INITIAL_CASH,
  PEAK,
  PREVIOUS,
  RUINED,
  RULE_BOOK,
  STOP_LOSS,
  TAKE_PROFIT,
  TIME_LIMIT,
  TIME_LIMIT_BAR,
  TOTAL_RETURN,
  TRAILING_STOP,
  TROUGH,
  UNITS,
  VECTORBT,
  WALK_CELLS,
  WORST_RETURN,
} from '../walk-layout';
import { findHit, findRuin, startBarriers } from './barriers';
import { enter, exitAt, exitAtMarket, markOpenTrade } from './orders';
import { markTo, surface } from './spans';
import { squareDeviations } from './trades';
import { walkVectorbt } from './vectorbt';
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
  setEvents,
  settings,
  sums,
} from './walk-input';

const NONE: i32 = -1;

/**
 * Walks the settled events of one variant from fill to fill and writes its sums. `setMarket` was called before.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (prepareMarket); a position left at the end is marked there.
 * Numerics: the operations of the scalar twin in its order, every one of them.
 * Cost:     no allocation; measured in docs/adr/0005-kernels.md.
 * Oracle:   src/kernels/scalar-walk.ts, bit for bit (test/twins).
 */
export function walk(
  enterLongAt: usize,
  exitLongAt: usize,
  enterShortAt: usize,
  exitShortAt: usize,
  settingsAt: usize,
  sumsAt: usize,
  profitsAt: usize,
): void {
  setEvents(enterLongAt, exitLongAt, enterShortAt, exitShortAt, settingsAt, sumsAt, profitsAt);
  const initialCash = at(settings, INITIAL_CASH);
  memory.fill(sums, 0, WALK_CELLS * 8);
  put(sums, CASH, initialCash);
  put(sums, PREVIOUS, initialCash);
  put(sums, PEAK, initialCash);
  put(sums, TROUGH, initialCash);
  put(sums, BEST_RETURN, -Infinity);
  put(sums, WORST_RETURN, Infinity);
  if (at(settings, RULE_BOOK) === <f64>VECTORBT) walkVectorbt();
  else walkGridmill();
  surface();
  squareDeviations();
}

function walkGridmill(): void {
  const atClose = at(settings, FILL_AT) === <f64>AT_CLOSE;
  const hasBarriers = anyBarrier();
  let bar = 0;
  while (bar >= 0 && at(sums, RUINED) === 0) {
    if (at(sums, UNITS) === 0) bar = enterNext(bar, atClose);
    else bar = leaveNext(bar, atClose, hasBarriers);
  }
  const lastBar = barCount - 1;
  if (at(settings, CLOSE_AT_END) !== 0 && at(sums, UNITS) !== 0) exitAtMarket(lastBar, at(close, lastBar), BY_END);
  markTo(barCount);
  if (at(sums, UNITS) !== 0) markOpenTrade();
  const finalEquity = at(sums, PREVIOUS);
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

/** Acts on the next entry signal from bar `from` on; answers the first bar whose signal counts after it, or -1. */
function enterNext(from: i32, atClose: bool): i32 {
  const event = nextEvent(enterLong, enterShort, from);
  if (event < 0) return NONE;
  const fillBar = atClose ? event : event + 1;
  if (fillBar >= barCount) return NONE;
  const reference = atClose ? at(close, fillBar) : at(open, fillBar);
  openPosition(isSet(enterLong, event) ? 1 : -1, fillBar, reference);
  return event + 1;
}

function openPosition(side: f64, bar: i32, reference: f64): void {
  if (enter(side, bar, reference)) startBarriers(side, reference, bar);
}

/**
 * Ends the open position: at a barrier, by ruin, or at the next signal against it from bar `from` on, whichever comes
 * first. Answers the first bar whose signal counts after it, or -1 when the position stays to the end.
 */
function leaveNext(from: i32, atClose: bool, hasBarriers: bool): i32 {
  const isLong = at(sums, UNITS) > 0;
  const entries = isLong ? enterShort : enterLong;
  const event = nextEvent(isLong ? exitLong : exitShort, entries, from);
  if (hasBarriers || !isLong) {
    const watched = watch(from, event, atClose, isLong);
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
 * Looks at the bars a position is held before the signal of bar `event` (-1: none) ends it, and leaves it where a
 * barrier, the time limit or ruin comes first. `from` is the bar after the entry signal: under `close` the first bar
 * whose barriers count, under `next-open` the entry bar, which is the first too. Answers the first bar whose signal
 * counts afterwards (rule 14), or -1 when nothing ended the position.
 */
function watch(from: i32, event: i32, atClose: bool, isLong: bool): i32 {
  const lastBar = event < 0 ? barCount - 1 : event;
  const limit = at(sums, TIME_LIMIT_BAR);
  const isTimed = limit >= 0 && limit <= <f64>lastBar;
  const timeLimit = isTimed ? <i32>limit : -1;
  const hit = findHit(from, isTimed ? timeLimit : lastBar);
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

// One base variant under a grid of barriers: points in the same position look for their ways out together.
import {
  ALL_LAST_STOP,
  COHORT_DRAWN,
  COHORT_ENTRY_BAR,
  COHORT_EVENT,
  COHORT_FIRST,
  COHORT_FIRST_CLOSE,
  COHORT_HIGHEST,
  COHORT_LAST_STOP,
  COHORT_LOWEST,
  COHORT_NEXT,
  COHORT_REFERENCE,
  COHORT_SIZE,
  EVERYBODY,
  HOLDING,
  NOBODY,
  NO_BAR,
  PENDING,
  POINT_SLOTS,
  QUEUED_FROM,
  SHARED_TRADES,
  SINGLE,
  SINGLE_TRADES,
  UNUSED,
  WAITING,
  WALKED_TO,
} from '../risk-layout';
import {
  AMBIGUOUS_BARS,
  CASH,
  CLOSED_TRADES,
  CLOSE_AT_END,
  ENTRY_SIDE,
  ENTRY_SIZE,
  EXPOSED_BARS,
  FULL,
  MARKED,
  OPEN_TRADES,
  RUINED,
  SLIPPAGE,
  UNITS,
} from '../walk-layout';
import {
  allOut,
  firstReached,
  followExcursion,
  forgetRecords,
  isAmbiguous,
  keepEntry,
  lastReached,
  startExcursion,
  wayOut,
  writeFinal,
} from './excursion';
import { drawOne, enterPair, exitPair, markHeld } from './risk-account';
import {
  accountOf,
  atClose,
  barOf,
  detail,
  gridSettings,
  header,
  levelCount,
  linkOf,
  points,
  putBar,
  putWhole,
  recordOf,
  rowOf,
  setPoint,
  sharesExcursions,
  slots,
  whole,
} from './risk-input';
import {
  behind,
  cohortAt,
  entryFrom,
  firstOf,
  popCohort,
  pushCohort,
  pushPoint,
  queueEverybody,
  queuePoint,
  resetLists,
  takeList,
} from './risk-lists';
import { getCell, putCell, readRow, writeRow } from './risk-rows';
import { enterAlone, leaveAlone } from './risk-single';
import { RUINS, TRADED, tradePair } from './risk-trade';
import { finishStep } from './spans';
import { beginWalk, endWalk, walkTo } from './walk';
import { isSet, nextEvent } from './walk-events';
import { add, at, barCount, close, enterLong, enterShort, exitLong, open, put } from './walk-input';

/** Bar at which whoever of the cohort at hand reached nothing leaves: by a signal or at the end; NO_BAR when they stay. */
let finalBar: i32 = 0;
/** First bar whose signal counts for them, or NO_BAR: there is nothing after the end. */
let finalNext: i32 = 0;
/** Whether an account was ruined since the cohort at hand began to leave. */
let someRuined: bool = false;

/**
 * Sets up a risk walk: the first of its three steps. `setMarket`, `setVariant` and `setRiskWalk` say what they work on.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (prepareMarket); a position left at the end is marked there.
 * Numerics: every point has the operations of its own walk in their order; two points to a register.
 * Cost:     no allocation; about 15 ns per trade where points leave together (docs/adr/0005-kernels.md).
 * Oracle:   src/kernels/scalar-risk-walk.ts and one walk per point, bit for bit (test/twins).
 */
export function beginRiskWalk(): void {
  for (let slot = 0; slot < POINT_SLOTS; slot++) putWhole(header, ALL_LAST_STOP + slot, NOBODY);
  for (let point = 0; point < points; point++) {
    setPoint(point);
    beginWalk();
    readRow(point);
    widen(header, ALL_LAST_STOP, point);
  }
  resetLists();
}

/** Acts on the events of bars before `to`, and on what barriers do until then. */
export function riskWalkTo(to: i32): void {
  if (!sharesExcursions) {
    for (let point = 0; point < points; point++) {
      setPoint(point);
      walkTo(to);
    }
    return;
  }
  putWhole(header, QUEUED_FROM, NOBODY);
  const from = whole(header, WALKED_TO);
  // First of all: whoever waits after this waits for the next stretch.
  wakeWaiting(from, to);
  for (let cohort = takeList(header, HOLDING); cohort !== NOBODY; ) {
    const next = whole(cohortAt(cohort), COHORT_NEXT);
    leaveTogether(cohort, from, to);
    cohort = next;
  }
  for (let point = takeList(header, SINGLE); point !== NOBODY; ) {
    const next = linkOf(point);
    continueAlone(point, from, to);
    point = next;
  }
  for (let cohort = popCohort(PENDING); cohort !== NOBODY; cohort = popCohort(PENDING)) enterTogether(cohort, to);
  for (let point = whole(header, SINGLE); point !== NOBODY; point = linkOf(point)) {
    setPoint(point);
    finishStep(to);
  }
  putWhole(header, WALKED_TO, to);
}

/** Closes or marks what is left, and finishes the sums. */
export function endRiskWalk(): void {
  if (sharesExcursions) writeRows();
  let trades: f64 = 0;
  for (let point = 0; point < points; point++) {
    setPoint(point);
    endWalk();
    trades += at(rowOf(point), CLOSED_TRADES) + at(rowOf(point), OPEN_TRADES);
  }
  put(header, SINGLE_TRADES, trades - at(header, SHARED_TRADES));
}

/** Makes the row of every point what its own walk would have left there. */
function writeRows(): void {
  for (let point = whole(header, SINGLE); point !== NOBODY; point = linkOf(point)) readRow(point);
  for (let point = 0; point < points; point++) writeRow(point);
  for (let cohort = whole(header, HOLDING); cohort !== NOBODY; cohort = whole(cohortAt(cohort), COHORT_NEXT)) {
    const cells = cohortAt(cohort);
    const list = whole(cells, COHORT_FIRST);
    writeFinal(cells, barCount, 0);
    for (let point = firstOf(list); point !== NOBODY; point = behind(list, point)) writeHeldRow(cells, point);
  }
}

/** The row of a point that still holds its position after the last bar. */
function writeHeldRow(cells: usize, point: i32): void {
  const account = accountOf(point);
  const record = recordOf(levelCount);
  if (detail === FULL) markHeld(false, account, account, record, record, f64x2.splat(at(cells, COHORT_FIRST_CLOSE)));
  writeRow(point);
  const row = rowOf(point);
  add(row, EXPOSED_BARS, <f64>(barCount - whole(cells, COHORT_ENTRY_BAR)));
  put(row, CASH, 0);
  put(row, MARKED, <f64>barCount);
  put(row, ENTRY_SIDE, 1);
  put(row, ENTRY_SIZE, at(row, UNITS));
}

function wakeWaiting(from: i32, to: i32): void {
  const list = takeList(header, WAITING);
  if (list === EVERYBODY) {
    queueEverybody(from, to);
    return;
  }
  for (let point = list; point !== NOBODY; ) {
    const next = linkOf(point);
    queuePoint(point, from, to);
    point = next;
  }
}

/** All points of a cohort act on its entry signal, and on what ends the position before `to`. */
function enterTogether(cohort: i32, to: i32): void {
  const cells = cohortAt(cohort);
  const event = whole(cells, COHORT_EVENT);
  const bar = atClose ? event : event + 1;
  const reference = atClose ? at(close, bar) : at(open, bar);
  putWhole(cells, COHORT_ENTRY_BAR, bar);
  put(cells, COHORT_REFERENCE, reference);
  const list = whole(cells, COHORT_SIZE) === points ? EVERYBODY : whole(cells, COHORT_FIRST);
  putWhole(cells, COHORT_FIRST, NOBODY);
  putWhole(cells, COHORT_SIZE, 0);
  for (let slot = 0; slot < POINT_SLOTS; slot++) putWhole(cells, COHORT_LAST_STOP + slot, NOBODY);
  startExcursion(cells, event + 1);
  if (!isSet(enterLong, event)) {
    enterShorts(list, bar, reference, event, to);
    pushCohort(UNUSED, cohort);
    return;
  }
  if (list === EVERYBODY) {
    for (let slot = 0; slot < POINT_SLOTS; slot++) {
      putWhole(cells, COHORT_LAST_STOP + slot, whole(header, ALL_LAST_STOP + slot));
    }
    search(cells, event + 1, to);
    const next = commonNext(cells, to);
    if (next !== NOBODY) tradeEverybody(cells, next, to);
    else if (!enterEverybody(cells, bar, reference)) enterSome(cells, list, bar, reference, to);
  } else {
    enterSome(cells, list, bar, reference, to);
    search(cells, event + 1, to);
  }
  add(header, SHARED_TRADES, <f64>whole(cells, COHORT_SIZE));
  leave(cohort, to);
}

/** Every point trades from flat to flat and meets the entry signal after bar `next` again, NO_BAR for none. */
function tradeEverybody(cells: usize, next: i32, to: i32): void {
  const event = whole(cells, COHORT_EVENT);
  const bar = whole(cells, COHORT_ENTRY_BAR);
  const reference = at(cells, COHORT_REFERENCE);
  const when = f64x2.splat(<f64>bar);
  const price = f64x2.splat(reference * (1 + at(gridSettings, SLIPPAGE)));
  const first = f64x2.splat(at(cells, COHORT_FIRST_CLOSE));
  let isCommon = true;
  let point = 0;
  someRuined = false;
  for (; point + 1 < points; point += 2) {
    const account = accountOf(point);
    const x = wayOut(point);
    const y = wayOut(point + 1);
    const outcome = tradePair(account, recordOf(x), recordOf(y), when, price, first);
    if (outcome === TRADED) {
      countAmbiguous(account, point, x);
      countAmbiguous(account + 8, point + 1, y);
    } else {
      isCommon = false;
      if (outcome === RUINS) {
        countAmbiguous(account, point, x);
        countAmbiguous(account + 8, point + 1, y);
      } else {
        tradeLane(point, when, price, first);
        tradeLane(point + 1, when, price, first);
      }
    }
  }
  if (point < points && !tradeLane(point, when, price, first)) isCommon = false;
  let traded = points;
  if (isCommon && !someRuined) {
    if (next !== NO_BAR) queueEverybody(next, to);
  } else {
    for (point = 0; point < points; point++) {
      const account = accountOf(point);
      if (isNaN(getCell(account, UNITS))) {
        putCell(account, UNITS, 0);
        enterOne(point, 1, bar, reference, event, to);
        traded -= 1;
      } else queueAlive(point, next, to);
    }
  }
  putWhole(cells, COHORT_SIZE, traded);
}

/** One point trades; where it cannot enter with all it holds, its units are NaN for a while. */
function tradeLane(point: i32, when: v128, price: v128, first: v128): bool {
  const account = accountOf(point);
  if (!enterLane(account, when, price)) {
    putCell(account, UNITS, NaN);
    return false;
  }
  const record = wayOut(point);
  exitTwo(point, point, record, record, first);
  return true;
}

function enterShorts(list: i32, bar: i32, reference: f64, event: i32, to: i32): void {
  for (let point = firstOf(list); point !== NOBODY; ) {
    const next = behind(list, point);
    enterOne(point, -1, bar, reference, event, to);
    point = next;
  }
}

/** A point enters by itself: a short position, or one that leaves cash; or it cannot, and looks for its next signal. */
function enterOne(point: i32, side: f64, bar: i32, reference: f64, event: i32, to: i32): void {
  if (enterAlone(point, side, bar, reference)) continueAlone(point, event + 1, to);
  else queuePoint(point, event + 1, to);
}

/** Every point goes long; false where some could not, which are flat then. */
function enterEverybody(cells: usize, bar: i32, reference: f64): bool {
  const when = f64x2.splat(<f64>bar);
  const price = f64x2.splat(reference * (1 + at(gridSettings, SLIPPAGE)));
  let entered = true;
  let point = 0;
  for (; point + 1 < points; point += 2) {
    const account = accountOf(point);
    if (!enterPair(true, account, account, when, price)) {
      enterLane(account, when, price);
      enterLane(account + 8, when, price);
      entered = false;
    }
  }
  if (point < points && !enterLane(accountOf(point), when, price)) entered = false;
  if (!entered) return false;
  putWhole(cells, COHORT_FIRST, EVERYBODY);
  putWhole(cells, COHORT_SIZE, points);
  return true;
}

function enterLane(account: usize, bar: v128, price: v128): bool {
  return enterPair(false, account, account, bar, price);
}

/** The points of a list go long, those that have not yet; whoever cannot enters alone. */
function enterSome(cells: usize, list: i32, bar: i32, reference: f64, to: i32): void {
  const when = f64x2.splat(<f64>bar);
  const price = f64x2.splat(reference * (1 + at(gridSettings, SLIPPAGE)));
  const event = whole(cells, COHORT_EVENT);
  for (let point = firstOf(list); point !== NOBODY; ) {
    const next = behind(list, point);
    const account = accountOf(point);
    if (getCell(account, UNITS) !== 0 || enterLane(account, when, price)) join(cells, point);
    else enterOne(point, 1, bar, reference, event, to);
    point = next;
  }
}

function join(cells: usize, point: i32): void {
  pushPoint(cells, COHORT_FIRST, point);
  putWhole(cells, COHORT_SIZE, whole(cells, COHORT_SIZE) + 1);
  widen(cells, COHORT_LAST_STOP, point);
}

/** Moves four cells that hold the farthest records of some points to those of one more. */
function widen(cells: usize, index: i32, point: i32): void {
  for (let slot = 0; slot < POINT_SLOTS; slot++) {
    const record = load<i32>(slots + (<usize>point << 4) + (<usize>slot << 2));
    if (record > whole(cells, index + slot)) putWhole(cells, index + slot, record);
  }
}

/** Goes on with a cohort in a position; signals count from bar `from` on. */
function leaveTogether(cohort: i32, from: i32, to: i32): void {
  search(cohortAt(cohort), from, to);
  leave(cohort, to);
}

/** Finds what the bars before `to` do to the position of a cohort. */
function search(cells: usize, from: i32, to: i32): void {
  keepEntry(cells, to);
  const event = nextEvent(exitLong, enterShort, from, to);
  findFinal(event, to);
  followExcursion(cells, event < 0 ? to - 1 : event, finalBar);
  if (finalBar === NO_BAR) return;
  const prices = atClose || finalNext === NO_BAR ? close : open;
  writeFinal(cells, finalBar, at(prices, finalBar));
}

/** Ends the position of every point of a cohort that something ends before `to`. */
function leave(cohort: i32, to: i32): void {
  const cells = cohortAt(cohort);
  const list = takeList(cells, COHORT_FIRST);
  if (list !== NOBODY) {
    someRuined = false;
    const next = list === EVERYBODY ? commonNext(cells, to) : NOBODY;
    if (next !== NOBODY) exitEverybody(cells, next, to);
    else if (finalBar === NO_BAR && firstReached === NO_BAR) putWhole(cells, COHORT_FIRST, list);
    else leaveSome(cells, list, to);
  }
  forgetRecords(cells);
  if (whole(cells, COHORT_FIRST) === NOBODY) pushCohort(UNUSED, cohort);
  else {
    if (detail === FULL) drawTogether(cells, to);
    pushCohort(HOLDING, cohort);
  }
}

/** How whoever reaches nothing leaves, given the bar of the next signal against the position or -1. */
function findFinal(event: i32, to: i32): void {
  const fillBar = atClose ? event : event + 1;
  finalBar = NO_BAR;
  finalNext = NO_BAR;
  if (event >= 0 && fillBar < barCount) {
    finalBar = fillBar;
    finalNext = isSet(enterShort, event) ? event : event + 1;
  } else if (to === barCount && at(gridSettings, CLOSE_AT_END) !== 0) finalBar = barCount - 1;
}

/** The first bar whose signal counts after an exit by a barrier at bar `bar` (rule 14). */
@inline
function nextAfter(bar: i32): i32 {
  return atClose ? bar + 1 : bar;
}

/**
 * Where all points leave and then meet the same next entry signal: the bar to look for it from, or NO_BAR when nobody
 * comes back. NOBODY where they part.
 */
function commonNext(cells: usize, to: i32): i32 {
  const someLeaveAtFinal = !allOut(cells);
  if (someLeaveAtFinal && finalBar === NO_BAR) return NOBODY;
  let earliest = firstReached === NO_BAR ? NO_BAR : nextAfter(firstReached);
  let latest = firstReached === NO_BAR ? NOBODY : nextAfter(lastReached);
  if (someLeaveAtFinal) {
    if (finalNext === NO_BAR) return firstReached === NO_BAR ? NO_BAR : NOBODY;
    earliest = min(earliest, finalNext);
    latest = max(latest, finalNext);
  }
  const entry = entryFrom(earliest, to);
  return entry >= 0 && entry < latest ? NOBODY : earliest;
}

/** Every point leaves, and meets the entry signal after bar `next` again, NO_BAR for none. */
function exitEverybody(cells: usize, next: i32, to: i32): void {
  const first = f64x2.splat(at(cells, COHORT_FIRST_CLOSE));
  let point = 0;
  for (; point + 1 < points; point += 2) exitTwo(point, point + 1, wayOut(point), wayOut(point + 1), first);
  if (point < points) exitTwo(point, point, wayOut(point), wayOut(point), first);
  if (next === NO_BAR) return;
  if (!someRuined) queueEverybody(next, to);
  else for (point = 0; point < points; point++) queueAlive(point, next, to);
}

/** Two points of any place, or one and the same. */
function exitTwo(p: i32, q: i32, x: i32, y: i32, first: v128): void {
  countAmbiguous(accountOf(p), p, x);
  if (p !== q) countAmbiguous(accountOf(q), q, y);
  if (exitPair(false, accountOf(p), accountOf(q), recordOf(x), recordOf(y), first)) someRuined = true;
}

@inline
function countAmbiguous(account: usize, point: i32, record: i32): void {
  if (isAmbiguous(point, record)) putCell(account, AMBIGUOUS_BARS, getCell(account, AMBIGUOUS_BARS) + 1);
}

/** The points of a list leave, those that something takes out; the others stay in the cohort. */
function leaveSome(cells: usize, list: i32, to: i32): void {
  const first = f64x2.splat(at(cells, COHORT_FIRST_CLOSE));
  let other = NOBODY;
  for (let point = firstOf(list); point !== NOBODY; ) {
    const next = behind(list, point);
    if (barOf(wayOut(point)) === NO_BAR) pushPoint(cells, COHORT_FIRST, point);
    else if (other === NOBODY) other = point;
    else {
      const x = wayOut(other);
      const y = wayOut(point);
      exitTwo(other, point, x, y, first);
      queueAlive(other, nextOf(x), to);
      queueAlive(point, nextOf(y), to);
      other = NOBODY;
    }
    point = next;
  }
  if (other === NOBODY) return;
  const record = wayOut(other);
  exitTwo(other, other, record, record, first);
  queueAlive(other, nextOf(record), to);
}

/** The first bar whose signal counts after an exit by a record, or NO_BAR for none. */
function nextOf(record: i32): i32 {
  return record === levelCount ? finalNext : nextAfter(barOf(record));
}

/** A point that is flat looks for its next entry signal from bar `from` on; a ruined one is done. */
function queueAlive(point: i32, from: i32, to: i32): void {
  if (from !== NO_BAR && getCell(accountOf(point), RUINED) === 0) queuePoint(point, from, to);
}

function continueAlone(point: i32, from: i32, to: i32): void {
  const next = leaveAlone(point, from, to);
  if (next < 0) pushPoint(header, SINGLE, point);
  else queueAlive(point, next, to);
}

/** Adds the drawdown of the bars before `to` to the points that hold on, so that later bars need not look at them. */
function drawTogether(cells: usize, to: i32): void {
  if (to <= whole(cells, COHORT_DRAWN)) return;
  writeFinal(cells, to, 0);
  putBar(levelCount, NO_BAR);
  const list = whole(cells, COHORT_FIRST);
  for (let point = firstOf(list); point !== NOBODY; point = behind(list, point)) {
    drawOne(accountOf(point), recordOf(levelCount));
  }
  putWhole(cells, COHORT_DRAWN, to);
  put(cells, COHORT_HIGHEST, -Infinity);
  put(cells, COHORT_LOWEST, Infinity);
}

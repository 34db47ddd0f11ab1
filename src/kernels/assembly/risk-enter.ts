// How the points of a cohort enter: together, or one by one where they cannot.
import {
  ALL_LAST_STOP,
  COHORT_ENTRY_BAR,
  COHORT_EVENT,
  COHORT_FIRST,
  COHORT_FIRST_CLOSE,
  COHORT_LAST_STOP,
  COHORT_REFERENCE,
  COHORT_SIZE,
  EVERYBODY,
  NOBODY,
  NO_BAR,
  POINT_SLOTS,
  SHARED_TRADES,
  SINGLE,
  UNUSED,
} from '../risk-layout';
import { SLIPPAGE, UNITS } from '../walk-layout';
import { startExcursion, wayOut } from './excursion';
import { enterPair } from './risk-account';
import { accountOf, atClose, gridSettings, header, points, putWhole, recordOf, slots, whole } from './risk-input';
import { commonNext, countAmbiguous, exitTwo, leave, queueAlive, search, someRuined, startLeaving } from './risk-leave';
import { behind, cohortAt, firstOf, pushCohort, pushPoint, queueEverybody, queuePoint } from './risk-lists';
import { getCell, putCell } from './risk-rows';
import { enterAlone, leaveAlone } from './risk-single';
import { NOT_PLACED, TRADED, tradePair } from './risk-trade';
import { isSet } from './walk-events';
import { add, at, close, enterLong, open, put } from './walk-input';

/** All points of a cohort act on its entry signal, and on what ends the position before `to`. */
export function enterTogether(cohort: i32, to: i32): void {
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
  const price = reference * (1 + at(gridSettings, SLIPPAGE));
  const first = at(cells, COHORT_FIRST_CLOSE);
  const bars = f64x2.splat(<f64>bar);
  const prices = f64x2.splat(price);
  const closes = f64x2.splat(first);
  let isCommon = true;
  let point = 0;
  startLeaving();
  for (; point + 1 < points; point += 2) {
    const account = accountOf(point);
    const x = wayOut(point);
    const y = wayOut(point + 1);
    const outcome = tradePair(account, recordOf(x), recordOf(y), bars, prices, closes);
    if (outcome !== TRADED) isCommon = false;
    if (outcome === NOT_PLACED) {
      tradeLane(point, bar, price, first);
      tradeLane(point + 1, bar, price, first);
    } else {
      countAmbiguous(account, point, x);
      countAmbiguous(account + 8, point + 1, y);
    }
  }
  if (point < points && !tradeLane(point, bar, price, first)) isCommon = false;
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
function tradeLane(point: i32, bar: i32, price: f64, first: f64): bool {
  const account = accountOf(point);
  if (!enterLane(account, bar, price)) {
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
  const price = reference * (1 + at(gridSettings, SLIPPAGE));
  let entered = true;
  let point = 0;
  for (; point + 1 < points; point += 2) {
    const account = accountOf(point);
    if (!enterPair(account, account + 8, bar, price)) {
      enterLane(account, bar, price);
      enterLane(account + 8, bar, price);
      entered = false;
    }
  }
  if (point < points && !enterLane(accountOf(point), bar, price)) entered = false;
  if (!entered) return false;
  putWhole(cells, COHORT_FIRST, EVERYBODY);
  putWhole(cells, COHORT_SIZE, points);
  return true;
}

function enterLane(account: usize, bar: i32, price: f64): bool {
  return enterPair(account, account, bar, price);
}

/** The points of a list go long, those that have not yet; whoever cannot enters alone. */
function enterSome(cells: usize, list: i32, bar: i32, reference: f64, to: i32): void {
  const price = reference * (1 + at(gridSettings, SLIPPAGE));
  const event = whole(cells, COHORT_EVENT);
  for (let point = firstOf(list); point !== NOBODY; ) {
    const next = behind(list, point);
    const account = accountOf(point);
    if (getCell(account, UNITS) !== 0 || enterLane(account, bar, price)) join(cells, point);
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
export function widen(cells: usize, index: i32, point: i32): void {
  for (let slot = 0; slot < POINT_SLOTS; slot++) {
    const record = load<i32>(slots + (<usize>point << 4) + (<usize>slot << 2));
    if (record > whole(cells, index + slot)) putWhole(cells, index + slot, record);
  }
}

export function continueAlone(point: i32, from: i32, to: i32): void {
  const next = leaveAlone(point, from, to);
  if (next < 0) pushPoint(header, SINGLE, point);
  else queueAlive(point, next, to);
}

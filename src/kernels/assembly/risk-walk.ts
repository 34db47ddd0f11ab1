// One base variant under a grid of barriers: points in the same position look for their ways out together.
import {
  ALL_LAST_STOP,
  COHORT_ENTRY_BAR,
  COHORT_FIRST,
  COHORT_FIRST_CLOSE,
  COHORT_NEXT,
  EVERYBODY,
  HOLDING,
  NOBODY,
  PENDING,
  POINT_SLOTS,
  QUEUED_FROM,
  SHARED_TRADES,
  SINGLE,
  SINGLE_TRADES,
  WAITING,
  WALKED_TO,
} from '../risk-layout';
import {
  CASH,
  CLOSED_TRADES,
  ENTRY_SIDE,
  ENTRY_SIZE,
  EXPOSED_BARS,
  FULL,
  MARKED,
  OPEN_TRADES,
  UNITS,
} from '../walk-layout';
import { writeFinal } from './excursion';
import { markHeld } from './risk-account';
import { continueAlone, enterTogether, widen } from './risk-enter';
import {
  accountOf,
  detail,
  header,
  levelCount,
  linkOf,
  points,
  putWhole,
  recordOf,
  rowOf,
  setPoint,
  sharesExcursions,
  whole,
} from './risk-input';
import { leave, search } from './risk-leave';
import { behind, cohortAt, firstOf, popCohort, queueEverybody, queuePoint, resetLists, takeList } from './risk-lists';
import { readRow, writeRow } from './risk-rows';
import { finishStep } from './spans';
import { beginWalk, endWalk, walkTo } from './walk';
import { add, at, barCount, put } from './walk-input';

/**
 * Sets up a risk walk: the first of its three steps. `setMarket`, `setVariant` and `setRiskWalk` say what they work on.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (irregularBar); a position left at the end is marked there.
 * Numerics: every point has the operations of its own walk in their order; two points to a register.
 * Cost:     no allocation; about 15 ns per trade where points leave together (docs/adr/0008-risk-walks.md).
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
  if (detail === FULL) markHeld(account, account, record, record, at(cells, COHORT_FIRST_CLOSE));
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

/** Goes on with a cohort in a position; signals count from bar `from` on. */
function leaveTogether(cohort: i32, from: i32, to: i32): void {
  search(cohortAt(cohort), from, to);
  leave(cohort, to);
}

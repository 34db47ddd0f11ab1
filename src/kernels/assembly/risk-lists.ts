// The lists of a risk walk: which points are flat, wait for which event, or hold which position together.
import {
  COHORT_CELLS,
  COHORT_EVENT,
  COHORT_FIRST,
  COHORT_NEXT,
  COHORT_SIZE,
  EVERYBODY,
  HOLDING,
  MORE_RECORDS,
  NOBODY,
  NO_BAR,
  PENDING,
  QUEUED_COHORT,
  QUEUED_FROM,
  SHARED_TRADES,
  SINGLE,
  SINGLE_TRADES,
  UNUSED,
  WAITING,
  WALKED_TO,
} from '../risk-layout';
import {
  atClose,
  cohorts,
  header,
  levelCount,
  linkOf,
  points,
  putBar,
  putLink,
  putWhole,
  whole,
} from './risk-input';
import { nextEvent } from './walk-events';
import { barCount, enterLong, enterShort, put } from './walk-input';

/** Every point waits; no cohort is in use. */
export function resetLists(): void {
  put(header, SHARED_TRADES, 0);
  put(header, SINGLE_TRADES, 0);
  putWhole(header, WALKED_TO, 0);
  putWhole(header, WAITING, EVERYBODY);
  putWhole(header, SINGLE, NOBODY);
  putWhole(header, PENDING, NOBODY);
  putWhole(header, HOLDING, NOBODY);
  putWhole(header, UNUSED, 0);
  for (let n = 0; n <= points; n++) putWhole(cohortAt(n), COHORT_NEXT, n < points ? n + 1 : NOBODY);
  for (let record = 0; record < levelCount + MORE_RECORDS; record++) putBar(record, NO_BAR);
}

/** Cells of a cohort. */
@inline
export function cohortAt(cohort: i32): usize {
  return cohorts + <usize>cohort * (COHORT_CELLS * 8);
}

/** Takes the whole list at a cell. */
export function takeList(cells: usize, list: i32): i32 {
  const first = whole(cells, list);
  putWhole(cells, list, NOBODY);
  return first;
}

/** The first point of a list. */
@inline
export function firstOf(list: i32): i32 {
  return list === EVERYBODY ? 0 : list;
}

/** The point behind `point` in a list, or NOBODY. Read before the point is put into another list. */
@inline
export function behind(list: i32, point: i32): i32 {
  if (list === EVERYBODY) return point + 1 < points ? point + 1 : NOBODY;
  return linkOf(point);
}

/** Puts a point in front of the list at a cell of the header or of a cohort. */
@inline
export function pushPoint(cells: usize, list: i32, point: i32): void {
  putLink(point, whole(cells, list));
  putWhole(cells, list, point);
}

export function pushCohort(list: i32, cohort: i32): void {
  putWhole(cohortAt(cohort), COHORT_NEXT, whole(header, list));
  putWhole(header, list, cohort);
}

/** Takes the first cohort of a list, or NOBODY. */
export function popCohort(list: i32): i32 {
  const cohort = whole(header, list);
  if (cohort !== NOBODY) putWhole(header, list, whole(cohortAt(cohort), COHORT_NEXT));
  return cohort;
}

/** Lets a flat point enter with the next entry signal in [from, to), or wait for the next stretch of bars. */
export function queuePoint(point: i32, from: i32, to: i32): void {
  if (whole(header, QUEUED_FROM) !== from) {
    putWhole(header, QUEUED_FROM, from);
    putWhole(header, QUEUED_COHORT, cohortFrom(from, to));
  }
  const cohort = whole(header, QUEUED_COHORT);
  if (cohort === NOBODY) pushPoint(header, WAITING, point);
  else {
    const cells = cohortAt(cohort);
    pushPoint(cells, COHORT_FIRST, point);
    putWhole(cells, COHORT_SIZE, whole(cells, COHORT_SIZE) + 1);
  }
}

/** The same for all points of the walk at once. */
export function queueEverybody(from: i32, to: i32): void {
  const cohort = cohortFrom(from, to);
  if (cohort === NOBODY) putWhole(header, WAITING, EVERYBODY);
  else {
    putWhole(cohortAt(cohort), COHORT_FIRST, EVERYBODY);
    putWhole(cohortAt(cohort), COHORT_SIZE, points);
  }
}

/** The next entry signal in [from, to) that can be filled, or -1. */
export function entryFrom(from: i32, to: i32): i32 {
  const event = nextEvent(enterLong, enterShort, from, to);
  return event >= 0 && (atClose || event + 1 < barCount) ? event : -1;
}

/** The cohort that enters with the next entry signal in [from, to), or NOBODY when nothing enters before `to`. */
function cohortFrom(from: i32, to: i32): i32 {
  const event = entryFrom(from, to);
  if (event < 0) return NOBODY;
  let before: usize = 0;
  let cohort = whole(header, PENDING);
  while (cohort !== NOBODY && whole(cohortAt(cohort), COHORT_EVENT) < event) {
    before = cohortAt(cohort);
    cohort = whole(before, COHORT_NEXT);
  }
  if (cohort !== NOBODY && whole(cohortAt(cohort), COHORT_EVENT) === event) return cohort;
  const made = popCohort(UNUSED);
  const cells = cohortAt(made);
  if (before === 0) putWhole(header, PENDING, made);
  else putWhole(before, COHORT_NEXT, made);
  putWhole(cells, COHORT_NEXT, cohort);
  putWhole(cells, COHORT_EVENT, event);
  putWhole(cells, COHORT_FIRST, NOBODY);
  putWhole(cells, COHORT_SIZE, 0);
  return made;
}

// How the points of a cohort leave their position: where each goes, and whether they stay together.
import {
  COHORT_DRAWN,
  COHORT_FIRST,
  COHORT_FIRST_CLOSE,
  EVERYBODY,
  HOLDING,
  NOBODY,
  NO_BAR,
  UNUSED,
} from '../risk-layout';
import { AMBIGUOUS_BARS, CLOSE_AT_END, FULL, RUINED } from '../walk-layout';
import {
  allOut,
  firstReached,
  followExcursion,
  forgetRecords,
  isAmbiguous,
  keepEntry,
  lastReached,
  passBars,
  wayOut,
  writeFinal,
} from './excursion';
import { drawOne, exitPair } from './risk-account';
import {
  accountOf,
  atClose,
  barOf,
  detail,
  gridSettings,
  levelCount,
  points,
  putBar,
  putWhole,
  recordOf,
  whole,
} from './risk-input';
import {
  behind,
  cohortAt,
  entryFrom,
  firstOf,
  pushCohort,
  pushPoint,
  queueEverybody,
  queuePoint,
  takeList,
} from './risk-lists';
import { getCell, putCell } from './risk-rows';
import { isSet, nextEvent } from './walk-events';
import { at, barCount, close, enterShort, exitLong, open } from './walk-input';

/** Bar at which whoever of the cohort at hand reached nothing leaves: by a signal or at the end; NO_BAR when they stay. */
let finalBar: i32 = 0;
/** First bar whose signal counts for them, or NO_BAR: there is nothing after the end. */
let finalNext: i32 = 0;
/** Whether an account was ruined since the cohort at hand began to leave. */
export let someRuined: bool = false;

/** Forgets who was ruined before. */
export function startLeaving(): void {
  someRuined = false;
}

/** Finds what the bars before `to` do to the position of a cohort. */
export function search(cells: usize, from: i32, to: i32): void {
  keepEntry(cells, to);
  const event = nextEvent(exitLong, enterShort, from, to);
  findFinal(event, to);
  followExcursion(cells, event < 0 ? to - 1 : event, finalBar);
  if (finalBar === NO_BAR) return;
  const prices = atClose || finalNext === NO_BAR ? close : open;
  writeFinal(cells, finalBar, at(prices, finalBar));
}

/** Ends the position of every point of a cohort that something ends before `to`. */
export function leave(cohort: i32, to: i32): void {
  const cells = cohortAt(cohort);
  const list = takeList(cells, COHORT_FIRST);
  if (list !== NOBODY) {
    startLeaving();
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
export function commonNext(cells: usize, to: i32): i32 {
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
  const first = at(cells, COHORT_FIRST_CLOSE);
  let point = 0;
  for (; point + 1 < points; point += 2) exitTwo(point, point + 1, wayOut(point), wayOut(point + 1), first);
  if (point < points) exitTwo(point, point, wayOut(point), wayOut(point), first);
  if (next === NO_BAR) return;
  if (!someRuined) queueEverybody(next, to);
  else for (point = 0; point < points; point++) queueAlive(point, next, to);
}

/** Two points of any place, or one and the same. */
export function exitTwo(p: i32, q: i32, x: i32, y: i32, first: f64): void {
  countAmbiguous(accountOf(p), p, x);
  if (p !== q) countAmbiguous(accountOf(q), q, y);
  if (exitPair(accountOf(p), accountOf(q), recordOf(x), recordOf(y), first)) someRuined = true;
}

@inline
export function countAmbiguous(account: usize, point: i32, record: i32): void {
  if (isAmbiguous(point, record)) putCell(account, AMBIGUOUS_BARS, getCell(account, AMBIGUOUS_BARS) + 1);
}

/** The points of a list leave, those that something takes out; the others stay in the cohort. */
function leaveSome(cells: usize, list: i32, to: i32): void {
  const first = at(cells, COHORT_FIRST_CLOSE);
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
export function queueAlive(point: i32, from: i32, to: i32): void {
  if (from !== NO_BAR && getCell(accountOf(point), RUINED) === 0) queuePoint(point, from, to);
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
  passBars(cells, to);
}

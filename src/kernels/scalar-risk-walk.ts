// One base variant under a grid of barriers, scalar: points in the same position look for their ways out together.
import type { RiskWalkInput } from './kernels.ts';
import {
  COHORT_ENTRY_BAR,
  COHORT_EVENT,
  COHORT_FIRST,
  COHORT_LAST_STOP,
  COHORT_NEXT,
  COHORT_REFERENCE,
  COHORT_SIZE,
  HOLDING,
  LIMIT_SLOT,
  NO_BAR,
  NOBODY,
  PENDING,
  POINT_SLOTS,
  QUEUED_FROM,
  RECORD_CELLS,
  RECORD_REFERENCE,
  SHARED_TRADES,
  SINGLE,
  SINGLE_TRADES,
  TARGET_SLOT,
  TRAIL_SLOT,
  UNUSED,
  WAITING,
  WALKED_TO,
} from './risk-layout.ts';
import { followExcursion, forgetRecords, isAmbiguous, startExcursion, wayOut } from './scalar-excursion.ts';
import { enter, exitAt, exitAtMarket } from './scalar-orders.ts';
import {
  popCohort,
  pushCohort,
  pushPoint,
  queuePoint,
  type RiskWalk,
  resetLists,
  riskWalkOf,
  takeList,
} from './scalar-risk-lists.ts';
import { leaveAlone, startAlone } from './scalar-risk-single.ts';
import { finishStep } from './scalar-spans.ts';
import { beginWalk, endWalk, walkTo } from './scalar-walk.ts';
import { isSet, nextEvent } from './scalar-walk-events.ts';
import {
  AMBIGUOUS_BARS,
  BY_REVERSE,
  BY_SIGNAL,
  BY_STOP_LOSS,
  BY_TAKE_PROFIT,
  BY_TIME_LIMIT,
  BY_TRAILING_STOP,
  CASH,
  CLOSED_TRADES,
  EXIT_PRICE,
  OPEN_TRADES,
  REFERENCE,
  RUINED,
} from './walk-layout.ts';

/**
 * Sets up a risk walk: the first of its three steps, like those of a walk. Flat points that meet an entry signal enter
 * together, as a cohort, at one bar and price; one pass over the bars finds what each level of the grid does to it; and
 * each point leaves by the first of its own levels. Which points are together changes, results do not.
 * Causal:   a fill at bar i reads bars 0..i and events up to i.
 * Warm-up:  none: events begin where their conditions have values.
 * Bad data: prices are regular (irregularBar); a position left at the end is marked there.
 * Numerics: the account of every point by the functions of its own walk, so every result is equal to that bit for bit.
 * Cost:     views once per walk, no allocation per trade; a search per cohort instead of one per trade.
 * Oracle:   one walk per point (test/twins/risk-walk.test.ts).
 */
export function beginRiskWalk(input: RiskWalkInput): void {
  const walk = riskWalkOf(input);
  for (const single of walk.singles) beginWalk(single);
  resetLists(walk);
}

/** Acts on the events of bars before `to`, and on what barriers do until then. */
export function riskWalkTo(input: RiskWalkInput, to: number): void {
  const walk = riskWalkOf(input);
  if (!walk.grid.sharesExcursions) {
    for (const single of walk.singles) walkTo(single, to);
    return;
  }
  const { cells, links } = walk;
  cells[QUEUED_FROM] = NOBODY;
  const from = cells[WALKED_TO];
  // First of all: whoever waits after this waits for the next stretch.
  for (let point = takeList(walk, WAITING); point !== NOBODY; ) {
    const next = links[point];
    queuePoint(walk, point, from, to);
    point = next;
  }
  for (let cohort = takeList(walk, HOLDING); cohort !== NOBODY; ) {
    const next = cells[cohort + COHORT_NEXT];
    leaveTogether(walk, cohort, from, to);
    cohort = next;
  }
  for (let point = takeList(walk, SINGLE); point !== NOBODY; ) {
    const next = links[point];
    continueAlone(walk, point, from, to);
    point = next;
  }
  for (let cohort = popCohort(walk, PENDING); cohort !== NOBODY; cohort = popCohort(walk, PENDING)) {
    enterTogether(walk, cohort, to);
  }
  for (const single of walk.singles) finishStep(single, to);
  cells[WALKED_TO] = to;
}

/** Closes or marks what is left, and finishes the sums. */
export function endRiskWalk(input: RiskWalkInput): void {
  const { singles, cells } = riskWalkOf(input);
  let trades = 0;
  for (const single of singles) {
    endWalk(single);
    trades += single.sums[CLOSED_TRADES] + single.sums[OPEN_TRADES];
  }
  cells[SINGLE_TRADES] = trades - cells[SHARED_TRADES];
}

/** All points of a cohort act on its entry signal, and on what ends the position before `to`. */
function enterTogether(walk: RiskWalk, cohort: number, to: number): void {
  const { cells, links, market, singles, atClose } = walk;
  const event = cells[cohort + COHORT_EVENT];
  const bar = atClose ? event : event + 1;
  const side = isSet(walk.enterLong, event - walk.eventsFrom) ? 1 : -1;
  const reference = (atClose ? market.close : market.open)[bar - market.firstBar];
  cells[cohort + COHORT_ENTRY_BAR] = bar;
  cells[cohort + COHORT_REFERENCE] = reference;
  for (let slot = 0; slot < POINT_SLOTS; slot++) cells[cohort + COHORT_LAST_STOP + slot] = NOBODY;
  cells[cohort + COHORT_SIZE] = 0;
  for (let point = takeList(walk, cohort + COHORT_FIRST); point !== NOBODY; ) {
    const next = links[point];
    const single = singles[point];
    single.sums[REFERENCE] = reference;
    if (!enter(single, side, bar)) queuePoint(walk, point, event + 1, to);
    else if (side === 1 && single.sums[CASH] === 0) joinCohort(walk, cohort, point);
    else {
      startAlone(single, side, bar);
      continueAlone(walk, point, event + 1, to);
    }
    point = next;
  }
  cells[SHARED_TRADES] += cells[cohort + COHORT_SIZE];
  startExcursion(walk, cohort, event + 1);
  leaveTogether(walk, cohort, event + 1, to);
}

function joinCohort(walk: RiskWalk, cohort: number, point: number): void {
  const { cells, grid } = walk;
  pushPoint(walk, cohort + COHORT_FIRST, point);
  cells[cohort + COHORT_SIZE] += 1;
  for (let slot = 0; slot < POINT_SLOTS; slot++) {
    const record = grid.slots[point * POINT_SLOTS + slot];
    const last = cohort + COHORT_LAST_STOP + slot;
    if (record > cells[last]) cells[last] = record;
  }
}

/** Ends the position of every point of a cohort that something ends before `to`; signals count from bar `from` on. */
function leaveTogether(walk: RiskWalk, cohort: number, from: number, to: number): void {
  const { cells, links, reachedAt, atClose } = walk;
  const event = nextEvent(walk.exitLong, walk.enterShort, from, to, walk.eventsFrom);
  followExcursion(walk, cohort, event < 0 ? to - 1 : event);
  const canFill = event >= 0 && (atClose || event + 1 < walk.market.barCount);
  for (let point = takeList(walk, cohort + COHORT_FIRST); point !== NOBODY; ) {
    const next = links[point];
    const record = wayOut(walk, point);
    if (reachedAt[record] !== NO_BAR) leaveAtRecord(walk, point, record, to);
    else if (canFill) leaveAtSignal(walk, point, event, to);
    else pushPoint(walk, cohort + COHORT_FIRST, point);
    point = next;
  }
  forgetRecords(walk, cohort);
  pushCohort(walk, cells[cohort + COHORT_FIRST] === NOBODY ? UNUSED : HOLDING, cohort);
}

/** Leaves at a barrier or the time limit (rules 13 to 16). */
function leaveAtRecord(walk: RiskWalk, point: number, record: number, to: number): void {
  const { cells, records, reachedAt, singles, grid, atClose } = walk;
  const single = singles[point];
  const { sums } = single;
  const bar = reachedAt[record];
  const reference = cells[records + record * RECORD_CELLS + RECORD_REFERENCE];
  if (isAmbiguous(walk, point, record)) sums[AMBIGUOUS_BARS] += 1;
  sums[REFERENCE] = reference;
  sums[EXIT_PRICE] = reference;
  if (record >= grid.starts[LIMIT_SLOT]) exitAtMarket(single, bar, BY_TIME_LIMIT);
  else if (record >= grid.starts[TRAIL_SLOT]) exitAtMarket(single, bar, BY_TRAILING_STOP);
  else if (record >= grid.starts[TARGET_SLOT]) exitAt(single, bar, BY_TAKE_PROFIT);
  else exitAtMarket(single, bar, BY_STOP_LOSS);
  goOn(walk, point, atClose ? bar + 1 : bar, to);
}

/** Leaves at the signal of bar `event`. What reverses is the next entry signal of the flat account. */
function leaveAtSignal(walk: RiskWalk, point: number, event: number, to: number): void {
  const { market, singles, atClose } = walk;
  const bar = atClose ? event : event + 1;
  const reverses = isSet(walk.enterShort, event - walk.eventsFrom);
  singles[point].sums[REFERENCE] = (atClose ? market.close : market.open)[bar - market.firstBar];
  exitAtMarket(singles[point], bar, reverses ? BY_REVERSE : BY_SIGNAL);
  goOn(walk, point, reverses ? event : event + 1, to);
}

function continueAlone(walk: RiskWalk, point: number, from: number, to: number): void {
  const next = leaveAlone(walk.singles[point], from, to, walk.atClose);
  if (next < 0) pushPoint(walk, SINGLE, point);
  else goOn(walk, point, next, to);
}

/** A point that is flat looks for its next entry signal from bar `from` on; a ruined one is done. */
function goOn(walk: RiskWalk, point: number, from: number, to: number): void {
  if (walk.singles[point].sums[RUINED] === 0) queuePoint(walk, point, from, to);
}
